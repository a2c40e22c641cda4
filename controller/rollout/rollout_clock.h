// A stopwatch that stands still while a rollout is held.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROLLOUT_CLOCK_H_
#define FLEET_CONTROLLER_ROLLOUT_ROLLOUT_CLOCK_H_

#include <algorithm>

#include "absl/time/time.h"

namespace fleet::controller {

// Steady time and calendar time of one moment. Calendar time is only recorded,
// never compared.
struct Moment {
  absl::Time steady;
  absl::Time wall;
};

// Time for which the rollout was neither held nor without a controller. What
// is stored is Elapsed(): deadlines outlive the process as points on this
// clock. A value.
class RolloutClock {
 public:
  RolloutClock() = default;
  // Stopped, at what was stored.
  explicit RolloutClock(absl::Duration elapsed) : elapsed_(elapsed) {}

  bool running() const { return since_ != absl::InfiniteFuture(); }

  absl::Duration Elapsed(absl::Time now) const {
    return running() ? elapsed_ + std::max(now - since_, absl::ZeroDuration())
                     : elapsed_;
  }
  // When it will show `point`; InfiniteFuture while it stands.
  absl::Time When(absl::Duration point) const {
    return running() ? since_ + (point - elapsed_) : absl::InfiniteFuture();
  }
  void Run(absl::Time now) {
    if (!running()) since_ = now;
  }
  void Stop(absl::Time now) {
    elapsed_ = Elapsed(now);
    since_ = absl::InfiniteFuture();
  }

 private:
  absl::Duration elapsed_;
  absl::Time since_ = absl::InfiniteFuture();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROLLOUT_CLOCK_H_
