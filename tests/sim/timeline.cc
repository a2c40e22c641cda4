#include "tests/sim/timeline.h"

#include <algorithm>

#include "proto/rpc/status.h"

namespace fleet::sim {

void Timeline::At(absl::Time when, Task task) {
  queue_.emplace(std::make_pair(std::max(when, now_), next_serial_++),
                 std::move(task));
}

void Timeline::Add(EventLoop* loop, const ProcessClock* clock) {
  programs_.push_back({loop, clock});
}

void Timeline::Remove(EventLoop* loop) {
  std::erase_if(programs_, [loop](const Program& p) { return p.loop == loop; });
}

absl::Time Timeline::NextDue(const Program& program) const {
  return program.clock->FromSteady(program.loop->NextDue());
}

bool Timeline::QueueIsDue() const {
  return !queue_.empty() && queue_.begin()->first.first <= now_;
}

bool Timeline::Step(absl::Time limit) {
  due_.clear();
  absl::Time next =
      queue_.empty() ? absl::InfiniteFuture() : queue_.begin()->first.first;
  for (const Program& program : programs_) {
    absl::Time due = NextDue(program);
    if (due <= now_) due_.push_back(program.loop);
    next = std::min(next, due);
  }
  if (next > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  if (next > now_) {
    now_ = next;
    return true;
  }
  const int choices = static_cast<int>(due_.size()) + (QueueIsDue() ? 1 : 0);
  const auto choice =
      static_cast<size_t>(choices == 1 ? 0 : random_.Below(choices));
  if (choice < due_.size()) {
    due_[choice]->RunOnce(absl::ZeroDuration());
    return true;
  }
  Task task = std::move(queue_.begin()->second);
  queue_.erase(queue_.begin());
  task();
  return true;
}

}  // namespace fleet::sim
