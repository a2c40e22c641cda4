#include "controller/rollout/host_follower.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// For the agent to answer at all, and for what the formula does not foresee.
constexpr absl::Duration kStepMargin = absl::Minutes(1);

void Fail(Draft& draft, size_t i, const std::string& reason, bool lost) {
  draft.MoveStep(i, HostStepPhase::kFailed, reason);
  draft.Edit(i).lost = lost;
  ++draft.state().failures;
}

void Finish(Draft& draft, size_t i) {
  draft.MoveStep(i, HostStepPhase::kDone, "");
  draft.Edit(i).lost = false;
  draft.RestartProgress();
}

void MoveIfElsewhere(Draft& draft, size_t i, HostStepPhase phase) {
  if (draft.step(i).phase == phase) return;
  bool back = draft.step(i).phase == HostStepPhase::kUnknown;
  draft.MoveStep(i, phase, back ? "the host is back" : "");
}

void FollowReport(Draft& draft, size_t i, const HostView& view) {
  const StepReport& report = view.report;
  switch (report.phase) {
    case StepReportPhase::kNone:
      MoveIfElsewhere(draft, i, HostStepPhase::kAdmitted);
      return;
    case StepReportPhase::kApplying:
      MoveIfElsewhere(draft, i, HostStepPhase::kApplying);
      return;
    case StepReportPhase::kVerifying:
      MoveIfElsewhere(draft, i, HostStepPhase::kVerifying);
      return;
    case StepReportPhase::kDone:
      Finish(draft, i);
      return;
    case StepReportPhase::kFailed:
      Fail(draft, i, FailureText(draft.base(), draft.step(i), view), false);
      return;
  }
  FLEET_CHECK(false);
}

void FollowConnected(Draft& draft, size_t i, const HostView& view) {
  int64_t wanted = draft.step(i).generation;
  if (view.report.generation > wanted) {
    Fail(draft, i,
         absl::StrCat(draft.step(i).host, " has accepted generation ",
                      view.report.generation, " already, this is ", wanted,
                      ": the store is older than the host"),
         false);
    return;
  }
  if (view.report.generation < wanted) {
    MoveIfElsewhere(draft, i, HostStepPhase::kAdmitted);
  } else {
    if (draft.step(i).progress != view.report) {
      draft.Edit(i).progress = view.report;
    }
    FollowReport(draft, i, view);
  }
}

void FailIfOverdue(Draft& draft, size_t i) {
  const HostStep& step = draft.step(i);
  absl::Duration deadline = StepDeadline(draft.base().policy, step);
  if (!InFlight(step.phase) || draft.elapsed() < deadline) return;
  if (step.phase == HostStepPhase::kUnknown) {
    Fail(draft, i,
         absl::StrCat(step.host, " has been out of reach for ",
                      DurationText(draft.base().policy.unknown_grace),
                      " in the middle of its step"),
         true);
    return;
  }
  Fail(draft, i,
       absl::StrCat(step.host, " has not finished its step within ",
                    DurationText(deadline - step.admitted_at), ", it is ",
                    Name(step.phase), " with ", step.progress.slots_done,
                    " of ", step.progress.slots_total, " instances done"),
       false);
}

void FollowInFlight(Draft& draft, size_t i, const HostView& view,
                    bool resyncing) {
  if (view.connected) {
    FollowConnected(draft, i, view);
  } else if (resyncing) {
    return;
  } else if (draft.step(i).phase != HostStepPhase::kUnknown) {
    draft.MoveStep(i, HostStepPhase::kUnknown,
                   "out of reach; its agent goes on alone");
    draft.Edit(i).unknown_at = draft.elapsed();
  }
  FailIfOverdue(draft, i);
}

void SkipRemoved(Draft& draft, size_t i) {
  draft.MoveStep(i, HostStepPhase::kSkipped, "removed from the fleet");
  draft.Edit(i).skip = SkipReason::kRemoved;
}

}  // namespace

absl::Duration StepDeadline(const Policy& policy, const HostStep& step) {
  if (step.phase == HostStepPhase::kUnknown) {
    return step.unknown_at + policy.unknown_grace;
  }
  const StepPolicy& p = policy.step;
  absl::Duration slot = p.ready_deadline + policy.stop_time +
                        p.min_ready_time * (1 + std::max(p.max_flaps, 0));
  int slots = std::max(step.progress.slots_total, 1);
  return step.admitted_at + slot * slots + kStepMargin;
}

void FollowHost(Draft& draft, size_t i, const HostView& view, bool resyncing) {
  const HostStep& step = draft.step(i);
  switch (step.phase) {
    case HostStepPhase::kPending:
      if (view.removed) SkipRemoved(draft, i);
      return;
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
      if (view.removed) {
        SkipRemoved(draft, i);
      } else {
        FollowInFlight(draft, i, view, resyncing);
      }
      return;
    case HostStepPhase::kFailed:
      if (step.lost && view.connected &&
          view.report.generation == step.generation &&
          view.report.phase == StepReportPhase::kDone) {
        draft.Edit(i).progress = view.report;
        Finish(draft, i);
      }
      return;
    case HostStepPhase::kSkipped:
      if (step.skip == SkipReason::kUnreachable && view.connected) {
        draft.MoveStep(i, HostStepPhase::kPending, "the host is back");
        draft.Edit(i).skip = SkipReason::kNone;
      }
      return;
    case HostStepPhase::kDone:
      return;
  }
}

}  // namespace fleet::controller
