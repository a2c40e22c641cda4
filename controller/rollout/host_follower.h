// What a host's report makes of its step.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_
#define FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_

#include <cstddef>

#include "absl/time/time.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/planner.h"

namespace fleet::controller {

// Moves step i to where `view` says its host is, and counts a failure.
// `resyncing`: hosts that are not connected may still come; they are left as
// they were.
void FollowHost(Draft& draft, size_t i, const HostView& view, bool resyncing);

// The point on the rollout's clock at which step `i`, which is in flight, will
// have failed for want of an answer.
absl::Duration StepDeadline(const Policy& policy, const HostStep& step);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOST_FOLLOWER_H_
