// How a rollout begins: its policy resolved, its hosts in order.
#ifndef FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_
#define FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/rollout/planner.h"
#include "controller/rollout/rollout.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// `policy` with its defaults filled in, for `hosts` hosts.
// `nothing_runs`: a first rollout, which takes all hosts at once unless
// max_parallel is set. INVALID_ARGUMENT names the field.
absl::StatusOr<Policy> ResolvePolicy(const AppSpec& spec,
                                     const RolloutPolicySpec& policy,
                                     RolloutKind kind, int hosts,
                                     bool nothing_runs);

// A host of a rollout to be.
struct Candidate {
  std::string host;
  HostView view;
  // In flight in the rollout that this one supersedes.
  bool disturbed = false;
};

// Orders the hosts: disturbed ones, then the least healthy, then by name;
// those that are not connected last.
std::vector<HostStep> MakeSteps(std::vector<Candidate> candidates,
                                int64_t generation);

// "QUEUED" with its first event. `rollout` has all fixed fields and its steps.
Plan BeginRollout(const Rollout& rollout, Moment now);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_NEW_ROLLOUT_H_
