#include "controller/rollout/planner.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/host_follower.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// One planning. Its functions run in the order in which they stand.
class Planning {
 public:
  Planning(const Rollout& rollout, const FleetView& fleet, Moment now)
      : fleet_(fleet), draft_(rollout, now) {
    resyncing_ = now.steady < fleet.resync_until && SomebodyIsMissing();
  }

  Plan Run() && {
    Begin();
    for (size_t i = 0; i < draft_.size(); ++i) {
      FollowHost(draft_, i, fleet_.hosts[i], resyncing_);
    }
    CheckFailureLimit();
    CheckProgress();
    Admit();
    Finish();
    absl::Time wake_up = WakeUp();
    return std::move(draft_).Take(wake_up);
  }

 private:
  bool SomebodyIsMissing() const {
    for (size_t i = 0; i < draft_.size(); ++i) {
      const HostView& view = fleet_.hosts[i];
      HostStepPhase phase = draft_.step(i).phase;
      if (!Ended(phase) && !view.connected && !view.removed) return true;
    }
    return false;
  }

  bool Held() const { return !draft_.state().holds.empty(); }
  bool AllEnded() const {
    return draft_.counts().pending == 0 && draft_.counts().in_flight == 0;
  }

  void Begin() {
    if (draft_.state().phase == RolloutPhase::kQueued) {
      // It may have been paused before it began.
      const std::string message = draft_.state().message;
      draft_.MoveTo(RolloutPhase::kRolling, message);
      draft_.RestartProgress();
    }
    if (Held() || resyncing_) {
      draft_.state().clock.Stop(draft_.now().steady);
    } else {
      draft_.state().clock.Run(draft_.now().steady);
    }
  }

  // The policy's on_failure.
  void Fail(const std::string& reason) {
    switch (draft_.base().policy.on_failure) {
      case OnFailure::kPause:
        draft_.AddHold(HoldKind::kFailure, reason);
        return;
      case OnFailure::kAbort:
        draft_.state().aborting = true;
        draft_.state().abort_reason = reason;
        draft_.state().holds.clear();
        draft_.state().message = absl::StrCat("aborting: ", reason);
        draft_.state().clock.Run(draft_.now().steady);
        draft_.Record(draft_.state().message);
        return;
    }
  }

  bool MayFail() const {
    return !draft_.state().aborting &&
           !HasHold(draft_.state(), HoldKind::kFailure);
  }

  void CheckFailureLimit() {
    const RolloutState& state = draft_.state();
    int counted = state.failures - state.forgiven;
    int limit = draft_.base().policy.max_failures;
    if (!MayFail() || counted <= limit) return;
    std::string text = absl::StrCat(Hosts(counted), " failed, ",
                                    limit == 0 ? "none" : absl::StrCat(limit),
                                    " may: ", FailedHosts());
    Fail(text);
  }

  void CheckProgress() {
    if (Held() || resyncing_ || draft_.state().aborting || AllEnded()) return;
    if (draft_.elapsed() < draft_.state().progress_at) return;
    Fail(absl::StrCat("no host has finished for ",
                      DurationText(draft_.base().policy.progress_deadline),
                      ": ", HostList(HostsThat(InFlight))));
  }

  void Admit() {
    if (Held() || resyncing_ || draft_.state().aborting) return;
    int room = draft_.base().policy.max_parallel - draft_.counts().in_flight;
    for (size_t i = 0; i < draft_.size() && room > 0; ++i) {
      if (draft_.step(i).phase != HostStepPhase::kPending) continue;
      if (fleet_.hosts[i].connected) {
        draft_.Admit(i);
        --room;
      } else {
        draft_.MoveStep(i, HostStepPhase::kSkipped, "not connected");
        draft_.Edit(i).skip = SkipReason::kUnreachable;
      }
    }
  }

  void Finish() {
    const StepCounts& counts = draft_.counts();
    if (draft_.state().aborting) {
      if (counts.in_flight == 0) EndAborted(draft_.state().abort_reason);
    } else if (!AllEnded()) {
      return;
    } else if (counts.failed > 0) {
      FinishWithFailures();
    } else if (counts.done > 0) {
      Succeed();
    } else {
      FinishWithNothing();
    }
  }

  // More would break "SUCCEEDED: every host that was not skipped runs it".
  void FinishWithFailures() {
    if (!MayFail()) return;
    Fail(absl::StrCat(draft_.counts().done, " of ",
                      Hosts(static_cast<int>(draft_.size())),
                      " done, to be retried or aborted: ", FailedHosts()));
    if (draft_.state().aborting) EndAborted(draft_.state().abort_reason);
  }

  void FinishWithNothing() {
    if (HostsSkippedFor(SkipReason::kUnreachable).empty()) {
      EndAborted("every host was removed from the fleet");
    } else if (MayFail()) {
      Fail("none of its hosts is connected");
      if (draft_.state().aborting) EndAborted(draft_.state().abort_reason);
    }
  }

  // Hosts that were out of reach converge when they return: what they then
  // get has been proven on the others.
  void Succeed() {
    std::string text = absl::StrCat(Hosts(draft_.counts().done), " done");
    for (size_t i = 0; i < draft_.size(); ++i) {
      if (draft_.step(i).skip == SkipReason::kUnreachable) draft_.AddTarget(i);
    }
    std::vector<std::string> away = HostsSkippedFor(SkipReason::kUnreachable);
    if (!away.empty()) {
      absl::StrAppend(&text,
                      "; not connected, to follow when back: ", HostList(away));
    }
    std::vector<std::string> gone = HostsSkippedFor(SkipReason::kRemoved);
    if (!gone.empty()) {
      absl::StrAppend(&text, "; removed from the fleet: ", HostList(gone));
    }
    draft_.SetProven();
    draft_.MoveTo(RolloutPhase::kSucceeded, text);
  }

  void EndAborted(const std::string& reason) {
    std::string text = absl::StrCat(
        reason, ". ",
        FinalStateText(
            draft_.base(), fleet_,
            [this](size_t i) -> const HostStep& { return draft_.step(i); }));
    for (size_t i = 0; i < draft_.size(); ++i) {
      if (draft_.step(i).phase != HostStepPhase::kPending) continue;
      draft_.MoveStepSilently(i, HostStepPhase::kSkipped,
                              "the rollout ended before its turn");
      draft_.Edit(i).skip = SkipReason::kEnded;
    }
    draft_.MoveTo(RolloutPhase::kAborted, text);
  }

  absl::Time WakeUp() const {
    const RolloutState& state = draft_.state();
    if (Terminal(state.phase)) return absl::InfiniteFuture();
    if (resyncing_) return fleet_.resync_until;
    absl::Duration next = absl::InfiniteDuration();
    if (!state.aborting && !AllEnded()) next = state.progress_at;
    for (size_t i = 0; i < draft_.size(); ++i) {
      if (!InFlight(draft_.step(i).phase)) continue;
      next = std::min(next, StepDeadline(draft_.base().policy, draft_.step(i)));
    }
    return next == absl::InfiniteDuration() ? absl::InfiniteFuture()
                                            : state.clock.When(next);
  }

  template <class Predicate>
  std::vector<std::string> HostsThat(Predicate predicate) const {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < draft_.size(); ++i) {
      const HostStep& step = draft_.step(i);
      if (predicate(step.phase)) hosts.push_back(step.host);
    }
    return hosts;
  }

  std::vector<std::string> HostsSkippedFor(SkipReason reason) const {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < draft_.size(); ++i) {
      const HostStep& step = draft_.step(i);
      if (step.skip == reason) hosts.push_back(step.host);
    }
    return hosts;
  }

  // One by its full text, more by name with the first one's text.
  std::string FailedHosts() const {
    std::vector<std::string> hosts;
    std::string first;
    for (size_t i = 0; i < draft_.size(); ++i) {
      const HostStep& step = draft_.step(i);
      if (step.phase != HostStepPhase::kFailed) continue;
      if (first.empty()) first = step.reason;
      hosts.push_back(step.host);
    }
    if (hosts.size() <= 1) return first;
    return absl::StrCat(HostList(hosts), "; the first: ", first);
  }

  const FleetView& fleet_;
  Draft draft_;
  bool resyncing_ = false;
};

}  // namespace

Plan PlanRollout(const Rollout& rollout, const FleetView& fleet, Moment now) {
  FLEET_CHECK(fleet.hosts.size() == rollout.steps.size());
  if (Terminal(rollout.state.phase)) {
    Plan plan;
    plan.state = rollout.state;
    return plan;
  }
  return Planning(rollout, fleet, now).Run();
}

}  // namespace fleet::controller
