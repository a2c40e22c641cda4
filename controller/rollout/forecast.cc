#include "controller/rollout/forecast.h"

#include <algorithm>
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

std::string TurnText(const Policy& policy, int wave, int place) {
  if (place > Parallel(policy)) {
    return wave == 0 ? "a free slot"
                     : absl::StrCat("a free slot in wave ", wave + 1);
  }
  if (wave == 0) {
    return policy.pre_rollout.command.empty() ? "nothing" : "pre_rollout";
  }
  std::string then = AfterWave(policy, wave - 1);
  return absl::StrCat("wave ", wave, then.empty() ? "" : ": ", then);
}

}  // namespace

std::string AfterWave(const Policy& policy, int wave) {
  std::vector<std::string> parts;
  if (policy.bake_time > absl::ZeroDuration()) {
    parts.push_back(absl::StrCat("bakes ", DurationText(policy.bake_time)));
  }
  for (const MetricGate& gate : policy.gates) {
    parts.push_back(absl::StrCat("passes ", GateText(gate)));
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
  std::vector<int> places(static_cast<size_t>(rollout.policy.waves));
  for (size_t i = 0; i < rollout.steps.size(); ++i) {
    const HostStep& step = rollout.steps[i];
    if (step.phase != HostStepPhase::kPending) continue;
    if (fleet.hosts[i].cordoned) {
      texts[i] = "cordoned: it is skipped until it is uncordoned";
    } else if (!fleet.hosts[i].connected) {
      texts[i] = "not connected: it is skipped until it is back";
    } else {
      texts[i] = TurnText(rollout.policy, step.wave, ++places[step.wave]);
    }
  }
  return texts;
}

absl::Duration TimeLeft(const Rollout& rollout, absl::Time now) {
  const RolloutState& state = rollout.state;
  if (rollout.step_estimate <= absl::ZeroDuration() || Terminal(state.phase) ||
      state.phase == RolloutPhase::kRollingBack) {
    return {};
  }
  const Policy& policy = rollout.policy;
  std::vector<int> left(static_cast<size_t>(policy.waves));
  for (const HostStep& step : rollout.steps) {
    if (!Ended(step.phase)) ++left[std::max(step.wave, state.wave)];
  }
  absl::Duration sum = BakeRemaining(rollout, now);
  for (int wave = state.wave; wave < policy.waves; ++wave) {
    const int rounds = (left[wave] + Parallel(policy) - 1) / Parallel(policy);
    sum += rounds * rollout.step_estimate;
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
