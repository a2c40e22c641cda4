#include "controller/rollout/rollout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

bool Terminal(RolloutPhase phase) {
  return phase != RolloutPhase::kQueued && phase != RolloutPhase::kRolling;
}

bool LegalTransition(RolloutPhase from, RolloutPhase to) {
  switch (from) {
    case RolloutPhase::kQueued:
      return to != RolloutPhase::kQueued && to != RolloutPhase::kSucceeded;
    case RolloutPhase::kRolling:
      return Terminal(to);
    case RolloutPhase::kSucceeded:
    case RolloutPhase::kAborted:
    case RolloutPhase::kSuperseded:
      return false;
  }
  FLEET_CHECK(false);
}

const char* Name(RolloutPhase phase) {
  switch (phase) {
    case RolloutPhase::kQueued:
      return "QUEUED";
    case RolloutPhase::kRolling:
      return "ROLLING";
    case RolloutPhase::kSucceeded:
      return "SUCCEEDED";
    case RolloutPhase::kAborted:
      return "ABORTED";
    case RolloutPhase::kSuperseded:
      return "SUPERSEDED";
  }
  FLEET_CHECK(false);
}

const char* Name(RolloutKind kind) {
  switch (kind) {
    case RolloutKind::kReload:
      return "reload";
    case RolloutKind::kRestart:
      return "restart";
    case RolloutKind::kDeploy:
      return "deploy";
  }
  FLEET_CHECK(false);
}

void StepCounts::Add(HostStepPhase phase, int n) {
  if (phase == HostStepPhase::kPending) pending += n;
  if (InFlight(phase)) in_flight += n;
  if (phase == HostStepPhase::kDone) done += n;
  if (phase == HostStepPhase::kFailed) failed += n;
  if (phase == HostStepPhase::kSkipped) skipped += n;
}

StepCounts Count(const std::vector<HostStep>& steps) {
  StepCounts counts;
  for (const HostStep& step : steps) counts.Add(step.phase, 1);
  return counts;
}

bool HasHold(const RolloutState& state, HoldKind kind) {
  return std::any_of(state.holds.begin(), state.holds.end(),
                     [kind](const Hold& hold) { return hold.kind == kind; });
}

absl::Duration ProgressRemaining(const Rollout& rollout, absl::Time now) {
  if (rollout.state.phase == RolloutPhase::kQueued) {
    return rollout.policy.progress_deadline;
  }
  return std::max(rollout.state.progress_at - rollout.state.clock.Elapsed(now),
                  absl::ZeroDuration());
}

std::string Etag(const Rollout& rollout) {
  return absl::StrCat(rollout.uid, "-", rollout.state.last_seq);
}

}  // namespace fleet::controller
