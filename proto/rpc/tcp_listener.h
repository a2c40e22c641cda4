// Listens at a TCP address, for as many connections as there may be.
#ifndef FLEET_PROTO_RPC_TCP_LISTENER_H_
#define FLEET_PROTO_RPC_TCP_LISTENER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc/address.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/open_connections.h"
#include "proto/rpc/socket_acceptor.h"

namespace fleet {

// At every address that a name has, with one port; a wildcard is both that of
// IPv4 and that of IPv6. A connection above the bound (OpenConnections) is
// closed at once, which is logged, at most every ten seconds. Loop thread only.
class TcpListener {
 public:
  using Accepted = SocketAcceptor::Accepted;

  // UNAVAILABLE: the address is taken, is not this machine's, or no name.
  // `loop` outlives it.
  static absl::StatusOr<std::unique_ptr<TcpListener>> Open(
      EventLoop& loop, const Address& address, size_t most_connections,
      Accepted accepted);

  // The kernel's choice when 0 was asked for.
  int port() const { return port_; }
  int64_t refused() const { return connections_.refused(); }

 private:
  TcpListener(EventLoop& loop, std::string name, size_t most_connections,
              Accepted accepted);

  void Listen(int fd);
  void OnAccepted(int fd);

  EventLoop& loop_;
  const std::string name_;
  const Accepted accepted_;
  OpenConnections connections_;
  std::vector<std::unique_ptr<SocketAcceptor>> acceptors_;
  int port_ = 0;
  absl::Time last_said_ = absl::InfinitePast();
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_TCP_LISTENER_H_
