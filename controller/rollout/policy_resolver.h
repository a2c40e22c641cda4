// From the policy a user wrote to the one a rollout keeps.
#ifndef FLEET_CONTROLLER_ROLLOUT_POLICY_RESOLVER_H_
#define FLEET_CONTROLLER_ROLLOUT_POLICY_RESOLVER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "controller/rollout/policy.h"
#include "controller/rollout/rollout.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// What shares are of.
struct RolloutSize {
  int hosts = 0;
  // Of the app, on all its hosts.
  int instances = 0;
  // A first rollout, which takes all hosts at once unless max_parallel is set.
  bool nothing_runs = false;
};

// `policy` with its defaults filled in. `waves` is the number of WaveEnds.
// INVALID_ARGUMENT (POLICY_INVALID) names the field.
absl::StatusOr<Policy> ResolvePolicy(const AppSpec& spec,
                                     const RolloutPolicySpec& policy,
                                     RolloutKind kind, const RolloutSize& size);

// For each wave how many hosts it and those before it take; rises, and the
// last one is `hosts`. Of the canary and the waves that are named those are
// left out that add no host. The policy must be a valid one.
std::vector<int> WaveEnds(const RolloutPolicySpec& policy, int hosts);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_POLICY_RESOLVER_H_
