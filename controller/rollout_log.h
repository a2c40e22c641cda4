// Rollouts in the controller's own log.
#ifndef FLEET_CONTROLLER_ROLLOUT_LOG_H_
#define FLEET_CONTROLLER_ROLLOUT_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "controller/rollout/planner.h"

namespace fleet::controller {

// One line for each event of a plan.
void LogEvents(const Rollout& rollout, const Plan& plan);
// A plan of the engine's own could not be saved.
void LogNotSaved(const Rollout& rollout, const absl::Status& status);
// As whoever asks is shown it meanwhile; `why` is empty: it was saved.
Rollout WithNotSaved(Rollout rollout, const std::string& why);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_LOG_H_
