#include "controller/rollout/rollout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Duration Left(const Rollout& rollout, absl::Duration point,
                    absl::Time now) {
  return std::max(point - rollout.state.clock.Elapsed(now),
                  absl::ZeroDuration());
}

}  // namespace

bool Terminal(RolloutPhase phase) {
  switch (phase) {
    case RolloutPhase::kQueued:
    case RolloutPhase::kRolling:
    case RolloutPhase::kBaking:
    case RolloutPhase::kRollingBack:
      return false;
    case RolloutPhase::kSucceeded:
    case RolloutPhase::kAborted:
    case RolloutPhase::kSuperseded:
    case RolloutPhase::kRolledBack:
    case RolloutPhase::kRollbackFailed:
      return true;
  }
  FLEET_CHECK(false);
}

bool LegalTransition(RolloutPhase from, RolloutPhase to) {
  using P = RolloutPhase;
  const bool ended = to == P::kAborted || to == P::kSuperseded;
  switch (from) {
    case P::kQueued:
      return to == P::kRolling || to == P::kRollingBack || ended;
    case P::kRolling:
      return to == P::kBaking || to == P::kSucceeded || to == P::kRollingBack ||
             ended;
    case P::kBaking:
      return to == P::kRolling || to == P::kRollingBack || ended;
    case P::kRollingBack:
      return to == P::kRolledBack || to == P::kRollbackFailed || ended;
    case P::kSucceeded:
    case P::kAborted:
    case P::kSuperseded:
    case P::kRolledBack:
    case P::kRollbackFailed:
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
    case RolloutPhase::kBaking:
      return "BAKING";
    case RolloutPhase::kRollingBack:
      return "ROLLING_BACK";
    case RolloutPhase::kRolledBack:
      return "ROLLED_BACK";
    case RolloutPhase::kRollbackFailed:
      return "ROLLBACK_FAILED";
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
    case RolloutKind::kRollback:
      return "rollback";
  }
  FLEET_CHECK(false);
}

const char* Name(HoldKind kind) {
  switch (kind) {
    case HoldKind::kUser:
      return "USER";
    case HoldKind::kFailure:
      return "FAILURE";
    case HoldKind::kManualGate:
      return "MANUAL_GATE";
    case HoldKind::kBudget:
      return "BUDGET";
    case HoldKind::kMetric:
      return "METRIC";
    case HoldKind::kLeaderless:
      return "LEADERLESS";
  }
  FLEET_CHECK(false);
}

void StepCounts::Add(HostStepPhase phase, int n) {
  if (phase == HostStepPhase::kPending) pending += n;
  if (InFlight(phase)) in_flight += n;
  if (phase == HostStepPhase::kDone) done += n;
  if (phase == HostStepPhase::kFailed) failed += n;
  if (phase == HostStepPhase::kSkipped) skipped += n;
  if (phase == HostStepPhase::kReverted) reverted += n;
  if (phase == HostStepPhase::kRevertFailed) revert_failed += n;
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

bool ClockStands(const RolloutState& state) {
  return std::any_of(
      state.holds.begin(), state.holds.end(),
      [](const Hold& hold) { return hold.kind != HoldKind::kBudget; });
}

absl::Duration ProgressRemaining(const Rollout& rollout, absl::Time now) {
  if (rollout.state.phase == RolloutPhase::kQueued) {
    return rollout.policy.progress_deadline;
  }
  return Left(rollout, rollout.state.progress_at, now);
}

absl::Duration TotalRemaining(const Rollout& rollout, absl::Time now) {
  if (rollout.state.phase == RolloutPhase::kQueued) {
    return rollout.policy.total_deadline;
  }
  return Left(rollout, rollout.state.total_at, now);
}

absl::Duration BakeRemaining(const Rollout& rollout, absl::Time now) {
  if (rollout.state.phase != RolloutPhase::kBaking) return {};
  return Left(rollout, rollout.state.bake_until, now);
}

bool CanRollBack(const Rollout& rollout) {
  if (rollout.rollback_revision == 0) return false;
  switch (rollout.kind) {
    case RolloutKind::kReload:
    case RolloutKind::kRestart:
      return true;
    case RolloutKind::kDeploy:
      return rollout.rollback_revision != rollout.to_revision;
    case RolloutKind::kRollback:
      return false;
  }
  FLEET_CHECK(false);
}

std::string Etag(const Rollout& rollout) {
  return absl::StrCat(rollout.uid, "-", rollout.state.last_seq);
}

}  // namespace fleet::controller
