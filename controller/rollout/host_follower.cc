#include "controller/rollout/host_follower.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "controller/rollout/bake.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// For the agent to answer at all, and for what the formula does not foresee.
constexpr absl::Duration kStepMargin = absl::Minutes(1);

constexpr char kRemovedText[] = "removed from the fleet";

bool Reverting(const HostStep& step) {
  return step.phase == HostStepPhase::kReverting;
}

class Following {
 public:
  Following(Planning& planning, size_t i)
      : planning_(planning), i_(i), view_(planning.view(i)) {}

  // In flight, in either direction.
  void Follow() {
    if (view_.removed) return SkipRemoved();
    if (view_.connected) {
      FollowConnected();
    } else if (planning_.resyncing()) {
      return;
    } else {
      FollowAway();
    }
    FailIfOverdue();
  }

  // Not removed for good, but out of the way of this rollout.
  void SkipRemoved() { draft().Skip(i_, SkipReason::kRemoved, kRemovedText); }

  // A lost host turns out to have finished alone.
  void ForgiveIfDone(HostStepPhase done) {
    if (!step().lost || !view_.connected) return;
    if (view_.report.generation != step().generation ||
        view_.report.phase != StepReportPhase::kDone) {
      return;
    }
    draft().Edit(i_).progress = view_.report;
    Finish(done);
  }

  void FollowSkipped() {
    const SkipReason why = step().skip;
    if (why != SkipReason::kUnreachable && why != SkipReason::kCordoned) return;
    if (view_.removed) return GiveUpSkipped();
    ReturnIfBack();
  }

 private:
  Draft& draft() { return planning_.draft(); }
  const HostStep& step() const { return planning_.draft().step(i_); }

  // A host that the fleet has forgotten is not cordoned any more, and yet not
  // back: it neither has a turn nor counts as one that is out of reach.
  void GiveUpSkipped() {
    HostStep& step = draft().EditAndSave(i_);
    step.skip = SkipReason::kRemoved;
    step.reason = kRemovedText;
    draft().RecordStep(i_, kRemovedText);
  }

  void ReturnIfBack() {
    const bool back = (step().skip == SkipReason::kUnreachable &&
                       view_.connected && !view_.cordoned) ||
                      (step().skip == SkipReason::kCordoned && !view_.cordoned);
    if (!back) return;
    draft().MoveStep(i_, HostStepPhase::kPending,
                     step().skip == SkipReason::kCordoned ? "no longer cordoned"
                                                          : "the host is back");
    draft().Edit(i_).skip = SkipReason::kNone;
  }

  void Fail(const std::string& reason, bool lost) {
    draft().MoveStep(i_,
                     Reverting(step()) ? HostStepPhase::kRevertFailed
                                       : HostStepPhase::kFailed,
                     reason);
    draft().Edit(i_).lost = lost;
    ++draft().state().failures;
  }

  void Finish(HostStepPhase done) {
    draft().MoveStep(i_, done, "");
    // What has baked was its wave without it.
    RolloutState& state = draft().state();
    if (step().wave == state.wave) state.baked = false;
    draft().Edit(i_).lost = false;
    draft().Edit(i_).restarts_before = -1;
    draft().RestartProgress();
  }

  void MoveIfElsewhere(HostStepPhase phase) {
    if (Reverting(step()) || step().phase == phase) return;
    const bool back = step().phase == HostStepPhase::kUnknown;
    draft().MoveStep(i_, phase, back ? "the host is back" : "");
  }

  void FollowReport() {
    switch (view_.report.phase) {
      case StepReportPhase::kNone:
        return MoveIfElsewhere(HostStepPhase::kAdmitted);
      case StepReportPhase::kApplying:
        return MoveIfElsewhere(HostStepPhase::kApplying);
      case StepReportPhase::kVerifying:
        return MoveIfElsewhere(HostStepPhase::kVerifying);
      case StepReportPhase::kDone:
        return Finish(Reverting(step()) ? HostStepPhase::kReverted
                                        : HostStepPhase::kDone);
      case StepReportPhase::kFailed:
        return Fail(FailureText(draft().base(), step(), view_), false);
    }
    FLEET_CHECK(false);
  }

  void FollowConnected() {
    if (step().away) draft().EditAndSave(i_).away = false;
    const int64_t wanted = step().generation;
    if (view_.report.generation > wanted) {
      Fail(absl::StrCat(step().host, " has accepted generation ",
                        view_.report.generation, " already, this is ", wanted,
                        ": the store is older than the host"),
           false);
    } else if (view_.report.generation < wanted) {
      MoveIfElsewhere(HostStepPhase::kAdmitted);
    } else {
      if (step().progress != view_.report) {
        draft().Edit(i_).progress = view_.report;
      }
      FollowReport();
    }
  }

  void FollowAway() {
    if (Reverting(step())) {
      if (step().away) return;
      draft().EditAndSave(i_).away = true;
      draft().Record(absl::StrCat(
          step().host, " is out of reach; it goes back when it is here again"));
    } else if (step().phase != HostStepPhase::kUnknown) {
      draft().MoveStep(i_, HostStepPhase::kUnknown,
                       "out of reach; its agent goes on alone");
    } else {
      return;
    }
    draft().Edit(i_).unknown_at = draft().elapsed();
  }

  void FailIfOverdue() {
    const Policy& policy = planning_.policy();
    absl::Duration deadline = StepDeadline(policy, step());
    if (!InFlight(step().phase) || draft().elapsed() < deadline) return;
    if (step().phase == HostStepPhase::kUnknown || step().away) {
      Fail(absl::StrCat(step().host, " has been out of reach for ",
                        DurationText(policy.unknown_grace),
                        " in the middle of its step"),
           true);
      return;
    }
    Fail(OverdueText(draft().base(), step(), view_,
                     deadline - step().admitted_at),
         false);
  }

  Planning& planning_;
  const size_t i_;
  const HostView& view_;
};

absl::Duration TimeOf(const Hook& hook) {
  return hook.command.empty() ? absl::ZeroDuration() : hook.timeout;
}

// On the way back also for those that still run.
absl::Duration HookTime(const Policy& policy, bool reverting) {
  absl::Duration time =
      TimeOf(policy.step.pre_reload) + TimeOf(policy.step.post_reload);
  if (reverting) time += TimeOf(policy.pre_revert) + TimeOf(policy.post_revert);
  return time;
}

}  // namespace

absl::Duration StepDeadline(const Policy& policy, const HostStep& step) {
  if (step.phase == HostStepPhase::kUnknown || step.away) {
    return step.unknown_at + policy.unknown_grace;
  }
  if (policy.step_deadline > absl::ZeroDuration()) {
    return step.admitted_at + policy.step_deadline;
  }
  const StepPolicy& p = policy.step;
  absl::Duration slot = p.ready_deadline + policy.stop_time +
                        p.min_ready_time * (1 + std::max(p.max_flaps, 0));
  int slots = std::max(step.progress.slots_total, 1);
  return step.admitted_at + slot * slots + HookTime(policy, Reverting(step)) +
         kStepMargin;
}

void FollowHost(Planning& planning, size_t i) {
  const RolloutState& state = planning.state();
  const HostStep& step = planning.draft().step(i);
  const bool forward = state.phase != RolloutPhase::kRollingBack;
  switch (step.phase) {
    case HostStepPhase::kPending:
      if (planning.view(i).removed) Following(planning, i).SkipRemoved();
      return;
    case HostStepPhase::kAdmitted:
    case HostStepPhase::kApplying:
    case HostStepPhase::kVerifying:
    case HostStepPhase::kUnknown:
    case HostStepPhase::kReverting:
      return Following(planning, i).Follow();
    case HostStepPhase::kFailed:
      if (forward) Following(planning, i).ForgiveIfDone(HostStepPhase::kDone);
      return;
    case HostStepPhase::kRevertFailed:
      return Following(planning, i).ForgiveIfDone(HostStepPhase::kReverted);
    case HostStepPhase::kSkipped:
      if (forward) Following(planning, i).FollowSkipped();
      return;
    case HostStepPhase::kDone:
      if (state.phase == RolloutPhase::kBaking && step.wave == state.wave) {
        WatchHost(planning, i);
      }
      return;
    case HostStepPhase::kReverted:
      return;
  }
}

}  // namespace fleet::controller
