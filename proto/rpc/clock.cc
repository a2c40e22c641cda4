#include "proto/rpc/clock.h"

#include <ctime>

namespace fleet {

absl::Time SystemClock::Now() const {
  timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return absl::TimeFromTimespec(t);
}

absl::Time SystemClock::WallNow() const {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return absl::TimeFromTimespec(t);
}

}  // namespace fleet
