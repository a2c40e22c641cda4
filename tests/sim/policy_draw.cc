#include "tests/sim/policy_draw.h"

#include "absl/strings/str_cat.h"

namespace fleet::sim {
namespace {

std::string NumberOrPercent(Random& random, int low, int high) {
  if (random.OneIn(2)) return absl::StrCat(low + random.Below(high - low + 1));
  return absl::StrCat(random.Below(101), "%");
}

}  // namespace

RolloutPolicySpec DrawPolicy(Random& random) {
  RolloutPolicySpec policy;
  if (random.OneIn(2)) policy.max_parallel = NumberOrPercent(random, 1, 4);
  if (random.OneIn(2)) policy.max_failures = NumberOrPercent(random, 0, 3);
  policy.min_ready_time =
      random.Between(absl::ZeroDuration(), absl::Seconds(3));
  policy.ready_deadline = random.Between(absl::Seconds(2), absl::Seconds(12));
  policy.progress_deadline =
      random.Between(absl::Seconds(20), absl::Seconds(240));
  if (random.OneIn(2)) policy.max_flaps = random.Below(4);
  if (random.OneIn(2)) policy.on_failure = OnFailure::kAbort;
  return policy;
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
