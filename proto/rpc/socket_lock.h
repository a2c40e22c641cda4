// A Unix socket's path belongs to one server at a time.
#ifndef FLEET_PROTO_RPC_SOCKET_LOCK_H_
#define FLEET_PROTO_RPC_SOCKET_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet {

// Holds a lock on "PATH.lock" as long as it lives. The kernel lets go of it
// when the process ends in whatever way; the lock file stays. Movable.
class SocketLock {
 public:
  // ALREADY_EXISTS when another process has it, and names its pid.
  static absl::StatusOr<SocketLock> Take(const std::string& socket_path);

  SocketLock(SocketLock&& other) noexcept;
  SocketLock& operator=(SocketLock&& other) noexcept;
  ~SocketLock();

 private:
  explicit SocketLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_SOCKET_LOCK_H_
