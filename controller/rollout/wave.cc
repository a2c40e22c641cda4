#include "controller/rollout/wave.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/bake.h"
#include "controller/rollout/forecast.h"
#include "controller/rollout/once_hook.h"
#include "controller/rollout/rollout_text.h"

namespace fleet::controller {
namespace {

std::vector<std::string> HostsSkippedFor(const Planning& planning,
                                         SkipReason reason) {
  return planning.HostsThat([reason](const HostStep& step) {
    return step.phase == HostStepPhase::kSkipped && step.skip == reason;
  });
}

// Hosts that were out of reach converge when they return: what they then get
// has been proven on the others.
void Succeed(Planning& planning) {
  Draft& draft = planning.draft();
  std::string text = absl::StrCat(Hosts(draft.counts().done), " done");
  for (size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).phase == HostStepPhase::kSkipped &&
        draft.step(i).skip == SkipReason::kUnreachable) {
      draft.AddTarget(i);
    }
  }
  const struct {
    SkipReason reason;
    const char* words;
  } groups[] = {
      {SkipReason::kUnreachable, "; not connected, to follow when back: "},
      {SkipReason::kCordoned, "; cordoned: "},
      {SkipReason::kRemoved, "; removed from the fleet: "}};
  for (const auto& group : groups) {
    std::vector<std::string> hosts = HostsSkippedFor(planning, group.reason);
    if (!hosts.empty()) absl::StrAppend(&text, group.words, HostList(hosts));
  }
  std::vector<absl::Duration> times;
  for (size_t i = 0; i < draft.size(); ++i) {
    const HostStep& step = draft.step(i);
    if (step.phase == HostStepPhase::kDone &&
        step.end_time >= step.admit_time) {
      times.push_back(step.end_time - step.admit_time);
    }
  }
  draft.state().step_time = Median(std::move(times));
  draft.SetProven();
  draft.MoveTo(RolloutPhase::kSucceeded, text);
}

// More would break "SUCCEEDED: every host that was not skipped runs it". It is
// no reason to turn back: so many were allowed to fail.
bool FinishWithFailures(Planning& planning) {
  if (!planning.MayFail()) return false;
  Draft& draft = planning.draft();
  std::string text = absl::StrCat(draft.counts().done, " of ",
                                  Hosts(static_cast<int>(draft.size())),
                                  " done, to be retried or aborted: ",
                                  planning.FailedHosts(HostStepPhase::kFailed));
  if (planning.policy().on_failure == OnFailure::kAbort) {
    planning.Fail(text);
  } else {
    draft.AddHold(HoldKind::kFailure, text);
  }
  return true;
}

void EndAborted(Planning& planning, const std::string& reason) {
  if (!SkipRest(planning)) return;
  planning.draft().MoveTo(RolloutPhase::kAborted,
                          absl::StrCat(reason, ". ", planning.FinalState()));
}

bool FinishWithNothing(Planning& planning) {
  if (HostsSkippedFor(planning, SkipReason::kUnreachable).empty() &&
      HostsSkippedFor(planning, SkipReason::kCordoned).empty()) {
    EndAborted(planning, "every host was removed from the fleet");
    return true;
  }
  if (!planning.MayFail()) return false;
  planning.Fail("none of its hosts is connected and takes rollouts");
  return true;
}

bool Finish(Planning& planning) {
  const StepCounts& counts = planning.draft().counts();
  if (counts.failed > 0) return FinishWithFailures(planning);
  if (counts.done == 0) return FinishWithNothing(planning);
  switch (AdvanceHook(planning, OnceHook::kPostRollout)) {
    case HookProgress::kWaits:
      return false;
    case HookProgress::kFailedNow:
      return true;
    case HookProgress::kPassed:
      break;
  }
  Succeed(planning);
  return true;
}

// Its hosts are through. True: it bakes now, or has failed.
bool Conclude(Planning& planning) {
  const Tally& tally = planning.tally();
  RolloutState& state = planning.state();
  const bool none_done = tally.wave_done == 0 && tally.wave_failed > 0;
  if (none_done && state.forgiven_wave < state.wave &&
      planning.policy().waves > 1) {
    if (planning.MayFail()) {
      planning.Fail(absl::StrCat(WaveText(planning),
                                 " failed, no host of it is done: ",
                                 planning.FailedHosts(HostStepPhase::kFailed)));
    }
    return true;
  }
  if (tally.wave_done > 0 && Bakes(planning.policy())) {
    BeginBake(planning);
    return true;
  }
  state.baked = true;
  planning.draft().Save();
  return false;
}

bool NextWave(Planning& planning) {
  RolloutState& state = planning.state();
  Draft& draft = planning.draft();
  const bool asks = state.wave == 0 && !state.promoted &&
                    planning.policy().promotion == Promotion::kManual;
  if (asks) {
    draft.AddHold(
        HoldKind::kManualGate,
        absl::StrCat(WaveText(planning), " is well; it waits to be promoted"));
    return false;
  }
  ++state.wave;
  state.baked = false;
  planning.Recount();
  draft.Record(absl::StrCat(WaveText(planning),
                            " begins: ", Hosts(planning.tally().open)));
  return true;
}

}  // namespace

bool AdvanceWave(Planning& planning) {
  const Tally& tally = planning.tally();
  if (tally.open > 0 || !tally.in_flight.empty()) return false;
  if (!planning.state().baked && Conclude(planning)) {
    return planning.state().phase != RolloutPhase::kRolling ||
           planning.state().aborting;
  }
  if (planning.state().wave + 1 < planning.policy().waves) {
    return NextWave(planning);
  }
  return Finish(planning);
}

bool SucceedIfDone(Planning& planning) {
  const StepCounts& counts = planning.draft().counts();
  const Policy& policy = planning.policy();
  const RolloutState& state = planning.state();
  const bool nobody_left = counts.pending == 0 && counts.in_flight == 0 &&
                           counts.failed == 0 && counts.done > 0;
  const bool nothing_left = state.wave + 1 >= policy.waves &&
                            (state.baked || !Bakes(policy)) &&
                            (policy.post_rollout.command.empty() ||
                             state.post_rollout.phase == HookPhase::kDone);
  if (!nobody_left || !nothing_left) return false;
  Succeed(planning);
  return true;
}

bool SkipRest(Planning& planning) {
  Draft& draft = planning.draft();
  if (draft.counts().pending == 0) return true;
  for (size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).phase != HostStepPhase::kPending) continue;
    if (draft.Full()) return false;
    draft.MoveStepSilently(i, HostStepPhase::kSkipped,
                           "the rollout ended before its turn");
    draft.Edit(i).skip = SkipReason::kEnded;
  }
  return true;
}

bool EndIfIdle(Planning& planning) {
  if (planning.draft().counts().in_flight > 0) return false;
  EndAborted(planning, planning.state().end_reason);
  return true;
}

}  // namespace fleet::controller
