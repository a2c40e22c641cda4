#include "proto/rpc/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr int kUnixBacklog = 1024;

absl::Status BindAndListen(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a Unix socket's path has at most 107 bytes"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // The lock is ours, so whoever made it is gone.
  unlink(path.c_str());
  // Linux gives the path the mode that the socket has when it is bound, so
  // that there is no moment at which others may connect.
  if (fchmod(fd, 0600) != 0 ||
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, kUnixBacklog) != 0) {
    return ErrnoStatus(errno, "cannot listen at " + path);
  }
  return absl::OkStatus();
}

// Root could do anything anyhow.
bool MayConnect(int fd) {
  ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == geteuid() || peer.uid == 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Open(
    EventLoop& loop, const std::string& path, Accepted accepted) {
  ASSIGN_OR_RETURN(SocketLock lock, SocketLock::Take(path));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ErrnoStatus(errno, "cannot make a Unix socket");
  absl::Status status = BindAndListen(fd, path);
  if (!status.ok()) {
    close(fd);
    return status;
  }
  return std::unique_ptr<UnixListener>(
      new UnixListener(loop, path, std::move(lock), fd, std::move(accepted)));
}

UnixListener::UnixListener(EventLoop& loop, std::string path, SocketLock lock,
                           int fd, Accepted accepted)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      acceptor_(loop, fd, [accepted = std::move(accepted)](int connection) {
        if (MayConnect(connection)) {
          accepted(connection);
        } else {
          close(connection);
        }
      }) {}

UnixListener::~UnixListener() { unlink(path_.c_str()); }

}  // namespace fleet
