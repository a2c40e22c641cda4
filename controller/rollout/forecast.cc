#include "controller/rollout/forecast.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"

namespace fleet::controller {
namespace {

bool WaitsForPromotion(const Policy& policy, int wave) {
  return wave == 0 && policy.waves > 1 &&
         policy.promotion == Promotion::kManual;
}

// Hosts that are in work at a time, as far as the policy alone says.
int Parallel(const Policy& policy) {
  int parallel = policy.max_parallel;
  if (StepCost(policy) > 0) {
    parallel = std::min(parallel, policy.max_unavailable / StepCost(policy));
  }
  return std::max(parallel, 1);
}

// Zones in the order of their first host, max_zones at a time: which turn a
// host's zone has, from 0, and how many of its wave's hosts have it before.
class ZoneTurns {
 public:
  explicit ZoneTurns(int max_zones) : max_(max_zones) {}

  struct Turn {
    int turn = 0;
    int place = 0;  // From 1.
  };
  Turn Next(const std::string& zone) {
    Turn next;
    if (max_ != kNoLimit) {
      const int order = static_cast<int>(zones_.size());
      next.turn = zones_.try_emplace(zone, order).first->second / max_;
    }
    next.place = ++hosts_[next.turn];
    return next;
  }
  // Rounds of `parallel` hosts.
  int Rounds(int parallel) const {
    int rounds = 0;
    for (const auto& [turn, hosts] : hosts_) {
      rounds += (hosts + parallel - 1) / parallel;
    }
    return rounds;
  }

 private:
  const int max_;
  std::map<std::string, int> zones_;
  std::map<int, int> hosts_;  // By turn.
};

std::string TurnText(const Policy& policy, int wave, ZoneTurns::Turn turn) {
  if (turn.turn > 0) {
    return absl::StrCat("the zones before it",
                        wave == 0 ? "" : absl::StrCat(" in wave ", wave + 1));
  }
  if (turn.place > Parallel(policy)) {
    return wave == 0 ? "a free slot"
                     : absl::StrCat("a free slot in wave ", wave + 1);
  }
  if (wave == 0) {
    return policy.pre_rollout.command.empty() ? "nothing" : "pre_rollout";
  }
  // What else follows that wave stands with it.
  return absl::StrCat(
      "wave ", wave,
      WaitsForPromotion(policy, wave - 1) ? ", and to be promoted" : "");
}

}  // namespace

std::string AfterWave(const Policy& policy, int wave) {
  std::vector<std::string> parts;
  if (policy.bake_time > absl::ZeroDuration()) {
    parts.push_back(absl::StrCat("bakes ", DurationText(policy.bake_time)));
  }
  for (const MetricGate& gate : policy.gates) {
    const bool first = &gate == policy.gates.data();
    parts.push_back(absl::StrCat(first ? "passes " : "", GateText(gate)));
  }
  if (WaitsForPromotion(policy, wave)) {
    parts.emplace_back("waits to be promoted");
  }
  const bool last = wave + 1 >= policy.waves;
  if (last && !policy.post_rollout.command.empty()) {
    parts.emplace_back("runs post_rollout");
  }
  return absl::StrJoin(parts, ", ");
}

std::vector<std::string> WaitsFor(const Rollout& rollout,
                                  const FleetView& fleet) {
  std::vector<std::string> texts(rollout.steps.size());
  std::vector<ZoneTurns> turns(static_cast<size_t>(rollout.policy.waves),
                               ZoneTurns(rollout.policy.max_zones));
  for (size_t i = 0; i < rollout.steps.size(); ++i) {
    const HostStep& step = rollout.steps[i];
    if (step.phase != HostStepPhase::kPending) continue;
    if (fleet.hosts[i].cordoned) {
      texts[i] = "cordoned: it is skipped until it is uncordoned";
    } else if (!fleet.hosts[i].connected) {
      texts[i] = "not connected: it is skipped until it is back";
    } else {
      texts[i] =
          TurnText(rollout.policy, step.wave, turns[step.wave].Next(step.zone));
    }
  }
  return texts;
}

absl::Duration TimeLeft(const Rollout& rollout, absl::Time now) {
  const RolloutState& state = rollout.state;
  // What has turned back, or only ends its steps, goes by no such figures.
  if (rollout.step_estimate <= absl::ZeroDuration() || Terminal(state.phase) ||
      state.phase == RolloutPhase::kRollingBack || state.aborting) {
    return {};
  }
  const Policy& policy = rollout.policy;
  std::vector<ZoneTurns> left(static_cast<size_t>(policy.waves),
                              ZoneTurns(policy.max_zones));
  for (const HostStep& step : rollout.steps) {
    if (!Ended(step.phase)) {
      left[std::max(step.wave, state.wave)].Next(step.zone);
    }
  }
  absl::Duration sum = BakeRemaining(rollout, now);
  for (int wave = state.wave; wave < policy.waves; ++wave) {
    sum += left[wave].Rounds(Parallel(policy)) * rollout.step_estimate;
    const bool bakes = wave > state.wave ||
                       (state.phase != RolloutPhase::kBaking && !state.baked);
    if (bakes) sum += policy.bake_time;
  }
  return sum;
}

absl::Duration Median(std::vector<absl::Duration> times) {
  if (times.empty()) return {};
  auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace fleet::controller
