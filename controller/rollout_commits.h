// A plan as one transaction of the store.
#ifndef FLEET_CONTROLLER_ROLLOUT_COMMITS_H_
#define FLEET_CONTROLLER_ROLLOUT_COMMITS_H_

#include "absl/time/time.h"
#include "controller/rollout/planner.h"
#include "controller/rollout_ports.h"

namespace fleet::controller {

// Everything that `plan` changes of `rollout`, and the targets that `targets`
// makes of it. `now` is steady time. Events older than the newest 10,000 to
// 11,000 are forgotten.
RolloutCommit CommitOf(const Rollout& rollout, const Plan& plan,
                       const TargetRegistry& targets, absl::Time now);

// Adds the steps of a rollout that is new in the store.
void AddAllSteps(const Rollout& rollout, RolloutCommit& commit);

// Adds rollouts, steps, events and targets of `other`.
void Merge(RolloutCommit other, RolloutCommit& commit);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_COMMITS_H_
