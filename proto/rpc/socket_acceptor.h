// Takes what connects to a listening socket.
#ifndef FLEET_PROTO_RPC_SOCKET_ACCEPTOR_H_
#define FLEET_PROTO_RPC_SOCKET_ACCEPTOR_H_

#include <functional>

#include "proto/rpc/event_loop.h"

namespace fleet {

// While the process has no descriptor or memory left, those who wait stay in
// the socket's queue, and are looked at again five times a second. Loop thread
// only.
class SocketAcceptor {
 public:
  // Gets a connected, non-blocking socket and owns it.
  using Accepted = std::function<void(int fd)>;

  // Owns `fd`, which listens and does not block. `loop` outlives it.
  SocketAcceptor(EventLoop& loop, int fd, Accepted accepted);
  ~SocketAcceptor();
  SocketAcceptor(const SocketAcceptor&) = delete;
  SocketAcceptor& operator=(const SocketAcceptor&) = delete;

  int fd() const { return fd_; }

 private:
  void Watch();
  void AcceptAll();
  void AcceptLater();

  EventLoop& loop_;
  const int fd_;
  const Accepted accepted_;
  EventLoop::TimerId retry_ = 0;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_SOCKET_ACCEPTOR_H_
