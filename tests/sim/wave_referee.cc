#include "tests/sim/wave_referee.h"

#include <string>

#include "absl/algorithm/container.h"
#include "tests/sim/world.h"

namespace fleet::sim {

using controller::HostStep;
using controller::HostStepPhase;
using controller::HostView;
using controller::Rollout;
using controller::RolloutPhase;

// One that is through when its wave has baked already has not baked with it.
void WaveReferee::OnStep(RolloutRecord& record, const HostStep& before,
                         const HostStep& after) const {
  const bool joins = after.phase == HostStepPhase::kDone &&
                     before.phase != HostStepPhase::kDone &&
                     after.wave == record.head.state.wave;
  if (!joins || record.head.state.phase == RolloutPhase::kBaking) return;
  record.baking.Reset();
  record.promoted = false;
}

void WaveReferee::Check(RolloutRecord& record, const Rollout& after) const {
  CheckNext(record, after);
  FollowBake(record, after);
}

// A wave begins when nobody of those before it is left, has been proven for as
// long as the policy says, and (the second one) when a person lets it.
void WaveReferee::CheckNext(const RolloutRecord& record,
                            const Rollout& after) const {
  const controller::RolloutState& was = record.head.state;
  if (after.state.wave < was.wave) {
    world_.verdict.Fail("10", after.uid, " goes back to wave ",
                        after.state.wave);
  }
  if (after.state.wave <= was.wave) return;
  for (const auto& [index, step] : record.steps) {
    // One that is REVERTING was done: the next wave failed at once.
    const bool open =
        step.phase == HostStepPhase::kPending ||
        (InFlight(step.phase) && step.phase != HostStepPhase::kReverting);
    if (step.wave <= was.wave && open) {
      world_.verdict.Fail("10", after.uid, " begins wave ", after.state.wave,
                          " and ", step.host, " of wave ", step.wave, " is ",
                          Name(step.phase));
    }
  }
  CheckBaked(record, was.wave);
  const bool by_hand =
      after.policy.promotion == Promotion::kManual && was.wave == 0;
  if (by_hand && !after.state.promoted) {
    world_.verdict.Fail("10", after.uid, " begins its second wave unasked");
  }
}

void WaveReferee::CheckBaked(const RolloutRecord& record, int wave) const {
  // Hosts that were all skipped, or failed and were forgiven, prove nothing.
  const bool proves = absl::c_any_of(record.steps, [&](const auto& s) {
    return s.second.wave == wave && s.second.phase == HostStepPhase::kDone;
  });
  const absl::Duration baked = record.baking.most();
  if (proves && baked < record.head.policy.bake_time && !record.promoted) {
    world_.verdict.Fail("10", record.head.uid, " is through with wave ", wave,
                        " after a bake of at most ",
                        absl::FormatDuration(baked));
  }
}

// A gate that no worker of the simulation is within.
void WaveReferee::CheckGates(const Rollout& after) const {
  for (const MetricGate& gate : after.policy.gates) {
    const bool never = gate.source == GateSource::kMemory &&
                       gate.max.value_or(kWorkerBytes) < kWorkerBytes;
    if (!never) continue;
    world_.verdict.Fail("10", after.uid, " has baked in spite of its gate ",
                        GateText(gate));
  }
}

// What got worse while it baked has not passed.
void WaveReferee::FollowBake(RolloutRecord& record,
                             const Rollout& after) const {
  const bool baked = record.head.state.phase == RolloutPhase::kBaking;
  const bool bakes = after.state.phase == RolloutPhase::kBaking;
  const auto& state = world_.controller.core().state;
  if (bakes && (!baked || record.by_person)) {
    record.bake_restarts.clear();
    for (const auto& [index, step] : record.steps) {
      if (step.phase != HostStepPhase::kDone) continue;
      const HostView view = state.View(step.host, after.app_uid);
      if (view.connected) record.bake_restarts[index] = view.restarts;
    }
  }
  // What follows may be in the same transaction.
  const bool passed = baked && (after.state.phase == RolloutPhase::kRolling ||
                                after.state.phase == RolloutPhase::kSucceeded);
  if (!passed || record.by_person || record.promoted) return;
  CheckGates(after);
  for (const auto& [index, restarts] : record.bake_restarts) {
    const HostStep& step = record.steps.at(index);
    const HostView view = state.View(step.host, after.app_uid);
    const bool worse = step.phase == HostStepPhase::kDone &&
                       step.wave == record.head.state.wave && view.connected &&
                       view.restarts > restarts;
    if (!worse) continue;
    world_.verdict.Fail("10", after.uid, " has baked, and ", step.host, " has ",
                        view.restarts - restarts, " restarts since it began");
  }
}

}  // namespace fleet::sim
