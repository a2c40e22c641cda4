#include "controller/rollout/planner.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/admission.h"
#include "controller/rollout/bake.h"
#include "controller/rollout/host_follower.h"
#include "controller/rollout/once_hook.h"
#include "controller/rollout/planning.h"
#include "controller/rollout/rollback.h"
#include "controller/rollout/rollout_text.h"
#include "controller/rollout/wave.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// Of one that has ended the end of the rollout may have to say what it runs.
bool MayBeAskedFor(const RolloutState& state, HostStepPhase phase) {
  const bool to_be_told =
      state.aborting || state.phase == RolloutPhase::kRollingBack;
  return !Ended(phase) || (to_be_told && phase != HostStepPhase::kDone &&
                           phase != HostStepPhase::kReverted);
}

std::vector<std::string> MissingHosts(const Planning& planning) {
  std::vector<std::string> missing;
  for (size_t i = 0; i < planning.draft().size(); ++i) {
    const HostView& view = planning.view(i);
    const HostStep& step = planning.draft().step(i);
    if (view.connected || view.removed) continue;
    if (!MayBeAskedFor(planning.state(), step.phase)) continue;
    missing.push_back(step.host);
  }
  return missing;
}

// After a start of the controller. What was lost with it was no pause of
// anybody's: it is told as a hold.
void Resync(Planning& planning) {
  std::vector<std::string> missing;
  if (planning.draft().now().steady < planning.fleet().resync_until) {
    missing = MissingHosts(planning);
  }
  planning.set_resyncing(!missing.empty());
  if (missing.empty()) {
    planning.draft().LiftHold(HoldKind::kLeaderless);
    return;
  }
  planning.WakeAt(planning.fleet().resync_until);
  if (HasHold(planning.state(), HoldKind::kLeaderless)) return;
  planning.draft().AddHold(
      HoldKind::kLeaderless,
      absl::StrCat("the controller has started and waits to hear from ",
                   HostList(missing)));
}

void Begin(Planning& planning) {
  Draft& draft = planning.draft();
  if (draft.state().phase == RolloutPhase::kQueued) {
    // It may have been paused before it began.
    const std::string message = draft.state().message;
    draft.MoveTo(RolloutPhase::kRolling, message);
    draft.RestartProgress();
    draft.RestartTotal();
  }
  Resync(planning);
  if (ClockStands(draft.state())) {
    draft.state().clock.Stop(draft.now().steady);
  } else {
    draft.state().clock.Run(draft.now().steady);
  }
}

void FollowAll(Planning& planning) {
  planning.tally() = {};
  for (size_t i = 0; i < planning.draft().size(); ++i) {
    if (planning.draft().Full()) return;
    FollowHost(planning, i);
    planning.Count(i);
  }
}

// True: it has failed just now.
bool CheckFailureLimit(Planning& planning) {
  const RolloutState& state = planning.state();
  int counted = state.failures - state.forgiven;
  int limit = planning.policy().max_failures;
  if (!planning.MayFail() || counted <= limit) return false;
  planning.Fail(
      absl::StrCat(Hosts(counted), " failed (max_failures ", limit,
                   "): ", planning.FailedHosts(HostStepPhase::kFailed)));
  return true;
}

std::string WhoIsAwaited(const Planning& planning) {
  std::vector<std::string> hosts = planning.HostsThat(
      [](const HostStep& step) { return InFlight(step.phase); });
  if (!hosts.empty()) return HostList(hosts);
  const std::string& message = planning.state().message;
  return message.empty() ? "nobody is in work" : message;
}

// While a hook runs, and in a bake, other deadlines count. When all hosts are
// through, post_rollout may still wait for one that can run it.
bool ProgressCounts(const Planning& planning) {
  const RolloutState& state = planning.state();
  return state.phase == RolloutPhase::kRolling &&
         state.pre_rollout.phase != HookPhase::kRunning &&
         state.post_rollout.phase != HookPhase::kRunning;
}

bool CheckDeadlines(Planning& planning) {
  if (planning.Held() || !planning.MayFail()) return false;
  const RolloutState& state = planning.state();
  const Policy& policy = planning.policy();
  absl::Duration elapsed = planning.draft().elapsed();
  if (elapsed >= state.total_at) {
    planning.Fail(absl::StrCat("it has taken longer than ",
                               DurationText(policy.total_deadline), ": ",
                               WhoIsAwaited(planning)));
    return true;
  }
  if (!ProgressCounts(planning) || elapsed < state.progress_at) return false;
  planning.Fail(absl::StrCat("no host has finished for ",
                             DurationText(policy.progress_deadline), ": ",
                             WhoIsAwaited(planning)));
  return true;
}

bool HookRuns(const RolloutState& state) {
  return state.pre_rollout.phase == HookPhase::kRunning ||
         state.post_rollout.phase == HookPhase::kRunning;
}

// What began is seen to its end before the rollout ends or turns back.
bool AwaitHook(Planning& planning) {
  if (planning.state().pre_rollout.phase == HookPhase::kRunning) {
    AdvanceHook(planning, OnceHook::kPreRollout);
  }
  if (planning.state().post_rollout.phase == HookPhase::kRunning) {
    AdvanceHook(planning, OnceHook::kPostRollout);
  }
  return HookRuns(planning.state());
}

bool Roll(Planning& planning) {
  if (planning.resyncing()) return false;
  if (planning.Held()) return SucceedIfDone(planning);
  HookProgress hook = AdvanceHook(planning, OnceHook::kPreRollout);
  if (hook == HookProgress::kFailedNow) return true;
  if (hook == HookProgress::kWaits && HookRuns(planning.state())) return false;
  const bool changed = AdmitHosts(planning);
  if (planning.draft().Full()) return false;
  const bool failed = planning.Held() || planning.state().aborting ||
                      planning.state().phase != RolloutPhase::kRolling;
  if (failed) return true;
  if (changed) planning.Recount();
  return AdvanceWave(planning);
}

// One move. True: look again, something else may follow at once.
bool Advance(Planning& planning) {
  const RolloutState& state = planning.state();
  if (Terminal(state.phase) || planning.draft().Full()) return false;
  const bool back = state.phase == RolloutPhase::kRollingBack;
  if (state.aborting || back) {
    if (AwaitHook(planning)) return false;
    Resync(planning);  // It may have failed just now.
    if (planning.resyncing()) return false;
    return state.aborting ? EndIfIdle(planning) : AdvanceRollback(planning);
  }
  if (CheckFailureLimit(planning) || CheckDeadlines(planning)) return true;
  if (state.phase == RolloutPhase::kBaking) return AdvanceBake(planning);
  return Roll(planning);
}

void WakeAtDeadlines(Planning& planning) {
  const RolloutState& state = planning.state();
  if (Terminal(state.phase) || state.aborting ||
      state.phase == RolloutPhase::kRollingBack) {
    return;
  }
  planning.WakeAtPoint(state.total_at);
  if (ProgressCounts(planning)) planning.WakeAtPoint(state.progress_at);
}

}  // namespace

Plan PlanRollout(const Rollout& rollout, const FleetView& fleet, Moment now) {
  FLEET_CHECK(fleet.hosts.size() == rollout.steps.size());
  if (Terminal(rollout.state.phase)) {
    Plan plan;
    plan.state = rollout.state;
    return plan;
  }
  Planning planning(rollout, fleet, now);
  Begin(planning);
  FollowAll(planning);
  // Who has its turn again only now is waited for as well.
  if (!planning.resyncing()) Resync(planning);
  RolloutPhase before = planning.state().phase;
  while (Advance(planning)) {
    RolloutPhase phase = std::exchange(before, planning.state().phase);
    // From now on its hosts are looked at in another way.
    if (before == RolloutPhase::kBaking && phase != before) FollowAll(planning);
  }
  if (planning.draft().Full()) planning.WakeAt(now.steady);
  WakeAtDeadlines(planning);
  absl::Time wake_up = Terminal(planning.state().phase) ? absl::InfiniteFuture()
                                                        : planning.wake_up();
  return std::move(planning.draft()).Take(wake_up);
}

}  // namespace fleet::controller
