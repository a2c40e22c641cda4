// A bound on how many agents may come in at once.
#ifndef FLEET_CONTROLLER_ADMISSION_RATE_H_
#define FLEET_CONTROLLER_ADMISSION_RATE_H_

#include <algorithm>

#include "absl/time/time.h"

namespace fleet::controller {

// A token bucket: `per_second` on average, `burst` at once. A value; steady
// time.
class AdmissionRate {
 public:
  AdmissionRate(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  bool Admit(absl::Time now) {
    if (last_ != absl::InfinitePast()) {
      tokens_ = std::min(
          burst_, tokens_ + absl::ToDoubleSeconds(now - last_) * per_second_);
    }
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ADMISSION_RATE_H_
