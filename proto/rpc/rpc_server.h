// A gRPC server at one address.
#ifndef FLEET_PROTO_RPC_RPC_SERVER_H_
#define FLEET_PROTO_RPC_RPC_SERVER_H_

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/address.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/tcp_listener.h"
#include "proto/rpc/unix_listener.h"

namespace grpc {
class Server;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}  // namespace experimental
}  // namespace grpc

namespace fleet {

// Serves the callback services it is given. At a Unix socket every peer's
// user is checked, and IdentityOf knows it. At a TCP address, as many clients
// are served as TcpListener lets in; what one of them may cost is bounded by
// ApplyServerOptions. Loop thread only.
class RpcServer {
 public:
  // `services` and `loop` outlive it. FAILED_PRECONDITION as
  // ServerCredentialsFor; ALREADY_EXISTS or UNAVAILABLE when the address is
  // taken.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      EventLoop& loop, const Address& address, const CredentialOptions& options,
      const std::vector<grpc::Service*>& services);

  // Ends what is still open.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // With the port that the kernel chose, where port 0 was asked for.
  const Address& address() const { return address_; }

  // Accepts no more, gives open calls `grace`, then cancels them. Returns at
  // once; `done` runs on the loop when no call is left. The loop must go on
  // meanwhile, since reactors end on it. Once.
  void Shutdown(absl::Duration grace, std::function<void()> done);

 private:
  RpcServer(EventLoop& loop, Address address);

  absl::Status Build(const CredentialOptions& options,
                     const std::vector<grpc::Service*>& services);

  EventLoop& loop_;
  Address address_;
  std::unique_ptr<grpc::Server> server_;
  // One of these. Connections go through ours, not through gRPC's own: that one
  // would take a Unix socket's path from a live server, tells nobody who its
  // peer is, and lets in everybody.
  std::unique_ptr<UnixListener> unix_listener_;
  std::unique_ptr<TcpListener> tcp_listener_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> door_;
  std::thread closer_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_RPC_SERVER_H_
