#include "controller/rollout/new_rollout.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/rollout/draft.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::StatusOr<int> ResolveHosts(const std::string& field,
                                 const std::string& text, int hosts,
                                 int minimum) {
  auto number = ResolveNumberOrPercent(text, hosts, minimum);
  return number.ok() ? number : Annotate(number.status(), field);
}

absl::Status CheckPositive(const char* field, absl::Duration d) {
  if (d > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", DurationText(d), " is not more than 0"));
}

// Ready instances of a hundred; a host where nothing runs has none.
int Health(const HostView& view) {
  if (view.instances_total <= 0) return 0;
  return view.instances_ready * 100 / view.instances_total;
}

}  // namespace

absl::StatusOr<Policy> ResolvePolicy(const AppSpec& spec,
                                     const RolloutPolicySpec& policy,
                                     RolloutKind kind, int hosts,
                                     bool nothing_runs) {
  Policy resolved;
  std::string parallel = policy.max_parallel;
  if (parallel.empty()) parallel = nothing_runs ? "100%" : "1";
  ASSIGN_OR_RETURN(resolved.max_parallel,
                   ResolveHosts("max_parallel", parallel, hosts, 1));
  ASSIGN_OR_RETURN(
      resolved.max_failures,
      ResolveHosts("max_failures",
                   policy.max_failures.empty() ? "0" : policy.max_failures,
                   hosts, 0));
  resolved.on_failure = policy.on_failure.value_or(resolved.on_failure);
  resolved.progress_deadline =
      policy.progress_deadline.value_or(resolved.progress_deadline);
  RETURN_IF_ERROR(
      CheckPositive("progress_deadline", resolved.progress_deadline));
  StepPolicy& step = resolved.step;
  step.min_ready_time = policy.min_ready_time.value_or(step.min_ready_time);
  step.ready_deadline = policy.ready_deadline.value_or(spec.readiness.timeout);
  RETURN_IF_ERROR(CheckPositive("ready_deadline", step.ready_deadline));
  step.max_flaps = policy.max_flaps.value_or(step.max_flaps);
  step.strategy = kind == RolloutKind::kRestart ? ReloadStrategy::kStopFirst
                                                : EffectiveStrategy(spec);
  resolved.stop_time = spec.stop.kill_timeout;
  return resolved;
}

std::vector<HostStep> MakeSteps(std::vector<Candidate> candidates,
                                int64_t generation) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::make_tuple(!a.view.connected, !a.disturbed,
                                     Health(a.view), std::cref(a.host)) <
                     std::make_tuple(!b.view.connected, !b.disturbed,
                                     Health(b.view), std::cref(b.host));
            });
  std::vector<HostStep> steps;
  steps.reserve(candidates.size());
  for (Candidate& candidate : candidates) {
    HostStep step;
    step.host = std::move(candidate.host);
    step.generation = generation;
    steps.push_back(std::move(step));
  }
  return steps;
}

Plan BeginRollout(const Rollout& rollout, Moment now) {
  Draft draft(rollout, now, rollout.actor);
  std::string text = Name(rollout.kind);
  if (rollout.kind == RolloutKind::kDeploy) {
    absl::StrAppend(&text, " of revision ", rollout.to_revision);
  }
  draft.Record(absl::StrCat(text, " to ",
                            Hosts(static_cast<int>(rollout.steps.size())), ", ",
                            rollout.policy.max_parallel, " at a time"));
  return std::move(draft).Take();
}

}  // namespace fleet::controller
