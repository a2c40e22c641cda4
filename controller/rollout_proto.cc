#include "controller/rollout_proto.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/forecast.h"
#include "controller/rollout/rollout_text.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

std::string Limit(int limit) {
  return limit == kNoLimit ? "" : std::to_string(limit);
}

// As it was resolved: counts in place of percentages. How many hosts are in
// which wave is told apart.
v1::RolloutPolicy ToProto(const Policy& policy) {
  RolloutPolicySpec spec;
  spec.max_parallel = std::to_string(policy.max_parallel);
  spec.max_failures = std::to_string(policy.max_failures);
  spec.max_skipped = Limit(policy.max_skipped);
  spec.max_unavailable = Limit(policy.max_unavailable);
  spec.min_ready_time = policy.step.min_ready_time;
  spec.ready_deadline = policy.step.ready_deadline;
  spec.progress_deadline = policy.progress_deadline;
  spec.total_deadline = policy.total_deadline;
  if (policy.step_deadline > absl::ZeroDuration()) {
    spec.step_deadline = policy.step_deadline;
  }
  spec.unknown_grace = policy.unknown_grace;
  spec.bake_time = policy.bake_time;
  spec.order = policy.order;
  spec.promotion = policy.promotion;
  spec.zone_label = policy.zone_label;
  if (policy.max_zones != kNoLimit) spec.max_zones = policy.max_zones;
  spec.on_failure = policy.on_failure;
  spec.max_flaps = policy.step.max_flaps;
  spec.hooks = {policy.step.pre_reload, policy.step.post_reload,
                policy.pre_rollout, policy.post_rollout};
  spec.metric_gates = policy.gates;
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
  out.set_wave(step.wave);
  out.set_zone(step.zone);
  out.set_skip_reason(ToProto(step.skip));
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

void AddGates(const Rollout& rollout, v1::Rollout& out) {
  const std::vector<GateState>& states = rollout.state.gates;
  for (size_t i = 0; i < rollout.policy.gates.size(); ++i) {
    v1::GateStatus& gate = *out.add_gates();
    gate.set_gate(GateText(rollout.policy.gates[i]));
    if (i >= states.size()) continue;
    gate.set_verdict(ToProto(states[i].verdict));
    gate.set_answer(states[i].answer);
    if (states[i].time == absl::InfinitePast()) continue;
    *gate.mutable_time() = ToProtoTimestamp(states[i].time);
    *gate.mutable_since() = ToProtoTimestamp(states[i].since);
  }
}

void AddHook(const char* name, const Hook& hook, const HookRun& run,
             v1::Rollout& out) {
  if (hook.command.empty()) return;
  v1::HookRun& to = *out.add_hooks();
  to.set_name(name);
  to.set_host(run.host);
  to.set_phase(ToProto(run.phase));
  to.set_reason(run.reason);
  for (const std::string& line : run.output) to.add_output(line);
}

void AddDeadlines(const Rollout& rollout, absl::Time now, v1::Rollout& out) {
  *out.mutable_progress_remaining() =
      ToProtoDuration(ProgressRemaining(rollout, now));
  *out.mutable_total_remaining() =
      ToProtoDuration(TotalRemaining(rollout, now));
  if (rollout.state.phase == RolloutPhase::kBaking) {
    *out.mutable_bake_remaining() =
        ToProtoDuration(BakeRemaining(rollout, now));
  }
}

void AddWaves(const Rollout& rollout, v1::Rollout& out) {
  std::vector<int> hosts(static_cast<size_t>(rollout.policy.waves));
  for (const HostStep& step : rollout.steps) ++hosts[step.wave];
  for (int i = 0; i < rollout.policy.waves; ++i) {
    v1::Wave& wave = *out.add_waves();
    wave.set_hosts(hosts[i]);
    wave.set_then(AfterWave(rollout.policy, i));
  }
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
  AddDeadlines(rollout, now, out);
  out.set_wave(state.wave);
  out.set_rollback_revision(rollout.rollback_revision);
  out.set_epoch(rollout.epoch);
  out.set_failed(rollout.state.failed);
  out.set_aborting(rollout.state.aborting);
  AddGates(rollout, out);
  AddHook("pre_rollout", rollout.policy.pre_rollout, state.pre_rollout, out);
  AddHook("post_rollout", rollout.policy.post_rollout, state.post_rollout, out);
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
  AddWaves(rollout, out);
  absl::Duration left = TimeLeft(rollout, now);
  if (left > absl::ZeroDuration()) {
    *out.mutable_estimate() = ToProtoDuration(left);
  }
  return out;
}

v1::Rollout PlanToProto(const Rollout& rollout, const FleetView& fleet,
                        const Rollout* under_way, absl::Time now) {
  v1::Rollout out = ToProto(rollout, now);
  if (under_way != nullptr) {
    *out.mutable_under_way() = ToProto(*under_way, now);
    out.mutable_under_way()->clear_steps();
  }
  const std::vector<std::string> waits = WaitsFor(rollout, fleet);
  for (size_t i = 0; i < waits.size(); ++i) {
    out.mutable_steps(static_cast<int>(i))->set_waits_for(waits[i]);
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
  out.set_epoch(event.epoch);
  return out;
}

}  // namespace fleet::controller
