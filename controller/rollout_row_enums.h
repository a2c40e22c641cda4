// The words by which the engine's enums stand in the store.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROW_ENUMS_H_
#define FLEET_CONTROLLER_ROLLOUT_ROW_ENUMS_H_

#include <utility>

#include "controller/rollout/rollout.h"
#include "controller/row_json.h"

namespace fleet::controller {

// Never change one.
template <>
struct EnumNames<RolloutKind> {
  static constexpr std::pair<RolloutKind, const char*> kAll[] = {
      {RolloutKind::kReload, "reload"},
      {RolloutKind::kRestart, "restart"},
      {RolloutKind::kDeploy, "deploy"},
      {RolloutKind::kRollback, "rollback"}};
};
template <>
struct EnumNames<RolloutPhase> {
  static constexpr std::pair<RolloutPhase, const char*> kAll[] = {
      {RolloutPhase::kQueued, "queued"},
      {RolloutPhase::kRolling, "rolling"},
      {RolloutPhase::kSucceeded, "succeeded"},
      {RolloutPhase::kAborted, "aborted"},
      {RolloutPhase::kSuperseded, "superseded"},
      {RolloutPhase::kBaking, "baking"},
      {RolloutPhase::kRollingBack, "rolling-back"},
      {RolloutPhase::kRolledBack, "rolled-back"},
      {RolloutPhase::kRollbackFailed, "rollback-failed"}};
};
template <>
struct EnumNames<HoldKind> {
  static constexpr std::pair<HoldKind, const char*> kAll[] = {
      {HoldKind::kUser, "user"},
      {HoldKind::kFailure, "failure"},
      {HoldKind::kManualGate, "manual-gate"},
      {HoldKind::kBudget, "budget"},
      {HoldKind::kMetric, "metric"},
      {HoldKind::kLeaderless, "leaderless"}};
};
template <>
struct EnumNames<OnFailure> {
  static constexpr std::pair<OnFailure, const char*> kAll[] = {
      {OnFailure::kPause, "pause"},
      {OnFailure::kAbort, "abort"},
      {OnFailure::kRollback, "rollback"}};
};
template <>
struct EnumNames<ReloadStrategy> {
  static constexpr std::pair<ReloadStrategy, const char*> kAll[] = {
      {ReloadStrategy::kDefault, "default"},
      {ReloadStrategy::kSurge, "surge"},
      {ReloadStrategy::kStopFirst, "stop-first"}};
};
template <>
struct EnumNames<HostStepPhase> {
  static constexpr std::pair<HostStepPhase, const char*> kAll[] = {
      {HostStepPhase::kPending, "pending"},
      {HostStepPhase::kAdmitted, "admitted"},
      {HostStepPhase::kApplying, "applying"},
      {HostStepPhase::kVerifying, "verifying"},
      {HostStepPhase::kDone, "done"},
      {HostStepPhase::kFailed, "failed"},
      {HostStepPhase::kUnknown, "unknown"},
      {HostStepPhase::kSkipped, "skipped"},
      {HostStepPhase::kReverting, "reverting"},
      {HostStepPhase::kReverted, "reverted"},
      {HostStepPhase::kRevertFailed, "revert-failed"}};
};
template <>
struct EnumNames<SkipReason> {
  static constexpr std::pair<SkipReason, const char*> kAll[] = {
      {SkipReason::kNone, "none"},
      {SkipReason::kUnreachable, "unreachable"},
      {SkipReason::kRemoved, "removed"},
      {SkipReason::kEnded, "ended"},
      {SkipReason::kCordoned, "cordoned"}};
};
template <>
struct EnumNames<StepReportPhase> {
  static constexpr std::pair<StepReportPhase, const char*> kAll[] = {
      {StepReportPhase::kNone, "none"},
      {StepReportPhase::kApplying, "applying"},
      {StepReportPhase::kVerifying, "verifying"},
      {StepReportPhase::kDone, "done"},
      {StepReportPhase::kFailed, "failed"}};
};
template <>
struct EnumNames<FailureKind> {
  static constexpr std::pair<FailureKind, const char*> kAll[] = {
      {FailureKind::kNone, "none"},
      {FailureKind::kStart, "start"},
      {FailureKind::kExit, "exit"},
      {FailureKind::kReadyTimeout, "ready-timeout"},
      {FailureKind::kFlapping, "flapping"},
      {FailureKind::kListen, "listen"},
      {FailureKind::kSpec, "spec"},
      {FailureKind::kHook, "hook"},
      {FailureKind::kUnhealthy, "unhealthy"}};
};

template <>
struct EnumNames<HostOrder> {
  static constexpr std::pair<HostOrder, const char*> kAll[] = {
      {HostOrder::kHealth, "health"},
      {HostOrder::kZone, "zone"},
      {HostOrder::kName, "name"}};
};
template <>
struct EnumNames<Promotion> {
  static constexpr std::pair<Promotion, const char*> kAll[] = {
      {Promotion::kAutomatic, "automatic"}, {Promotion::kManual, "manual"}};
};
template <>
struct EnumNames<GateSource> {
  static constexpr std::pair<GateSource, const char*> kAll[] = {
      {GateSource::kRestarts, "restarts"},
      {GateSource::kCpu, "cpu"},
      {GateSource::kMemory, "memory"},
      {GateSource::kHttp, "http"},
      {GateSource::kPrometheus, "prometheus"}};
};
template <>
struct EnumNames<NoData> {
  static constexpr std::pair<NoData, const char*> kAll[] = {
      {NoData::kHold, "hold"},
      {NoData::kPass, "pass"},
      {NoData::kFail, "fail"}};
};
template <>
struct EnumNames<GateVerdict> {
  static constexpr std::pair<GateVerdict, const char*> kAll[] = {
      {GateVerdict::kNone, "none"},
      {GateVerdict::kPass, "pass"},
      {GateVerdict::kFail, "fail"},
      {GateVerdict::kInconclusive, "inconclusive"}};
};
template <>
struct EnumNames<HookPhase> {
  static constexpr std::pair<HookPhase, const char*> kAll[] = {
      {HookPhase::kNone, "none"},
      {HookPhase::kRunning, "running"},
      {HookPhase::kDone, "done"},
      {HookPhase::kFailed, "failed"}};
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROW_ENUMS_H_
