// What people ask of a rollout, as plans.
#ifndef FLEET_CONTROLLER_ROLLOUT_COMMANDS_H_
#define FLEET_CONTROLLER_ROLLOUT_COMMANDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rollout/plan.h"

namespace fleet::controller {

// Who asks, and why (may be empty).
struct Request {
  std::string actor;
  std::string reason;
};

// All pure. A plan is empty when the rollout already is as asked. To be saved
// and applied as the planner's own, which runs after it.
//
// FAILED_PRECONDITION with reason ROLLOUT_ENDED: it has ended, or is about to
// (aborting).

// Admits nobody until resumed; steps in flight go on; deadlines stand still.
absl::StatusOr<Plan> PauseRollout(const Rollout& rollout,
                                  const Request& request, Moment now);
// Lifts USER and FAILURE. Failures so far no longer count towards the limit; a
// bake that failed begins anew, a hook that failed is passed over, a wave of
// which no host got through no longer matters, and any number of hosts may be
// skipped. FAILED_PRECONDITION with reason NOTHING_TO_RESUME: it waits for
// something else.
absl::StatusOr<Plan> ResumeRollout(const Rollout& rollout,
                                   const Request& request, Moment now);
// Admits nobody ever; ABORTED once no step is in flight.
absl::StatusOr<Plan> AbortRollout(const Rollout& rollout,
                                  const Request& request, Moment now);
// Failed hosts become PENDING with the next generation (in a rollback they go
// back once more), hooks that failed run again, a FAILURE hold is lifted.
// FAILED_PRECONDITION with reason NOTHING_TO_RETRY: none has failed.
absl::StatusOr<Plan> RetryRollout(const Rollout& rollout,
                                  const Request& request, Moment now);
// Lets the next wave start: lifts MANUAL_GATE, or passes a METRIC hold on the
// caller's word; PromoteNow ends the bake time too. FAILED_PRECONDITION with
// reason NOTHING_TO_PROMOTE: nothing waits for that.
absl::StatusOr<Plan> PromoteRollout(const Rollout& rollout,
                                    const Request& request, Moment now);
absl::StatusOr<Plan> PromoteNow(const Rollout& rollout, const Request& request,
                                Moment now);
// → ROLLING_BACK, also when it was paused. FAILED_PRECONDITION with reason
// NOTHING_TO_ROLL_BACK: it is not one that CanRollBack.
absl::StatusOr<Plan> UndoRollout(const Rollout& rollout, const Request& request,
                                 Moment now);
// The rollout as it would turn back: ROLLING_BACK, hosts that would go back
// REVERTING, the others SKIPPED. For a person; nothing is to be saved of it.
// Errors as UndoRollout.
absl::StatusOr<Rollout> PreviewUndo(const Rollout& rollout,
                                    const Request& request, Moment now);
// ABORTED with reason ETAG_MISMATCH: it has changed since `etag` was given out.
// Empty fits always.
absl::Status CheckEtag(const Rollout& rollout, const std::string& etag);
// Ends it now, steps in flight or not: as SUPERSEDED, or ABORTED because its
// app is gone. Its hosts are no longer followed.
absl::StatusOr<Plan> EndRollout(const Rollout& rollout, RolloutPhase phase,
                                const Request& request, Moment now);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_COMMANDS_H_
