// Virtual time as one program on one machine sees it.
#ifndef FLEET_TESTS_SIM_PROCESS_CLOCK_H_
#define FLEET_TESTS_SIM_PROCESS_CLOCK_H_

#include "absl/time/time.h"
#include "proto/rpc/clock.h"

namespace fleet::sim {

// Machines do not agree on anything: each has booted at another time, and sets
// its wall clock as it likes.
class ProcessClock : public Clock {
 public:
  // `now` is the timeline's, and outlives it. `boot` is what steady time shows
  // at the timeline's beginning.
  ProcessClock(const absl::Time& now, absl::Time boot)
      : now_(now), steady_offset_(boot - absl::UnixEpoch()) {}

  absl::Time Now() const override { return now_ + steady_offset_; }
  absl::Time WallNow() const override { return now_ + wall_offset_; }
  // On the timeline.
  absl::Time FromSteady(absl::Time steady) const {
    return steady - steady_offset_;
  }
  void JumpWall(absl::Duration d) { wall_offset_ += d; }

 private:
  const absl::Time& now_;
  absl::Duration steady_offset_;
  absl::Duration wall_offset_ = absl::Seconds(1'700'000'000);
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_PROCESS_CLOCK_H_
