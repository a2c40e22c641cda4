// The rollout engine: what a rollout does next, by itself.
#ifndef FLEET_CONTROLLER_ROLLOUT_PLANNER_H_
#define FLEET_CONTROLLER_ROLLOUT_PLANNER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// What the fleet knows of one host and the rollout's app on it.
struct HostView {
  // The host is not (or no longer) part of the fleet.
  bool removed = false;
  // It has a session, and `report` was said in this session (the agent's first
  // message carries everything).
  bool connected = false;
  StepReport report;
  // Observed now, for the order of hosts and for messages.
  int instances_ready = 0;
  int instances_total = 0;
  // Of any instance it runs, 0: none runs.
  int64_t running_revision = 0;

  bool operator==(const HostView&) const = default;
};

// hosts[i] is the view of rollout.steps[i].
struct FleetView {
  std::vector<HostView> hosts;
  // Steady time until which hosts that are not connected are waited for after
  // a start of the controller.
  absl::Time resync_until = absl::InfinitePast();
};

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
};

// What changes. Save it, then Apply it, then act on `targets`.
struct Plan {
  RolloutState state;
  std::vector<StepChange> steps;
  std::vector<TargetChange> targets;
  std::vector<RolloutEvent> events;
  // Ended as SUCCEEDED: its revision is proven.
  bool proven = false;
  // Must be in the store before anything else happens. False: nothing changed
  // but `progress` of some steps.
  bool save = false;
  // Steady time to plan again at, if nothing happens before.
  absl::Time wake_up = absl::InfiniteFuture();

  bool Empty() const { return !save && steps.empty(); }
};

// What `rollout` does next, given what the fleet reports:
//
// - A host that is not connected when its turn comes is SKIPPED and gets no
//   target: nothing unproven waits for it. If it is back before the end it has
//   its turn; else it gets the target once the rollout has SUCCEEDED, and
//   converges when it returns.
// - A host lost in flight is UNKNOWN, keeps its slot, and has failed after
//   unknown_grace; should it turn out to have finished alone, it is DONE.
// - SUCCEEDED means that no host has failed and at least one is DONE. Failures
//   within max_failures let the others go on; in the end they hold the rollout
//   for a retry or an abort (or abort it, as on_failure says).
// - Aborting admits nobody and ends once no step is in flight.
// - A hold of any kind stops every deadline, as does a missing controller.
//
// Pure: the same input
// gives the same plan, and planning again after Apply gives an empty one.
// Terminal rollouts give an empty plan. `fleet.hosts` has one entry per step.
// O(steps).
Plan PlanRollout(const Rollout& rollout, const FleetView& fleet, Moment now);

// Makes the plan's changes. The plan must have been made from this rollout.
void Apply(const Plan& plan, Rollout& rollout);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PLANNER_H_
