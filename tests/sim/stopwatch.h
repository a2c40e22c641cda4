// How long a rollout has been at work, measured from outside.
#ifndef FLEET_TESTS_SIM_STOPWATCH_H_
#define FLEET_TESTS_SIM_STOPWATCH_H_

#include "absl/time/time.h"

namespace fleet::sim {

// What the controller can have been doing for a while.
struct ControllerTime {
  bool lives = false;
  // It has heard its hosts, and its disk takes what it writes.
  bool surely_works = false;
};

// The engine keeps a clock of its own, which stands while the rollout is held
// or nobody is there to run it. This one knows bounds on what it shows: time
// that surely counted, and time that may have. A value.
class Stopwatch {
 public:
  void Pass(absl::Duration time, const ControllerTime& controller) {
    if (controller.lives) most_ += time;
    if (controller.surely_works) least_ += time;
  }
  // What a crash can take from the engine's clock.
  void OnCrash() { least_ -= absl::Seconds(31); }
  // It surely was reset; it may have been.
  void Reset() { least_ = most_ = absl::ZeroDuration(); }
  void MayReset() { least_ = absl::ZeroDuration(); }

  absl::Duration least() const { return least_; }
  absl::Duration most() const { return most_; }

 private:
  absl::Duration least_;
  absl::Duration most_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_STOPWATCH_H_
