// A rollout's policy as resolved when the rollout was made: every default
// filled in, shares turned into counts of its hosts or of the app's instances.
#ifndef FLEET_CONTROLLER_ROLLOUT_POLICY_H_
#define FLEET_CONTROLLER_ROLLOUT_POLICY_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::controller {

// How workers are brought to a generation on a host.
struct StepPolicy {
  ReloadStrategy strategy = ReloadStrategy::kDefault;
  absl::Duration min_ready_time = absl::Seconds(3);
  absl::Duration ready_deadline = absl::Seconds(60);
  int max_flaps = 2;
  // Slots that run the target's revision already stay as they are.
  bool keep_matching = false;
  Hook pre_reload;
  Hook post_reload;
  // The rollout's uid, for hooks.
  std::string rollout;

  bool operator==(const StepPolicy&) const = default;
};

inline constexpr int kNoLimit = 1 << 30;

// RolloutPolicy in fleet/v1/app.proto says what the fields mean. Plain values;
// never changed after the rollout was made.
struct Policy {
  int max_parallel = 1;
  int max_failures = 0;
  int max_skipped = kNoLimit;
  // Instances.
  int max_unavailable = kNoLimit;
  // kNoLimit: there are no zones.
  int max_zones = kNoLimit;
  std::string zone_label;
  HostOrder order = HostOrder::kHealth;
  // How many there are; HostStep::wave says which hosts are in which.
  int waves = 1;
  Promotion promotion = Promotion::kAutomatic;
  OnFailure on_failure = OnFailure::kPause;
  absl::Duration bake_time;
  absl::Duration progress_deadline = absl::Minutes(10);
  absl::Duration total_deadline = absl::Hours(2);
  // Zero: derived (StepDeadline in host_follower.h).
  absl::Duration step_deadline;
  absl::Duration unknown_grace = absl::Minutes(2);
  StepPolicy step;
  Hook pre_rollout;
  Hook post_rollout;
  // In place of step's on the way back: those of the revision that it leads to.
  Hook pre_revert;
  Hook post_revert;
  std::vector<MetricGate> gates;
  // Per slot, beside min_ready_time and ready_deadline: the app's
  // kill_timeout. Part of the host's deadline.
  absl::Duration stop_time = absl::Seconds(30);
};

// Instances that a step takes away on a host at a time, at the most.
inline int StepCost(const Policy& policy) {
  return policy.step.strategy == ReloadStrategy::kStopFirst ? 1 : 0;
}

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_POLICY_H_
