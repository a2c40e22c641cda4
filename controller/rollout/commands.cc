#include "controller/rollout/commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/rollout/bake.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/gate_look.h"
#include "controller/rollout/once_hook.h"
#include "controller/rollout/rollback.h"
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
                   " has ended: ", Name(rollout.state.phase),
                   "; fleetctl rollout status ", rollout.uid, " shows how"),
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

// Reason NOTHING_TO_<what>.
absl::Status NothingTo(const char* what, const Rollout& rollout,
                       const std::string& why) {
  return ErrorWithReason(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("rollout ", rollout.uid, " of ", rollout.app, " ", why),
      {absl::StrCat("NOTHING_TO_", what), {{"rollout", rollout.uid}}});
}

// It goes on in spite of what failed it.
void Forgive(Draft& draft, const std::string& actor) {
  RolloutState& state = draft.state();
  draft.RestartProgress();
  if (draft.elapsed() >= state.total_at) draft.RestartTotal();
  if (state.phase == RolloutPhase::kBaking) RestartBake(draft);
  PassHook(draft, OnceHook::kPreRollout, actor);
  PassHook(draft, OnceHook::kPostRollout, actor);
  state.forgiven_wave = state.wave;
  state.skip_any = true;
}

void RetrySteps(Draft& draft, HostStepPhase failed, const std::string& why) {
  ++draft.state().generation;
  for (size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).phase != failed) continue;
    ++draft.EditAndSave(i).attempt;
    // The planner sends it back again, for its generation is not the newest.
    if (failed == HostStepPhase::kRevertFailed) continue;
    draft.MoveStep(i, HostStepPhase::kPending, why);
    HostStep& step = draft.Edit(i);
    step.lost = false;
    step.progress = {};
    step.generation = draft.state().generation;
  }
}

absl::StatusOr<Plan> Promote(const Rollout& rollout, bool now_too,
                             const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  const RolloutState& state = rollout.state;
  const bool baking = state.phase == RolloutPhase::kBaking;
  const bool gate = HasHold(state, HoldKind::kManualGate);
  const bool metric = HasHold(state, HoldKind::kMetric);
  if (HasHold(state, HoldKind::kFailure)) {
    return NothingTo("PROMOTE", rollout,
                     "has failed; retry, resume, undo or abort it");
  }
  if (!gate && !metric && !(baking && now_too)) {
    return NothingTo("PROMOTE", rollout,
                     baking ? "still bakes; promote it with `now` to end that"
                            : "does not wait to be promoted");
  }
  Draft draft(rollout, now, request.actor);
  draft.state().promoted = true;
  draft.LiftHold(HoldKind::kManualGate);
  draft.LiftHold(HoldKind::kMetric);
  if (baking) {
    draft.state().baked = true;
    draft.MoveTo(RolloutPhase::kRolling, "");
  }
  draft.RestartProgress();
  draft.Record(Said("promoted", request));
  return std::move(draft).Take();
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
  const bool failed = HasHold(rollout.state, HoldKind::kFailure);
  if (!failed && !HasHold(rollout.state, HoldKind::kUser)) {
    const bool by_promote = HasHold(rollout.state, HoldKind::kManualGate) ||
                            HasHold(rollout.state, HoldKind::kMetric);
    return NothingTo(
        "RESUME", rollout,
        absl::StrCat("is not paused: ", rollout.state.holds.front().reason,
                     by_promote ? "; promote it to go on" : ""));
  }
  Draft draft(rollout, now, request.actor);
  if (failed) Forgive(draft, request.actor);
  draft.LiftHold(HoldKind::kUser);
  draft.LiftHold(HoldKind::kFailure);
  ForgetFound(draft);
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
  draft.state().end_reason = Said("aborted", request);
  draft.state().holds.clear();
  draft.state().message = Said("aborting, asked", request);
  draft.Record(draft.state().message);
  return std::move(draft).Take();
}

absl::StatusOr<Plan> RetryRollout(const Rollout& rollout,
                                  const Request& request, Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  Draft draft(rollout, now, request.actor);
  const bool back = rollout.state.phase == RolloutPhase::kRollingBack;
  const HostStepPhase failed =
      back ? HostStepPhase::kRevertFailed : HostStepPhase::kFailed;
  const bool hosts =
      back ? draft.counts().revert_failed > 0 : draft.counts().failed > 0;
  bool hooks = RetryHook(draft, OnceHook::kPreRollout);
  hooks |= RetryHook(draft, OnceHook::kPostRollout);
  if (!hosts && !hooks) {
    return NothingTo("RETRY", rollout, "has no host that failed");
  }
  if (hosts) RetrySteps(draft, failed, Said("to be retried", request));
  if (rollout.state.phase == RolloutPhase::kBaking && hosts) {
    draft.MoveTo(RolloutPhase::kRolling, "");
  }
  draft.LiftHold(HoldKind::kFailure);
  draft.state().forgiven = draft.state().failures;
  draft.state().bake_failure.clear();
  draft.RestartProgress();
  draft.RestartTotal();
  draft.Record(Said("retried", request));
  return std::move(draft).Take();
}

absl::StatusOr<Plan> PromoteRollout(const Rollout& rollout,
                                    const Request& request, Moment now) {
  return Promote(rollout, false, request, now);
}

absl::StatusOr<Plan> PromoteNow(const Rollout& rollout, const Request& request,
                                Moment now) {
  return Promote(rollout, true, request, now);
}

absl::StatusOr<Plan> UndoRollout(const Rollout& rollout, const Request& request,
                                 Moment now) {
  RETURN_IF_ERROR(CheckGoesOn(rollout));
  if (rollout.state.phase == RolloutPhase::kRollingBack) {
    return Nothing(rollout);
  }
  if (!CanRollBack(rollout)) {
    return NothingTo(
        "ROLL_BACK", rollout,
        absl::StrCat("cannot be rolled back: ", WhyNoRollback(rollout)));
  }
  Draft draft(rollout, now, request.actor);
  draft.LiftHold(HoldKind::kUser);
  BeginRollback(draft, Said("undone", request));
  return std::move(draft).Take();
}

absl::StatusOr<Rollout> PreviewUndo(const Rollout& rollout,
                                    const Request& request, Moment now) {
  ASSIGN_OR_RETURN(const Plan plan, UndoRollout(rollout, request, now));
  Rollout after = rollout;
  Apply(plan, after);
  for (HostStep& step : after.steps) {
    const bool back = step.touched && step.phase != HostStepPhase::kReverted &&
                      step.skip != SkipReason::kRemoved;
    step.reason = back ? absl::StrCat("is ", Name(step.phase))
                       : "not touched, it is left alone";
    if (back) {
      step.phase = HostStepPhase::kReverting;
    } else if (step.phase != HostStepPhase::kReverted) {
      step.phase = HostStepPhase::kSkipped;
    }
  }
  return after;
}

absl::Status CheckEtag(const Rollout& rollout, const std::string& etag) {
  if (etag.empty() || etag == Etag(rollout)) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kAborted,
      absl::StrCat("rollout ", rollout.uid, " of ", rollout.app,
                   " has changed since: its etag is ", Etag(rollout), ", not ",
                   etag, "; look at it again"),
      {"ETAG_MISMATCH", {{"rollout", rollout.uid}, {"etag", Etag(rollout)}}});
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
  // The targets of an app that is gone go with it.
  if (phase == RolloutPhase::kSuperseded) TakeBackHooks(draft);
  draft.MoveTo(phase, request.reason);
  return std::move(draft).Take();
}

}  // namespace fleet::controller
