// What a rollout's next step changes, and what it orders.
#ifndef FLEET_CONTROLLER_ROLLOUT_PLAN_H_
#define FLEET_CONTROLLER_ROLLOUT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// "Bring this host to that generation." The rest of the host's target is as
// it is.
struct TargetChange {
  std::string host;
  int64_t generation = 0;
  int64_t revision = 0;
  StepPolicy step;

  bool operator==(const TargetChange&) const = default;
};

struct StepChange {
  size_t index = 0;  // In Rollout::steps.
  HostStep step;
  // It must be in the store; otherwise it is for the memory alone.
  bool save = false;
};

// What changes. Save it, then Apply it, then act on the orders (targets,
// hooks, looks). One plan changes at most kMaxStepsPerPlan steps for a while;
// what is left comes with the next one, at once (wake_up is now).
struct Plan {
  RolloutState state;
  std::vector<StepChange> steps;
  std::vector<TargetChange> targets;
  std::vector<HookOrder> hooks;
  // Metric gates to be asked now; the answers go into FleetView::answers.
  std::vector<GateLook> looks;
  std::vector<RolloutEvent> events;
  // Ended as SUCCEEDED: its revision is proven.
  bool proven = false;
  // Must be in the store before anything else happens. False: nothing changed
  // but what is not stored.
  bool save = false;
  // Steady time to plan again at, if nothing happens before.
  absl::Time wake_up = absl::InfiniteFuture();

  bool Empty() const { return !save && steps.empty() && looks.empty(); }
};

// Bounds a transaction and the time of a planning.
inline constexpr size_t kMaxStepsPerPlan = 1000;

// Makes the plan's changes. The plan must have been made from this rollout.
void Apply(const Plan& plan, Rollout& rollout);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PLAN_H_
