#include "controller/rollout_enum_proto.h"

#include "proto/rpc/status.h"

namespace fleet::controller {

v1::RolloutKind ToProto(RolloutKind kind) {
  switch (kind) {
    case RolloutKind::kReload:
      return v1::ROLLOUT_KIND_RELOAD;
    case RolloutKind::kRestart:
      return v1::ROLLOUT_KIND_RESTART;
    case RolloutKind::kDeploy:
      return v1::ROLLOUT_KIND_DEPLOY;
    case RolloutKind::kRollback:
      return v1::ROLLOUT_KIND_ROLLBACK;
  }
  FLEET_CHECK(false);
}

v1::RolloutPhase ToProto(RolloutPhase phase) {
  switch (phase) {
    case RolloutPhase::kQueued:
      return v1::ROLLOUT_PHASE_QUEUED;
    case RolloutPhase::kRolling:
      return v1::ROLLOUT_PHASE_ROLLING;
    case RolloutPhase::kSucceeded:
      return v1::ROLLOUT_PHASE_SUCCEEDED;
    case RolloutPhase::kAborted:
      return v1::ROLLOUT_PHASE_ABORTED;
    case RolloutPhase::kSuperseded:
      return v1::ROLLOUT_PHASE_SUPERSEDED;
    case RolloutPhase::kBaking:
      return v1::ROLLOUT_PHASE_BAKING;
    case RolloutPhase::kRollingBack:
      return v1::ROLLOUT_PHASE_ROLLING_BACK;
    case RolloutPhase::kRolledBack:
      return v1::ROLLOUT_PHASE_ROLLED_BACK;
    case RolloutPhase::kRollbackFailed:
      return v1::ROLLOUT_PHASE_ROLLBACK_FAILED;
  }
  FLEET_CHECK(false);
}

v1::HoldKind ToProto(HoldKind kind) {
  switch (kind) {
    case HoldKind::kUser:
      return v1::HOLD_KIND_USER;
    case HoldKind::kFailure:
      return v1::HOLD_KIND_FAILURE;
    case HoldKind::kManualGate:
      return v1::HOLD_KIND_MANUAL_GATE;
    case HoldKind::kBudget:
      return v1::HOLD_KIND_BUDGET;
    case HoldKind::kMetric:
      return v1::HOLD_KIND_METRIC;
    case HoldKind::kLeaderless:
      return v1::HOLD_KIND_LEADERLESS;
  }
  FLEET_CHECK(false);
}

v1::HostStepPhase ToProto(HostStepPhase phase) {
  switch (phase) {
    case HostStepPhase::kPending:
      return v1::HOST_STEP_PHASE_PENDING;
    case HostStepPhase::kAdmitted:
      return v1::HOST_STEP_PHASE_ADMITTED;
    case HostStepPhase::kApplying:
      return v1::HOST_STEP_PHASE_APPLYING;
    case HostStepPhase::kVerifying:
      return v1::HOST_STEP_PHASE_VERIFYING;
    case HostStepPhase::kDone:
      return v1::HOST_STEP_PHASE_DONE;
    case HostStepPhase::kFailed:
      return v1::HOST_STEP_PHASE_FAILED;
    case HostStepPhase::kUnknown:
      return v1::HOST_STEP_PHASE_UNKNOWN;
    case HostStepPhase::kSkipped:
      return v1::HOST_STEP_PHASE_SKIPPED;
    case HostStepPhase::kReverting:
      return v1::HOST_STEP_PHASE_REVERTING;
    case HostStepPhase::kReverted:
      return v1::HOST_STEP_PHASE_REVERTED;
    case HostStepPhase::kRevertFailed:
      return v1::HOST_STEP_PHASE_REVERT_FAILED;
  }
  FLEET_CHECK(false);
}

v1::StepPhase ToProto(StepReportPhase phase) {
  switch (phase) {
    case StepReportPhase::kNone:
      return v1::STEP_PHASE_UNSPECIFIED;
    case StepReportPhase::kApplying:
      return v1::STEP_PHASE_APPLYING;
    case StepReportPhase::kVerifying:
      return v1::STEP_PHASE_VERIFYING;
    case StepReportPhase::kDone:
      return v1::STEP_PHASE_DONE;
    case StepReportPhase::kFailed:
      return v1::STEP_PHASE_FAILED;
  }
  FLEET_CHECK(false);
}

v1::SkipReason ToProto(SkipReason reason) {
  switch (reason) {
    case SkipReason::kNone:
      return v1::SKIP_REASON_UNSPECIFIED;
    case SkipReason::kUnreachable:
      return v1::SKIP_REASON_UNREACHABLE;
    case SkipReason::kRemoved:
      return v1::SKIP_REASON_REMOVED;
    case SkipReason::kEnded:
      return v1::SKIP_REASON_ENDED;
    case SkipReason::kCordoned:
      return v1::SKIP_REASON_CORDONED;
  }
  FLEET_CHECK(false);
}

v1::GateVerdict ToProto(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kNone:
      return v1::GATE_VERDICT_UNSPECIFIED;
    case GateVerdict::kPass:
      return v1::GATE_VERDICT_PASS;
    case GateVerdict::kFail:
      return v1::GATE_VERDICT_FAIL;
    case GateVerdict::kInconclusive:
      return v1::GATE_VERDICT_INCONCLUSIVE;
  }
  FLEET_CHECK(false);
}

v1::HookPhase ToProto(HookPhase phase) {
  switch (phase) {
    case HookPhase::kNone:
      return v1::HOOK_PHASE_UNSPECIFIED;
    case HookPhase::kRunning:
      return v1::HOOK_PHASE_RUNNING;
    case HookPhase::kDone:
      return v1::HOOK_PHASE_DONE;
    case HookPhase::kFailed:
      return v1::HOOK_PHASE_FAILED;
  }
  FLEET_CHECK(false);
}

absl::StatusOr<RolloutKind> KindFromProto(v1::RolloutKind kind) {
  if (kind == v1::ROLLOUT_KIND_RELOAD) return RolloutKind::kReload;
  if (kind == v1::ROLLOUT_KIND_RESTART) return RolloutKind::kRestart;
  if (kind == v1::ROLLOUT_KIND_ROLLBACK) return RolloutKind::kRollback;
  return absl::InvalidArgumentError(
      "kind: RELOAD, RESTART or ROLLBACK is expected; ApplyApps deploys a new "
      "revision");
}

}  // namespace fleet::controller
