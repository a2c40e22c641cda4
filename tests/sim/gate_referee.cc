#include "tests/sim/gate_referee.h"

#include "absl/algorithm/container.h"
#include "tests/sim/hook_referee.h"
#include "tests/sim/world.h"

namespace fleet::sim {

using controller::GateVerdict;
using controller::HoldKind;
using controller::Rollout;
using controller::RolloutPhase;

namespace {

// What was heard while the rollout was held is only looked at after that.
constexpr absl::Duration kHeardLate = absl::Seconds(15);

bool CountsAsPassed(const MetricGate& gate, GateVerdict verdict) {
  return verdict == GateVerdict::kPass ||
         (verdict == GateVerdict::kInconclusive &&
          gate.no_data == NoData::kPass);
}

bool AnyFailed(const Rollout& rollout) {
  return absl::c_any_of(rollout.state.gates, [](const auto& gate) {
    return gate.verdict == GateVerdict::kFail;
  });
}

}  // namespace

void GateReferee::OnGateAnswer(const MetricGate& gate, absl::Time asked_at,
                               GateVerdict verdict) {
  const bool no_data =
      verdict == GateVerdict::kInconclusive && gate.no_data == NoData::kFail;
  if (no_data) verdict = GateVerdict::kFail;
  Heard& heard = heard_[gate.url];
  const int64_t epoch = world_.controller.epoch();
  if (heard.epoch != epoch) heard = Heard();
  heard.epoch = epoch;
  heard.asked_at = asked_at;
  heard.verdict = verdict;
  heard.no_data = no_data;
  if (verdict != GateVerdict::kFail) {
    heard.fails_since = absl::InfiniteFuture();
    return;
  }
  const absl::Time now = world_.timeline.now();
  heard.fails_since = std::min(heard.fails_since, now);
  const bool at_once = no_data || gate.window == absl::ZeroDuration();
  heard.failed |=
      at_once || now - heard.fails_since >= gate.window + kHeardLate;
}

void GateReferee::CheckHead(const RolloutRecord& record, const Rollout& after) {
  const bool baked = record.head.state.phase == RolloutPhase::kBaking;
  const bool bakes = after.state.phase == RolloutPhase::kBaking;
  const bool passed = baked && (after.state.phase == RolloutPhase::kRolling ||
                                after.state.phase == RolloutPhase::kSucceeded);
  if (passed && !record.by_person && !record.promoted) {
    CheckPassed(record, after);
  }
  CheckAnswered(record, after);
  if (bakes && (!baked || record.by_person || baking_ != after.uid)) {
    heard_.clear();
    baking_ = after.uid;
    bake_begin_ = world_.timeline.now();
    bake_epoch_ = world_.controller.epoch();
  }
}

// What another controller was told is not known here.
void GateReferee::CheckPassed(const RolloutRecord& record,
                              const Rollout& after) {
  const int64_t epoch = world_.controller.epoch();
  for (const MetricGate& gate : after.policy.gates) {
    if (controller::IsSample(gate.source)) continue;
    auto fail = [&](const char* why) {
      world_.verdict.Fail("19", after.uid, " has baked, and its gate ",
                          GateText(gate), " ", why);
    };
    auto found = heard_.find(gate.url);
    const bool known = found != heard_.end() && found->second.epoch == epoch;
    if (!known) {
      if (bake_epoch_ == epoch) fail("was never heard of");
      continue;
    }
    const Heard& heard = found->second;
    if (!CountsAsPassed(gate, heard.verdict)) fail("did not pass at the end");
    if (heard.failed) fail("had failed");
    if (heard.asked_at < bake_begin_ + record.head.policy.bake_time &&
        bake_epoch_ == epoch) {
      fail("was not asked again when the bake time was over");
    }
  }
}

void GateReferee::CheckAnswered(const RolloutRecord& record,
                                const Rollout& after) const {
  const bool fails = AnyFailed(after) && !AnyFailed(record.head);
  if (!fails || record.by_person) return;
  CheckWindow(after);
  if (IsAnswered(after)) return;
  world_.verdict.Fail("19", after.uid,
                      " has failed a metric gate, and goes on");
}

void GateReferee::CheckWindow(const Rollout& after) const {
  for (size_t i = 0; i < after.state.gates.size(); ++i) {
    const MetricGate& gate = after.policy.gates[i];
    auto found = heard_.find(gate.url);
    const bool known = found != heard_.end() &&
                       found->second.epoch == world_.controller.epoch() &&
                       !found->second.no_data;
    if (after.state.gates[i].verdict != GateVerdict::kFail || !known) continue;
    const Heard& heard = found->second;
    if (world_.timeline.now() - heard.fails_since >= gate.window) continue;
    world_.verdict.Fail("19", after.uid, " fails its gate ", GateText(gate),
                        " before it has failed for its window");
  }
}

}  // namespace fleet::sim
