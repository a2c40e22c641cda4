#include "controller/rollout/policy_resolver.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status Invalid(const std::string& why) {
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, why,
                         {"POLICY_INVALID", {}});
}

absl::Status CheckPolicy(const RolloutPolicySpec& policy) {
  absl::Status status;
  CheckRolloutPolicy(policy,
                     [&](absl::string_view field, absl::string_view why) {
                       if (!status.ok()) return;
                       status = Invalid(absl::StrCat(field, ": ", why));
                     });
  return status;
}

// Of a text that was checked. Empty: `otherwise`.
int Resolve(const std::string& text, const char* otherwise, int total,
            int minimum) {
  return ResolveNumberOrPercent(text.empty() ? otherwise : text, total, minimum)
      .value_or(minimum);
}

absl::Status ResolveUnavailable(const RolloutPolicySpec& policy,
                                const RolloutSize& size, Policy& resolved) {
  const std::string& text = policy.max_unavailable;
  const int cost = StepCost(resolved);
  if (text.empty()) {
    resolved.max_unavailable = cost * resolved.max_parallel;
    return absl::OkStatus();
  }
  // A percentage is never meant to be none at all.
  const bool percent = absl::EndsWith(text, "%");
  resolved.max_unavailable =
      Resolve(text, "0", size.instances, percent ? cost : 0);
  if (resolved.max_unavailable >= cost) return absl::OkStatus();
  return Invalid(absl::StrCat(
      "max_unavailable: ", text,
      " cannot be kept by a rollout that stops a worker before it starts the "
      "next; use at least 1, or let the app surge (reload: surge)"));
}

StepPolicy ResolveStep(const AppSpec& spec, const RolloutPolicySpec& policy,
                       RolloutKind kind) {
  StepPolicy step;
  step.min_ready_time = policy.min_ready_time.value_or(step.min_ready_time);
  step.ready_deadline = policy.ready_deadline.value_or(spec.readiness.timeout);
  step.max_flaps = policy.max_flaps.value_or(step.max_flaps);
  step.strategy = kind == RolloutKind::kRestart ? ReloadStrategy::kStopFirst
                                                : EffectiveStrategy(spec);
  step.pre_reload = policy.hooks.pre_reload;
  step.post_reload = policy.hooks.post_reload;
  return step;
}

void ResolveHosts(const RolloutPolicySpec& policy, const RolloutSize& size,
                  Policy& resolved) {
  const int hosts = size.hosts;
  resolved.max_parallel =
      Resolve(policy.max_parallel, size.nothing_runs ? "100%" : "1", hosts, 1);
  resolved.max_failures = Resolve(policy.max_failures, "0", hosts, 0);
  resolved.max_skipped = policy.max_skipped.empty()
                             ? Resolve("25%", "", hosts, 1)
                             : Resolve(policy.max_skipped, "", hosts, 0);
  resolved.waves = static_cast<int>(WaveEnds(policy, hosts).size());
  resolved.zone_label = policy.zone_label;
  if (!policy.zone_label.empty()) {
    resolved.max_zones = policy.max_zones.value_or(1);
  }
  resolved.order = policy.order.value_or(resolved.order);
}

void ResolveTimes(const RolloutPolicySpec& policy, Policy& resolved) {
  resolved.bake_time = policy.bake_time.value_or(resolved.bake_time);
  resolved.progress_deadline =
      policy.progress_deadline.value_or(resolved.progress_deadline);
  resolved.total_deadline =
      policy.total_deadline.value_or(resolved.total_deadline);
  resolved.step_deadline =
      policy.step_deadline.value_or(resolved.step_deadline);
  resolved.unknown_grace =
      policy.unknown_grace.value_or(resolved.unknown_grace);
}

}  // namespace

absl::StatusOr<Policy> ResolvePolicy(const AppSpec& spec,
                                     const RolloutPolicySpec& policy,
                                     RolloutKind kind,
                                     const RolloutSize& size) {
  RETURN_IF_ERROR(CheckPolicy(policy));
  Policy resolved;
  ResolveHosts(policy, size, resolved);
  ResolveTimes(policy, resolved);
  resolved.on_failure = policy.on_failure.value_or(resolved.on_failure);
  resolved.promotion = policy.promotion.value_or(resolved.promotion);
  resolved.step = ResolveStep(spec, policy, kind);
  resolved.pre_rollout = policy.hooks.pre_rollout;
  resolved.post_rollout = policy.hooks.post_rollout;
  resolved.gates = policy.metric_gates;
  resolved.stop_time = spec.stop.kill_timeout;
  RETURN_IF_ERROR(ResolveUnavailable(policy, size, resolved));
  return resolved;
}

std::vector<int> WaveEnds(const RolloutPolicySpec& policy, int hosts) {
  std::vector<std::string> waves = policy.waves;
  const bool canary =
      !policy.canary.empty() && Resolve(policy.canary, "0", hosts, 0) > 0;
  // "5%" of a few hosts is still a canary.
  const bool some = absl::EndsWith(policy.canary, "%") && policy.canary != "0%";
  if (canary || some) waves.insert(waves.begin(), policy.canary);
  std::vector<int> ends;
  for (const std::string& wave : waves) {
    const int end = std::min(Resolve(wave, "100%", hosts, 1), hosts);
    if (ends.empty() || end > ends.back()) ends.push_back(end);
  }
  if (ends.empty() || ends.back() < hosts) ends.push_back(hosts);
  return ends;
}

}  // namespace fleet::controller
