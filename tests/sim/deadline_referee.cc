#include "tests/sim/deadline_referee.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"

namespace fleet::sim {

using controller::HoldKind;
using controller::HookPhase;
using controller::HostStep;
using controller::HostStepPhase;
using controller::RolloutEvent;
using controller::RolloutPhase;
using controller::RolloutState;

namespace {

// For a plan that is made a little later.
constexpr absl::Duration kGrace = absl::Seconds(5);

bool IsLost(const HostStep& step) {
  return step.phase == HostStepPhase::kUnknown || step.away;
}

bool HookRuns(const RolloutState& state) {
  return state.pre_rollout.phase == HookPhase::kRunning ||
         state.post_rollout.phase == HookPhase::kRunning;
}

}  // namespace

void DeadlineReferee::CheckEarly(const RolloutRecord& record,
                                 const Stopwatch& since,
                                 absl::Duration deadline,
                                 const char* what) const {
  if (since.most() >= deadline) return;
  verdict_.Fail("13", record.head.uid, " gives up for want of ", what,
                " after at most ", absl::FormatDuration(since.most()), ", not ",
                absl::FormatDuration(deadline));
}

void DeadlineReferee::CheckLate(const RolloutRecord& record,
                                const Stopwatch& since, absl::Duration deadline,
                                const char* what) const {
  if (since.least() <= deadline + kGrace) return;
  verdict_.Fail("13", record.head.uid, " waits for ", what, " for ",
                absl::FormatDuration(since.least()), ", not ",
                absl::FormatDuration(deadline), ", and does not give up");
}

void DeadlineReferee::OnEvent(RolloutRecord& record,
                              const RolloutEvent& event) {
  const controller::Policy& policy = record.head.policy;
  // At the end it is told once more.
  if (event.host.empty() && !Terminal(event.phase)) {
    if (absl::StrContains(event.message, "no host has finished")) {
      CheckEarly(record, record.progress, policy.progress_deadline, "progress");
    }
    if (absl::StrContains(event.message, "it has taken longer than")) {
      CheckEarly(record, record.total, policy.total_deadline, "an end");
    }
  }
  const bool by_person = event.actor != "controller";
  if (by_person) record.total.MayReset();
  if (event.host_phase == HostStepPhase::kDone && !event.host.empty()) {
    record.progress.Reset();
  } else if (by_person || event.host.empty()) {
    record.progress.MayReset();
  }
}

void DeadlineReferee::OnStep(RolloutRecord& record, int64_t index,
                             const HostStep& before, const HostStep& after) {
  const controller::Policy& policy = record.head.policy;
  const bool failed = after.phase == HostStepPhase::kFailed ||
                      after.phase == HostStepPhase::kRevertFailed;
  if (failed && after.lost && !before.lost) {
    CheckEarly(record, record.lost[index], policy.unknown_grace,
               "a host that is lost");
  }
  if (failed &&
      absl::StrContains(after.reason, "has not finished its step within") &&
      before.phase != after.phase) {
    CheckEarly(record, record.working[index], policy.step_deadline, "a step");
  }
  if (!IsLost(after)) {
    record.lost.erase(index);
  } else if (!IsLost(before) || before.generation != after.generation) {
    // On the way back it is waited for anew.
    record.lost[index] = Stopwatch();
  }
  const bool begins = after.phase == HostStepPhase::kAdmitted ||
                      after.phase == HostStepPhase::kReverting;
  if (!InFlight(after.phase)) {
    record.working.erase(index);
  } else if (!InFlight(before.phase) ||
             (begins && before.generation != after.generation)) {
    record.working[index] = Stopwatch();
  }
}

void DeadlineReferee::PassSteps(RolloutRecord& record, absl::Duration time,
                                const ControllerTime& controller) {
  const controller::Policy& policy = record.head.policy;
  const bool bakes = record.head.state.phase == RolloutPhase::kBaking;
  for (auto& [index, since] : record.lost) {
    // Nobody waits for one that is done, but while its wave bakes.
    const HostStep& step = record.steps.at(index);
    const bool watched = bakes && step.wave == record.head.state.wave;
    if (!watched && !InFlight(step.phase)) continue;
    since.Pass(time, controller);
    CheckLate(record, since, policy.unknown_grace, "a host that is lost");
  }
  for (auto& [index, since] : record.working) {
    since.Pass(time, controller);
    if (policy.step_deadline == absl::ZeroDuration()) continue;
    if (record.lost.contains(index)) continue;
    CheckLate(record, since, policy.step_deadline, "a step");
  }
}

void DeadlineReferee::Pass(Records& records, absl::Duration time,
                           const ControllerTime& controller) {
  for (auto& [uid, record] : records) {
    const RolloutState& state = record.head.state;
    const controller::Policy& policy = record.head.policy;
    // Deadlines count from its first move.
    if (Terminal(state.phase) || state.phase == RolloutPhase::kQueued) continue;
    if (state.phase == RolloutPhase::kBaking) {
      record.baking.Pass(time, controller);
    }
    const bool stands = absl::c_any_of(state.holds, [](const auto& hold) {
      return hold.kind == HoldKind::kUser || hold.kind == HoldKind::kFailure;
    });
    if (stands) continue;
    const ControllerTime counted{
        controller.lives, controller.surely_works && state.holds.empty()};
    PassSteps(record, time, counted);
    if (state.aborting || state.phase == RolloutPhase::kRollingBack) continue;
    record.total.Pass(time, counted);
    CheckLate(record, record.total, policy.total_deadline, "an end");
    if (state.phase != RolloutPhase::kRolling || HookRuns(state)) continue;
    record.progress.Pass(time, counted);
    CheckLate(record, record.progress, policy.progress_deadline, "progress");
  }
}

void DeadlineReferee::OnControllerCrash(Records& records) {
  for (auto& [uid, record] : records) {
    record.progress.OnCrash();
    record.total.OnCrash();
    for (auto& [index, since] : record.working) since.OnCrash();
    for (auto& [index, since] : record.lost) since.OnCrash();
  }
}

}  // namespace fleet::sim
