#include "controller/rollout/bake.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "controller/rollout/gate_look.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/quantity.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kLongestBlip = absl::Seconds(5);

// "wave 1 of 3", "the rollout".
std::string What(const Planning& planning) {
  std::string wave = WaveText(planning);
  return wave.empty() ? "the rollout" : wave;
}

void GotWorse(Planning& planning, size_t i, const std::string& reason,
              bool lost) {
  Draft& draft = planning.draft();
  draft.MoveStep(i, HostStepPhase::kFailed, reason);
  draft.Edit(i).lost = lost;
  ++draft.state().failures;
  if (draft.state().bake_failure.empty()) draft.state().bake_failure = reason;
}

void WatchLost(Planning& planning, size_t i) {
  Draft& draft = planning.draft();
  if (!draft.step(i).away) {
    HostStep& step = draft.EditAndSave(i);
    step.away = true;
    step.unknown_at = draft.elapsed();
  }
  absl::Duration limit =
      draft.step(i).unknown_at + planning.policy().unknown_grace;
  if (draft.elapsed() < limit) return planning.WakeAtPoint(limit);
  GotWorse(planning, i,
           absl::StrCat(draft.step(i).host, " has been out of reach for ",
                        DurationText(planning.policy().unknown_grace),
                        " while its wave baked"),
           true);
}

// Not `wanted` when the app was scaled down meanwhile.
int Missing(const HostStep& step, const HostView& view) {
  int wanted = std::min(step.progress.slots_total, view.instances_total);
  return std::max(wanted - view.instances_ready, 0);
}

void WatchReadiness(Planning& planning, size_t i) {
  Draft& draft = planning.draft();
  const HostView& view = planning.view(i);
  const int missing = Missing(draft.step(i), view);
  if (missing == 0) {
    if (draft.step(i).unready_at != absl::InfiniteDuration()) {
      draft.Edit(i).unready_at = absl::InfiniteDuration();
    }
    return;
  }
  if (draft.step(i).unready_at == absl::InfiniteDuration()) {
    draft.Edit(i).unready_at = draft.elapsed();
  }
  absl::Duration limit =
      draft.step(i).unready_at +
      std::min(planning.policy().step.min_ready_time, kLongestBlip);
  if (draft.elapsed() < limit) return planning.WakeAtPoint(limit);
  GotWorse(planning, i,
           WorseText(
               draft.base(), draft.step(i), view,
               absl::StrCat(missing, " of ", Instances(view.instances_total),
                            missing == 1 ? " is not ready" : " are not ready")),
           false);
}

// It is no longer waited for.
void ForgetHost(Draft& draft, size_t i) {
  const HostStep& step = draft.step(i);
  if (step.away) draft.EditAndSave(i).away = false;
  if (step.unready_at != absl::InfiniteDuration()) {
    draft.Edit(i).unready_at = absl::InfiniteDuration();
  }
}

}  // namespace

bool Bakes(const Policy& policy) {
  return policy.bake_time > absl::ZeroDuration() || !policy.gates.empty();
}

void BeginBake(Planning& planning) {
  Draft& draft = planning.draft();
  RestartBake(draft);
  draft.MoveTo(RolloutPhase::kBaking,
               planning.policy().bake_time > absl::ZeroDuration()
                   ? absl::StrCat(What(planning), " bakes for ",
                                  DurationText(planning.policy().bake_time))
                   : absl::StrCat("the metric gates of ", What(planning),
                                  " are looked at"));
}

void RestartBake(Draft& draft) {
  RolloutState& state = draft.state();
  state.bake_until = draft.elapsed() + draft.policy().bake_time;
  state.bake_failure.clear();
  ResetGates(draft);
}

void WatchHost(Planning& planning, size_t i) {
  Draft& draft = planning.draft();
  const HostView& view = planning.view(i);
  if (view.removed) return ForgetHost(draft, i);
  if (!view.connected) {
    if (!planning.resyncing()) WatchLost(planning, i);
    return;
  }
  if (draft.step(i).away) draft.EditAndSave(i).away = false;
  // Saved: a controller that starts in the middle of a bake must know it. An
  // agent that started anew counts from zero.
  const int64_t before = draft.step(i).restarts_before;
  if (before < 0 || view.restarts < before) {
    draft.EditAndSave(i).restarts_before = view.restarts;
  }
  const int64_t restarts = view.restarts - draft.step(i).restarts_before;
  if (restarts > 0) {
    GotWorse(planning, i,
             WorseText(draft.base(), draft.step(i), view,
                       absl::StrCat(restarts,
                                    restarts == 1 ? " restart" : " restarts")),
             false);
    return;
  }
  WatchReadiness(planning, i);
}

bool AdvanceBake(Planning& planning) {
  Draft& draft = planning.draft();
  RolloutState& state = draft.state();
  const bool only_metric = std::all_of(
      state.holds.begin(), state.holds.end(),
      [](const Hold& hold) { return hold.kind == HoldKind::kMetric; });
  if (planning.resyncing() || !only_metric) return false;
  if (!state.bake_failure.empty()) {
    std::string reason = absl::StrCat(
        What(planning), " failed while it baked: ", state.bake_failure);
    state.bake_failure.clear();
    planning.Fail(reason);
    return true;
  }
  const bool over = draft.elapsed() >= state.bake_until;
  if (!over) planning.WakeAtPoint(state.bake_until);
  GateVerdict verdict = LookAtGates(planning, over);
  if (verdict == GateVerdict::kFail) {
    planning.Fail(absl::StrCat(What(planning), " failed its metric gate ",
                               FailedGate(planning)));
    return true;
  }
  if (!over || planning.tally().unsteady > 0) return false;
  if (verdict == GateVerdict::kInconclusive) {
    if (!HasHold(state, HoldKind::kMetric)) {
      draft.AddHold(
          HoldKind::kMetric,
          absl::StrCat("no answer from metric gate ", SilentGate(planning)));
    }
    return false;
  }
  if (verdict == GateVerdict::kNone) return false;
  draft.LiftHold(HoldKind::kMetric);
  state.baked = true;
  draft.MoveTo(RolloutPhase::kRolling, "");
  draft.RestartProgress();
  return true;
}

}  // namespace fleet::controller
