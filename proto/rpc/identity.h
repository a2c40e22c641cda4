// Who calls, and whether they may.
#ifndef FLEET_PROTO_RPC_IDENTITY_H_
#define FLEET_PROTO_RPC_IDENTITY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace fleet {

// A plain value.
struct Identity {
  enum class Kind {
    // A user of this machine, by the credentials of its Unix socket.
    kLocalUser,
    // Anybody on this machine: plaintext TCP on loopback.
    kAnonymous,
  };
  Kind kind = Kind::kAnonymous;
  // "root", "uid 1000", "anonymous@127.0.0.1:40112": what an audit records.
  std::string name;
  // Where the call comes from, as gRPC writes it.
  std::string peer;
};

// Of the call that `context` belongs to. Any thread, within the call: it asks
// the kernel about the connection, which is open as long.
Identity IdentityOf(const grpc::ServerContextBase& context);

// Of gRPC's name of a peer: "fd:N" is a Unix socket that RpcServer accepted.
Identity IdentityOfPeer(std::string_view peer);

// Every method of every service asks this first and ends with what it returns
// unless that is OK. `method` is "/fleet.v1.AppService/StopApp".
absl::Status Authorize(const Identity& identity, std::string_view method);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_IDENTITY_H_
