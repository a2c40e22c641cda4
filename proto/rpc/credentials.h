// What protects a connection. Every gRPC server and channel of every program
// is made with what this file gives.
#ifndef FLEET_PROTO_RPC_CREDENTIALS_H_
#define FLEET_PROTO_RPC_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/rpc/address.h"
#include "proto/rpc/tls_files.h"

namespace fleet {

struct CredentialOptions {
  // Plaintext TCP, which is given on loopback only.
  bool insecure = false;
  // TLS 1.3 on TCP, unless `insecure`. A server asks for a client certificate
  // and refuses one that its authority has not signed; a client without one
  // comes in and has to bring a token.
  std::optional<TlsFiles> tls = std::nullopt;
  // For a client, in place of `tls`: the authority it trusts, in PEM, and the
  // bearer token that goes with each call (over TLS only); empty: none.
  std::string authority = {};
  std::string token = {};
  // Beside `authority`: the client's own certificate and key, in PEM; empty:
  // it has none.
  std::string certificate = {};
  std::string key = {};
};

// FAILED_PRECONDITION for TCP without `insecure` or `tls`, and for plaintext
// TCP that other machines could reach.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(
    const Address& address, const CredentialOptions& options);

// Likewise. PERMISSION_DENIED for a Unix socket that belongs to another user
// than this one or root.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsFor(
    const Address& address, const CredentialOptions& options);

// Keepalive and message size (4 MiB); of a server also what a client may cost:
// 20 s for the handshake, 2 min without a call, 256 calls at once, and 2 GiB
// for all of them together.
void ApplyServerOptions(grpc::ServerBuilder& builder);
grpc::ChannelArguments ClientChannelArguments();

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_CREDENTIALS_H_
