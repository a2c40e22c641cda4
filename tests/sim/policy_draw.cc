#include "tests/sim/policy_draw.h"

#include "absl/strings/str_cat.h"
#include "tests/sim/behaviour.h"
#include "tests/sim/gate_servers.h"
#include "tests/sim/hook_script.h"

namespace fleet::sim {
namespace {

std::string NumberOrPercent(Random& random, int low, int high) {
  if (random.OneIn(2)) return absl::StrCat(low + random.Below(high - low + 1));
  return absl::StrCat(random.Below(101), "%");
}

void DrawWaves(Random& random, RolloutPolicySpec& policy) {
  if (random.OneIn(3)) policy.canary = NumberOrPercent(random, 1, 2);
  if (random.OneIn(4)) {
    policy.waves = {"1", "50%", "100%"};
  }
  if (random.OneIn(2)) {
    policy.bake_time = random.Between(absl::Seconds(1), absl::Seconds(30));
  }
  if (random.OneIn(4)) policy.promotion = Promotion::kManual;
}

void DrawHooks(Random& random, RolloutHooks& hooks, bool harmless) {
  if (random.OneIn(3)) hooks.pre_reload = DrawHook(random, harmless);
  if (random.OneIn(3)) hooks.post_reload = DrawHook(random, harmless);
  if (random.OneIn(3)) hooks.pre_rollout = DrawHook(random, harmless);
  if (random.OneIn(3)) hooks.post_rollout = DrawHook(random, harmless);
}

// One that workers of the simulation are within, or never are.
void DrawGate(Random& random, RolloutPolicySpec& policy) {
  if (!random.OneIn(3)) {
    policy.metric_gates.push_back(DrawOutsideGate(random));
    return;
  }
  MetricGate& gate = policy.metric_gates.emplace_back();
  gate.interval = random.Between(absl::Seconds(1), absl::Seconds(10));
  if (random.OneIn(2)) {
    gate.source = GateSource::kRestarts;
    gate.max = 0;
  } else {
    gate.source = GateSource::kMemory;
    gate.max = kWorkerBytes * (random.OneIn(3) ? 0.5 : 2);
  }
}

}  // namespace

RolloutPolicySpec DrawPolicy(Random& random) {
  RolloutPolicySpec policy;
  if (random.OneIn(2)) policy.max_parallel = NumberOrPercent(random, 1, 4);
  if (random.OneIn(2)) policy.max_failures = NumberOrPercent(random, 0, 3);
  if (random.OneIn(4)) policy.max_skipped = NumberOrPercent(random, 0, 3);
  if (random.OneIn(4)) policy.max_unavailable = NumberOrPercent(random, 0, 4);
  policy.min_ready_time =
      random.Between(absl::ZeroDuration(), absl::Seconds(3));
  policy.ready_deadline = random.Between(absl::Seconds(2), absl::Seconds(12));
  policy.progress_deadline =
      random.Between(absl::Seconds(20), absl::Seconds(240));
  policy.total_deadline = random.Between(absl::Seconds(60), absl::Seconds(900));
  policy.unknown_grace = random.Between(absl::Seconds(5), absl::Seconds(120));
  if (random.OneIn(4)) {
    policy.step_deadline = random.Between(absl::Seconds(10), absl::Seconds(90));
  }
  if (random.OneIn(2)) policy.max_flaps = random.Below(4);
  const OnFailure kActions[] = {OnFailure::kPause, OnFailure::kAbort,
                                OnFailure::kRollback, OnFailure::kRollback};
  policy.on_failure = kActions[random.Below(4)];
  DrawWaves(random, policy);
  if (random.OneIn(3)) DrawGate(random, policy);
  if (random.OneIn(6)) DrawGate(random, policy);
  if (random.OneIn(3)) DrawHooks(random, policy.hooks, false);
  if (random.OneIn(4)) {
    policy.zone_label = "zone";
    policy.max_zones = 1 + random.Below(2);
  }
  const HostOrder kOrders[] = {HostOrder::kHealth, HostOrder::kZone,
                               HostOrder::kName};
  policy.order = kOrders[random.Below(3)];
  return policy;
}

void DrawSpecHooks(Random& random, AppSpec& spec, bool harmless) {
  spec.rollout.hooks = {};
  if (random.OneIn(4)) DrawHooks(random, spec.rollout.hooks, harmless);
}

void DrawSpec(Random& random, AppSpec& spec) {
  spec.instances = 1 + random.Below(3);
  spec.reload_strategy =
      random.OneIn(3) ? ReloadStrategy::kStopFirst : ReloadStrategy::kSurge;
  spec.readiness.timeout = random.Between(absl::Seconds(3), absl::Seconds(12));
  spec.stop.kill_timeout = random.Between(absl::Seconds(1), absl::Seconds(5));
  spec.restart.max_restarts = 3 + random.Below(10);
  spec.restart.min_uptime =
      random.Between(absl::Milliseconds(200), absl::Seconds(2));
  if (random.OneIn(4)) {
    spec.restart.restart_delay =
        random.Between(absl::ZeroDuration(), absl::Seconds(2));
  }
}

Release DrawRelease(Random& random) {
  Release release;
  if (random.OneIn(2)) return release;
  release.kind = static_cast<ReleaseKind>(random.Below(kReleaseKinds));
  const int kPercents[] = {100, 100, 60, 30};
  release.host_percent = kPercents[random.Below(4)];
  return release;
}

}  // namespace fleet::sim
