#include "cli/interrupt_watch.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// What a signal handler can reach.
std::atomic<int> g_interrupt_fd{-1};

void HandleInterrupt(int) {
  const int saved = errno;
  const uint64_t one = 1;
  const int fd = g_interrupt_fd.load();
  // A full counter has been seen already.
  if (fd >= 0 && write(fd, &one, sizeof one) < 0) errno = saved;
  errno = saved;
}

void SetHandler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptWatch::InterruptWatch(EventLoop& loop,
                               std::function<void()> on_interrupt)
    : loop_(loop), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  FLEET_CHECK(fd_ >= 0);
  FLEET_CHECK(g_interrupt_fd.exchange(fd_) == -1);
  loop_.AddFd(fd_, EPOLLIN,
              [this, callback = std::move(on_interrupt)](uint32_t) {
                uint64_t count = 0;
                if (read(fd_, &count, sizeof count) > 0) callback();
              });
  SetHandler(HandleInterrupt);
}

InterruptWatch::~InterruptWatch() {
  SetHandler(SIG_DFL);
  g_interrupt_fd.store(-1);
  loop_.RemoveFd(fd_);
  close(fd_);
}

}  // namespace fleet::cli
