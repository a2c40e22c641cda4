// The rollout engine: what a rollout does next, by itself.
#ifndef FLEET_CONTROLLER_ROLLOUT_PLANNER_H_
#define FLEET_CONTROLLER_ROLLOUT_PLANNER_H_

#include "controller/rollout/host_view.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/rollout.h"

namespace fleet::controller {

// What `rollout` does next, given what the fleet reports:
//
// - Hosts are admitted wave by wave, in their frozen order, max_parallel at a
//   time, in at most max_zones zones, and none that is healthy while more than
//   max_unavailable instances are down (hold BUDGET). When a wave is over it
//   bakes; the first of several may then wait for a person (MANUAL_GATE).
// - A host that is not connected when its turn comes is SKIPPED and gets no
//   target: nothing unproven waits for it. If it is back before the end it has
//   its turn; else it gets the target once the rollout has SUCCEEDED, and
//   converges when it returns. More than max_skipped fail the rollout.
// - A host lost in flight is UNKNOWN, keeps its slot, and has failed after
//   unknown_grace; should it turn out to have finished alone, it is DONE.
// - SUCCEEDED means that no host has failed and at least one is DONE. Failures
//   within max_failures let the others go on; in the end they hold the rollout
//   for a retry or an abort (or abort it, as on_failure says).
// - What fails the rollout (more failures than max_failures, a wave that gets
//   worse, a metric gate, a deadline, a hook) is answered by on_failure: a
//   hold, the end, or the way back (rollback.h). Where nothing is proven to go
//   back to, a hold.
// - Aborting admits nobody and ends once no step is in flight.
// - A hold of any kind but BUDGET stops every deadline, as does a missing
//   controller.
//
// Pure: the same input gives the same plan, and planning again after Apply
// gives an empty one (but for a plan that is full, see kMaxStepsPerPlan).
// Terminal rollouts give an empty plan. `fleet.hosts` has one entry per step.
// O(steps).
Plan PlanRollout(const Rollout& rollout, const FleetView& fleet, Moment now);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PLANNER_H_
