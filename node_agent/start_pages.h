// The memory that only the start of a program, or a change, needs.
#ifndef FLEET_NODE_AGENT_START_PAGES_H_
#define FLEET_NODE_AGENT_START_PAGES_H_

#include "absl/time/time.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Gives back to the kernel the pages of this program's code and constants, and
// of the heap what is free. Two thirds of the program have run once it has
// started and is connected (relocations, static objects, gRPC's and TLS' own
// starts), and a sixth goes on running; the kernel brings a page back from the
// file when it is used again, 64 KiB at a time.
//
// `main` calls it after the start and each connection. Any thread; others may
// run meanwhile. About 0.1 ms, and as much again for what comes back.
void ReleaseStartPages();

// Calls it as well when a change has settled: of the code that starts, reloads
// and stops workers nothing is needed until the next change. Loop thread only.
class SettledRelease {
 public:
  // Of quiet.
  static constexpr absl::Duration kAfter = absl::Seconds(1);

  explicit SettledRelease(EventLoop& loop) : loop_(loop) {}
  ~SettledRelease() { loop_.CancelTimer(timer_); }
  SettledRelease(const SettledRelease&) = delete;
  SettledRelease& operator=(const SettledRelease&) = delete;

  void OnChange();

 private:
  EventLoop& loop_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_START_PAGES_H_
