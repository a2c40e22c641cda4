// Ctrl-C while something is waited for.
#ifndef FLEET_CLI_INTERRUPT_WATCH_H_
#define FLEET_CLI_INTERRUPT_WATCH_H_

#include <functional>

#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// While it lives, SIGINT and SIGTERM run `on_interrupt` on the loop instead of
// ending the process. One at a time in a process; loop thread only.
class InterruptWatch {
 public:
  // `loop` must outlive it.
  InterruptWatch(EventLoop& loop, std::function<void()> on_interrupt);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  EventLoop& loop_;
  int fd_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_INTERRUPT_WATCH_H_
