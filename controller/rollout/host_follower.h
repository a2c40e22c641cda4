// What a host's report makes of its step.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_
#define FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_

#include <cstddef>

#include "absl/time/time.h"
#include "controller/rollout/planning.h"

namespace fleet::controller {

// Moves step i to where its host says it is, and counts a failure. While the
// planning is resyncing, hosts that are not connected may still come; they are
// left as they were.
void FollowHost(Planning& planning, size_t i);

// The point on the rollout's clock at which a step that is in flight will have
// failed for want of an answer. Unless the policy says so, it is a minute
// after the sum over its slots of ready_deadline, kill_timeout and
// min_ready_time (once more for each flap that is allowed), and its hooks'
// timeouts.
absl::Duration StepDeadline(const Policy& policy, const HostStep& step);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_
