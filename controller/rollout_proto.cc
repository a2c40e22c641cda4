#include "controller/rollout_proto.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

v1::RolloutKind ToProto(RolloutKind kind) {
  switch (kind) {
    case RolloutKind::kReload:
      return v1::ROLLOUT_KIND_RELOAD;
    case RolloutKind::kRestart:
      return v1::ROLLOUT_KIND_RESTART;
    case RolloutKind::kDeploy:
      return v1::ROLLOUT_KIND_DEPLOY;
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
  }
  FLEET_CHECK(false);
}

v1::HoldKind ToProto(HoldKind kind) {
  switch (kind) {
    case HoldKind::kUser:
      return v1::HOLD_KIND_USER;
    case HoldKind::kFailure:
      return v1::HOLD_KIND_FAILURE;
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

v1::FailureKind ToProto(FailureKind failure) {
  switch (failure) {
    case FailureKind::kNone:
      return v1::FAILURE_KIND_UNSPECIFIED;
    case FailureKind::kStart:
      return v1::FAILURE_KIND_START;
    case FailureKind::kExit:
      return v1::FAILURE_KIND_EXIT;
    case FailureKind::kReadyTimeout:
      return v1::FAILURE_KIND_READY_TIMEOUT;
    case FailureKind::kFlapping:
      return v1::FAILURE_KIND_FLAPPING;
    case FailureKind::kListen:
      return v1::FAILURE_KIND_LISTEN;
    case FailureKind::kSpec:
      return v1::FAILURE_KIND_SPEC;
  }
  FLEET_CHECK(false);
}

v1::RolloutPolicy ToProto(const Policy& policy) {
  RolloutPolicySpec spec;
  spec.max_parallel = std::to_string(policy.max_parallel);
  spec.max_failures = std::to_string(policy.max_failures);
  spec.min_ready_time = policy.step.min_ready_time;
  spec.ready_deadline = policy.step.ready_deadline;
  spec.progress_deadline = policy.progress_deadline;
  spec.on_failure = policy.on_failure;
  spec.max_flaps = policy.step.max_flaps;
  return fleet::ToProto(spec);
}

v1::Step ToProto(const StepReport& report) {
  v1::Step out;
  out.set_generation(report.generation);
  out.set_phase(ToProto(report.phase));
  out.set_slots_done(report.slots_done);
  out.set_slots_total(report.slots_total);
  out.set_slot(report.slot);
  out.set_flaps(report.flaps);
  out.set_failure(ToProto(report.failure));
  out.set_reason(report.reason);
  for (const std::string& line : report.stderr_tail) {
    out.add_stderr_tail(line);
  }
  return out;
}

v1::HostStep ToProto(const HostStep& step) {
  v1::HostStep out;
  out.set_host(step.host);
  out.set_phase(ToProto(step.phase));
  out.set_reason(step.reason);
  out.set_attempt(step.attempt);
  out.set_generation(step.generation);
  if (step.admit_time != absl::InfinitePast()) {
    *out.mutable_admit_time() = ToProtoTimestamp(step.admit_time);
  }
  if (step.end_time != absl::InfinitePast()) {
    *out.mutable_end_time() = ToProtoTimestamp(step.end_time);
  }
  if (step.progress.generation == step.generation) {
    *out.mutable_progress() = ToProto(step.progress);
  }
  return out;
}

v1::Rollout HeadToProto(const Rollout& rollout, absl::Time now) {
  const RolloutState& state = rollout.state;
  v1::Rollout out;
  out.set_uid(rollout.uid);
  out.set_app(rollout.app);
  out.set_kind(ToProto(rollout.kind));
  out.set_from_revision(rollout.from_revision);
  out.set_to_revision(rollout.to_revision);
  out.set_generation(state.generation);
  *out.mutable_policy() = ToProto(rollout.policy);
  out.set_phase(ToProto(state.phase));
  for (const Hold& hold : state.holds) {
    v1::Hold& to = *out.add_holds();
    to.set_kind(ToProto(hold.kind));
    to.set_reason(hold.reason);
    *to.mutable_since() = ToProtoTimestamp(hold.since);
  }
  *out.mutable_create_time() = ToProtoTimestamp(rollout.create_time);
  if (state.end_time != absl::InfinitePast()) {
    *out.mutable_end_time() = ToProtoTimestamp(state.end_time);
  }
  *out.mutable_progress_remaining() =
      ToProtoDuration(ProgressRemaining(rollout, now));
  out.set_failures(state.failures);
  out.set_etag(Etag(rollout));
  out.set_last_seq(state.last_seq);
  out.set_actor(rollout.actor);
  out.set_request_id(rollout.request_id);
  return out;
}

}  // namespace

v1::Rollout ToProto(const Rollout& rollout, absl::Time now) {
  v1::Rollout out = HeadToProto(rollout, now);
  out.set_message(StatusLine(rollout));
  out.set_hosts_done(Count(rollout.steps).done);
  out.set_hosts_total(static_cast<int>(rollout.steps.size()));
  for (const HostStep& step : rollout.steps) {
    *out.add_steps() = ToProto(step);
  }
  return out;
}

v1::Rollout ToProto(const RolloutSummary& summary, absl::Time now) {
  v1::Rollout out = HeadToProto(summary.rollout, now);
  out.set_message(summary.rollout.state.message);
  if (out.message().empty()) {
    out.set_message(absl::StrCat(summary.hosts_done, " of ",
                                 Hosts(summary.hosts_total), " done"));
  }
  out.set_hosts_done(summary.hosts_done);
  out.set_hosts_total(summary.hosts_total);
  return out;
}

v1::RolloutEvent ToProto(const RolloutEvent& event) {
  v1::RolloutEvent out;
  out.set_seq(event.seq);
  *out.mutable_time() = ToProtoTimestamp(event.time);
  out.set_host(event.host);
  if (!event.host.empty()) out.set_host_phase(ToProto(event.host_phase));
  out.set_phase(ToProto(event.phase));
  out.set_message(event.message);
  out.set_actor(event.actor);
  return out;
}

absl::StatusOr<RolloutKind> KindFromProto(v1::RolloutKind kind) {
  if (kind == v1::ROLLOUT_KIND_RELOAD) return RolloutKind::kReload;
  if (kind == v1::ROLLOUT_KIND_RESTART) return RolloutKind::kRestart;
  return absl::InvalidArgumentError(
      "kind: RELOAD or RESTART is expected; ApplyApps deploys a new revision");
}

}  // namespace fleet::controller
