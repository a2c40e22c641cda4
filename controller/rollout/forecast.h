// What a rollout is going to do, for a dry run and for those who wait.
#ifndef FLEET_CONTROLLER_ROLLOUT_FORECAST_H_
#define FLEET_CONTROLLER_ROLLOUT_FORECAST_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/host_view.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// What follows a wave: "bakes 2m, passes cpu <= 2, waits to be promoted".
// Empty: the next one.
std::string AfterWave(const Policy& policy, int wave);

// By step, for those that are PENDING: what the admission waits for if all
// goes well. `fleet` is what is known of the hosts now.
std::vector<std::string> WaitsFor(const Rollout& rollout,
                                  const FleetView& fleet);

// The time that is left if every host takes rollout.step_estimate and nothing
// goes wrong; ZeroDuration: there is nothing to go by, or it has ended. `now`
// is steady time.
absl::Duration TimeLeft(const Rollout& rollout, absl::Time now);

// ZeroDuration of none.
absl::Duration Median(std::vector<absl::Duration> times);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_FORECAST_H_
