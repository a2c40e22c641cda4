// Listens at a Unix socket's path and knows who connects.
#ifndef FLEET_PROTO_RPC_UNIX_LISTENER_H_
#define FLEET_PROTO_RPC_UNIX_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/socket_acceptor.h"
#include "proto/rpc/socket_lock.h"

namespace fleet {

// The path is created with mode 0600 and removed at the end; one process has
// it at a time (SocketLock). Connections of other users than this one and
// root are closed at once. Loop thread only.
class UnixListener {
 public:
  using Accepted = SocketAcceptor::Accepted;

  // ALREADY_EXISTS when another process serves the path. The folder must
  // exist. `loop` outlives it.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Open(
      EventLoop& loop, const std::string& path, Accepted accepted);

  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

 private:
  UnixListener(EventLoop& loop, std::string path, SocketLock lock, int fd,
               Accepted accepted);

  const std::string path_;
  SocketLock lock_;
  SocketAcceptor acceptor_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_UNIX_LISTENER_H_
