#include "controller/rollout/commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/rollout/draft.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// "paused by ann: reason"
std::string Said(const std::string& what, const Request& request) {
  std::string text = what;
  if (!request.actor.empty()) absl::StrAppend(&text, " by ", request.actor);
  if (!request.reason.empty()) absl::StrAppend(&text, ": ", request.reason);
  return text;
}

absl::Status CheckNotEnded(const Rollout& rollout) {
  if (!Terminal(rollout.state.phase)) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("rollout ", rollout.uid, " of ", rollout.app,
                   " has ended: ", Name(rollout.state.phase)),
      {"ROLLOUT_ENDED",
       {{"rollout", rollout.uid}, {"phase", Name(rollout.state.phase)}}});
}

absl::Status CheckGoesOn(const Rollout& rollout) {
  RETURN_IF_ERROR(CheckNotEnded(rollout));
  if (!rollout.state.aborting) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("rollout ", rollout.uid, " of ", rollout.app,
                   " is being aborted"),
      {"ROLLOUT_ENDED", {{"rollout", rollout.uid}, {"phase", "ABORTED"}}});
}

Plan Nothing(const Rollout& rollout) {
  Plan plan;
  plan.state = rollout.state;
  return plan;
}

}  // namespace

absl::StatusOr<Plan> PauseRollout(const Rollout& rollout,
                                  const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  if (HasHold(rollout.state, HoldKind::kUser)) return Nothing(rollout);
  Draft draft(rollout, now, request.actor);
  draft.AddHold(HoldKind::kUser, Said("paused", request));
  return std::move(draft).Take();
}

absl::StatusOr<Plan> ResumeRollout(const Rollout& rollout,
                                   const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  if (rollout.state.holds.empty()) return Nothing(rollout);
  Draft draft(rollout, now, request.actor);
  if (HasHold(rollout.state, HoldKind::kFailure)) draft.RestartProgress();
  draft.LiftHold(HoldKind::kUser);
  draft.LiftHold(HoldKind::kFailure);
  draft.state().forgiven = draft.state().failures;
  draft.Record(Said("resumed", request));
  return std::move(draft).Take();
}

absl::StatusOr<Plan> AbortRollout(const Rollout& rollout,
                                  const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckNotEnded(rollout));
  if (rollout.state.aborting) return Nothing(rollout);
  Draft draft(rollout, now, request.actor);
  draft.state().aborting = true;
  draft.state().abort_reason = Said("aborted", request);
  draft.state().holds.clear();
  draft.state().message = Said("aborting, asked", request);
  draft.Record(draft.state().message);
  return std::move(draft).Take();
}

absl::StatusOr<Plan> RetryRollout(const Rollout& rollout,
                                  const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  Draft draft(rollout, now, request.actor);
  if (draft.counts().failed == 0) {
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition,
                           absl::StrCat("no host of rollout ", rollout.uid,
                                        " of ", rollout.app, " has failed"),
                           {"NOTHING_TO_RETRY", {{"rollout", rollout.uid}}});
  }
  ++draft.state().generation;
  for (size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).phase != HostStepPhase::kFailed) continue;
    draft.MoveStep(i, HostStepPhase::kPending, Said("to be retried", request));
    HostStep& step = draft.Edit(i);
    step.lost = false;
    step.progress = {};
    step.generation = draft.state().generation;
    ++step.attempt;
  }
  draft.LiftHold(HoldKind::kFailure);
  draft.state().forgiven = draft.state().failures;
  draft.RestartProgress();
  draft.Record(Said("retried", request));
  return std::move(draft).Take();
}

absl::StatusOr<Plan> EndRollout(const Rollout& rollout, RolloutPhase phase,
                                const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckNotEnded(rollout));
  Draft draft(rollout, now, request.actor);
  for (size_t i = 0; i < draft.size(); ++i) {
    HostStepPhase was = draft.step(i).phase;
    if (Ended(was)) continue;
    if (was == HostStepPhase::kPending) {
      draft.MoveStepSilently(i, HostStepPhase::kSkipped, request.reason);
    } else {
      draft.MoveStep(i, HostStepPhase::kSkipped,
                     absl::StrCat(request.reason, " while ", Name(was)));
    }
    draft.Edit(i).skip = SkipReason::kEnded;
  }
  draft.MoveTo(phase, request.reason);
  return std::move(draft).Take();
}

}  // namespace fleet::controller
