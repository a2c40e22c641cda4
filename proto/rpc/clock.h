// Time as the programs see it.
#ifndef FLEET_PROTO_RPC_CLOCK_H_
#define FLEET_PROTO_RPC_CLOCK_H_

#include "absl/time/time.h"

namespace fleet {

// Deciding code takes `now`; driving code takes a Clock.
//
// Now() is steady time and what every deadline is made of: a jump of the wall
// clock does not touch it, and it goes on while the machine sleeps. It is not
// comparable between machines or across a reboot; what must outlive the
// process is kept as what is left (a duration), not as a point of steady time.
//
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Steady time (CLOCK_BOOTTIME, as a time since the epoch).
  virtual absl::Time Now() const = 0;
  // Calendar time, for what people read.
  virtual absl::Time WallNow() const = 0;
};

// The machine's own clock.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
  absl::Time WallNow() const override;
};

// A clock that stands until a test moves it.
class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  absl::Time WallNow() const override { return wall_; }
  void Advance(absl::Duration d) {
    now_ += d;
    wall_ += d;
  }
  // A jump of the wall clock alone.
  void JumpWall(absl::Duration d) { wall_ += d; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1000);
  absl::Time wall_ = absl::FromUnixSeconds(1700000000);
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_CLOCK_H_
