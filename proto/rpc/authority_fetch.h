// How a program comes to trust a controller it has never seen.
#ifndef FLEET_PROTO_RPC_AUTHORITY_FETCH_H_
#define FLEET_PROTO_RPC_AUTHORITY_FETCH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/address.h"

namespace fleet {

// The pin (64 hex digits: SHA-256 of the authority's certificate) that a token
// carries as its last part; "" when it has none.
std::string PinOfToken(std::string_view token);

// The certificate of the authority with this pin, in PEM, from the chain that
// the controller at `address` presents. Nothing is sent, and nothing of what
// the peer says is believed but what has the pin. Blocks for `limit` at most;
// thread-safe. UNAVAILABLE: cannot connect. PERMISSION_DENIED: the peer has
// another authority: it is not the controller that the token is for.
absl::StatusOr<std::string> FetchAuthority(const Address& address,
                                           std::string_view pin,
                                           absl::Duration limit);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_AUTHORITY_FETCH_H_
