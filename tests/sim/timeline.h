// Virtual time, and everything that happens in it.
#ifndef FLEET_TESTS_SIM_TIMELINE_H_
#define FLEET_TESTS_SIM_TIMELINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/event_loop.h"
#include "tests/sim/process_clock.h"
#include "tests/sim/random.h"

namespace fleet::sim {

// One queue of what the world does (messages that arrive, workers that crash)
// and the event loops of the simulated programs. Time stands while anything is
// due, then jumps to what comes next. What is due at the same moment happens
// in an order drawn from the seed.
class Timeline {
 public:
  using Task = std::function<void()>;

  explicit Timeline(Random random) : random_(random) {}
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  const absl::Time& now() const { return now_; }
  void At(absl::Time when, Task task);
  void After(absl::Duration delay, Task task) {
    At(now_ + delay, std::move(task));
  }

  // A program's loop, and the clock it was made with.
  void Add(EventLoop* loop, const ProcessClock* clock);
  void Remove(EventLoop* loop);

  // The next thing, which may be a turn of a loop; while nothing is due, the
  // time at which something will be. False: that is not before `limit`, and it
  // is `limit` now.
  bool Step(absl::Time limit);

 private:
  struct Program {
    EventLoop* loop;
    const ProcessClock* clock;
  };

  absl::Time NextDue(const Program& program) const;
  bool QueueIsDue() const;

  Random random_;
  absl::Time now_ = absl::FromUnixSeconds(0);
  uint64_t next_serial_ = 0;
  std::map<std::pair<absl::Time, uint64_t>, Task> queue_;
  std::vector<Program> programs_;
  std::vector<EventLoop*> due_;  // Kept for its memory.
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_TIMELINE_H_
