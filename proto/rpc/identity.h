// Who calls.
#ifndef FLEET_PROTO_RPC_IDENTITY_H_
#define FLEET_PROTO_RPC_IDENTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "proto/rpc/role.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace fleet {

// A plain value. What the connection alone tells; `role`, `scope` and
// `token_id` are filled in by who knows them (the controller).
struct Identity {
  enum class Kind {
    // A user of this machine, by the credentials of its Unix socket.
    kLocalUser,
    // Anybody on this machine: plaintext TCP on loopback.
    kAnonymous,
    // TLS, without a certificate of its own.
    kUnidentified,
    // TLS with a host's certificate of the fleet's authority.
    kHost,
    // TLS with a user's certificate of the fleet's authority.
    kUser,
    // By a bearer token of the controller's, over whatever connection.
    kToken,
    // By a bearer token of an issuer that the controller trusts.
    kIssued,
  };
  Kind kind = Kind::kAnonymous;
  // "root", "uid 1000", "host host-1", "user anna", "ci-web",
  // "github:repo:acme/web", "anonymous@127.0.0.1:40112": what an audit records.
  // Of tokens' names only those of issuers have a colon or a blank.
  std::string name;
  // Where the call comes from, as gRPC writes it.
  std::string peer;
  // kHost: whose certificate it is.
  std::string host;
  // kUser: likewise.
  std::string user;
  Role role = Role::kNone;
  AccessScope scope;
  // kToken, kUser: of the record at the controller. kIssued: the token's own
  // (jti), if it has one.
  std::string token_id;
  // When what was shown ends, by the calendar.
  absl::Time expire_time = absl::InfiniteFuture();
  // kIssued: by which version of the issuers' rules it was let in, and when the
  // token was issued.
  int64_t rules_version = 0;
  absl::Time issue_time = absl::InfinitePast();
};

// All that a call brings to prove who makes it.
struct CallCredentials {
  Identity connection;
  // Of "authorization: Bearer …"; empty: none.
  std::string bearer;
  // SHA-256 of the client's certificate in hex; empty: none.
  std::string fingerprint;
};

// The URI in a host's certificate, after SPIFFE (https://spiffe.io): it names
// the host, whatever the subject says.
std::string HostUri(std::string_view host);
// Empty: it is no host's.
std::string HostOfUri(std::string_view uri);
// Likewise of a user.
std::string UserUri(std::string_view user);
std::string UserOfUri(std::string_view uri);

// Of the call that `context` belongs to. Any thread, within the call: it asks
// the kernel about the connection, which is open as long.
CallCredentials CredentialsOf(const grpc::ServerContextBase& context);
Identity IdentityOf(const grpc::ServerContextBase& context);

// Of gRPC's name of a peer: "fd:N" is a Unix socket that RpcServer accepted.
Identity IdentityOfPeer(std::string_view peer);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_IDENTITY_H_
