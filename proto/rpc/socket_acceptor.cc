#include "proto/rpc/socket_acceptor.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/time/time.h"

namespace fleet {
namespace {

constexpr absl::Duration kRetryAfterFull = absl::Milliseconds(200);
// Others on the loop are to have their turn; epoll tells again.
constexpr int kAcceptsPerTurn = 256;

}  // namespace

SocketAcceptor::SocketAcceptor(EventLoop& loop, int fd, Accepted accepted)
    : loop_(loop), fd_(fd), accepted_(std::move(accepted)) {
  Watch();
}

SocketAcceptor::~SocketAcceptor() {
  loop_.CancelTimer(retry_);
  loop_.RemoveFd(fd_);
  close(fd_);
}

void SocketAcceptor::Watch() {
  loop_.AddFd(fd_, EPOLLIN, [this](uint32_t /*events*/) { AcceptAll(); });
}

void SocketAcceptor::AcceptAll() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      accepted_(fd);
    } else if (errno != EINTR && errno != ECONNABORTED) {
      if (errno != EAGAIN) AcceptLater();
      return;
    }
  }
}

// Out of descriptors or memory: the queue keeps who waits.
void SocketAcceptor::AcceptLater() {
  loop_.RemoveFd(fd_);
  retry_ = loop_.AddTimerAfter(kRetryAfterFull, [this] { Watch(); });
}

}  // namespace fleet
