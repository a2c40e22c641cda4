#include "proto/rpc/rollout_policy_proto.h"

#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

// Sets the message's field only when there is a value.
void Set(const std::optional<absl::Duration>& from, v1::RolloutPolicy& to,
         google::protobuf::Duration* (v1::RolloutPolicy::*field)()) {
  if (from.has_value()) *(to.*field)() = ToProtoDuration(*from);
}

void Get(bool is_set, const google::protobuf::Duration& from,
         std::optional<absl::Duration>& to) {
  if (is_set) to = fleet::FromProto(from);
}

v1::OnFailure ToProto(OnFailure action) {
  switch (action) {
    case OnFailure::kPause:
      return v1::ON_FAILURE_PAUSE;
    case OnFailure::kAbort:
      return v1::ON_FAILURE_ABORT;
    case OnFailure::kRollback:
      return v1::ON_FAILURE_ROLLBACK;
  }
  FLEET_CHECK(false);
}

std::optional<OnFailure> FromProto(v1::OnFailure action) {
  if (action == v1::ON_FAILURE_PAUSE) return OnFailure::kPause;
  if (action == v1::ON_FAILURE_ABORT) return OnFailure::kAbort;
  if (action == v1::ON_FAILURE_ROLLBACK) return OnFailure::kRollback;
  return std::nullopt;
}

v1::HostOrder ToProto(HostOrder order) {
  switch (order) {
    case HostOrder::kHealth:
      return v1::HOST_ORDER_HEALTH;
    case HostOrder::kZone:
      return v1::HOST_ORDER_ZONE;
    case HostOrder::kName:
      return v1::HOST_ORDER_NAME;
  }
  FLEET_CHECK(false);
}

std::optional<HostOrder> FromProto(v1::HostOrder order) {
  if (order == v1::HOST_ORDER_HEALTH) return HostOrder::kHealth;
  if (order == v1::HOST_ORDER_ZONE) return HostOrder::kZone;
  if (order == v1::HOST_ORDER_NAME) return HostOrder::kName;
  return std::nullopt;
}

v1::Promotion ToProto(Promotion promotion) {
  switch (promotion) {
    case Promotion::kAutomatic:
      return v1::PROMOTION_AUTOMATIC;
    case Promotion::kManual:
      return v1::PROMOTION_MANUAL;
  }
  FLEET_CHECK(false);
}

std::optional<Promotion> FromProto(v1::Promotion promotion) {
  if (promotion == v1::PROMOTION_AUTOMATIC) return Promotion::kAutomatic;
  if (promotion == v1::PROMOTION_MANUAL) return Promotion::kManual;
  return std::nullopt;
}

v1::GateSource ToProto(GateSource source) {
  switch (source) {
    case GateSource::kRestarts:
      return v1::GATE_SOURCE_RESTARTS;
    case GateSource::kCpu:
      return v1::GATE_SOURCE_CPU;
    case GateSource::kMemory:
      return v1::GATE_SOURCE_MEMORY;
    case GateSource::kHttp:
      return v1::GATE_SOURCE_HTTP;
    case GateSource::kPrometheus:
      return v1::GATE_SOURCE_PROMETHEUS;
  }
  FLEET_CHECK(false);
}

GateSource FromProto(v1::GateSource source) {
  if (source == v1::GATE_SOURCE_CPU) return GateSource::kCpu;
  if (source == v1::GATE_SOURCE_MEMORY) return GateSource::kMemory;
  if (source == v1::GATE_SOURCE_HTTP) return GateSource::kHttp;
  if (source == v1::GATE_SOURCE_PROMETHEUS) return GateSource::kPrometheus;
  return GateSource::kRestarts;
}

v1::NoData ToProto(NoData no_data) {
  switch (no_data) {
    case NoData::kHold:
      return v1::NO_DATA_HOLD;
    case NoData::kPass:
      return v1::NO_DATA_PASS;
    case NoData::kFail:
      return v1::NO_DATA_FAIL;
  }
  FLEET_CHECK(false);
}

NoData FromProto(v1::NoData no_data) {
  if (no_data == v1::NO_DATA_PASS) return NoData::kPass;
  if (no_data == v1::NO_DATA_FAIL) return NoData::kFail;
  return NoData::kHold;
}

v1::MetricGate ToProto(const MetricGate& gate) {
  v1::MetricGate to;
  to.set_source(ToProto(gate.source));
  to.set_url(gate.url);
  to.set_query(gate.query);
  if (gate.min.has_value()) to.set_min(*gate.min);
  if (gate.max.has_value()) to.set_max(*gate.max);
  to.set_status(gate.status);
  *to.mutable_interval() = ToProtoDuration(gate.interval);
  *to.mutable_timeout() = ToProtoDuration(gate.timeout);
  if (gate.window > absl::ZeroDuration()) {
    *to.mutable_window() = ToProtoDuration(gate.window);
  }
  if (gate.no_data != NoData::kHold) to.set_no_data(ToProto(gate.no_data));
  return to;
}

MetricGate FromProto(const v1::MetricGate& gate) {
  MetricGate to;
  to.source = FromProto(gate.source());
  to.url = gate.url();
  to.query = gate.query();
  if (gate.has_min()) to.min = gate.min();
  if (gate.has_max()) to.max = gate.max();
  to.status = gate.status();
  if (gate.has_interval()) to.interval = fleet::FromProto(gate.interval());
  if (gate.has_timeout()) to.timeout = fleet::FromProto(gate.timeout());
  if (gate.has_window()) to.window = fleet::FromProto(gate.window());
  to.no_data = FromProto(gate.no_data());
  return to;
}

void WriteHooks(const RolloutHooks& hooks, v1::RolloutPolicy& to) {
  if (hooks == RolloutHooks()) return;
  v1::RolloutHooks& out = *to.mutable_hooks();
  *out.mutable_pre_reload() = ToProto(hooks.pre_reload);
  *out.mutable_post_reload() = ToProto(hooks.post_reload);
  *out.mutable_pre_rollout() = ToProto(hooks.pre_rollout);
  *out.mutable_post_rollout() = ToProto(hooks.post_rollout);
}

void WriteTimes(const RolloutPolicySpec& policy, v1::RolloutPolicy& to) {
  using P = v1::RolloutPolicy;
  Set(policy.min_ready_time, to, &P::mutable_min_ready_time);
  Set(policy.ready_deadline, to, &P::mutable_ready_deadline);
  Set(policy.progress_deadline, to, &P::mutable_progress_deadline);
  Set(policy.bake_time, to, &P::mutable_bake_time);
  Set(policy.step_deadline, to, &P::mutable_step_deadline);
  Set(policy.total_deadline, to, &P::mutable_total_deadline);
  Set(policy.unknown_grace, to, &P::mutable_unknown_grace);
}

void ReadTimes(const v1::RolloutPolicy& policy, RolloutPolicySpec& to) {
  Get(policy.has_min_ready_time(), policy.min_ready_time(), to.min_ready_time);
  Get(policy.has_ready_deadline(), policy.ready_deadline(), to.ready_deadline);
  Get(policy.has_progress_deadline(), policy.progress_deadline(),
      to.progress_deadline);
  Get(policy.has_bake_time(), policy.bake_time(), to.bake_time);
  Get(policy.has_step_deadline(), policy.step_deadline(), to.step_deadline);
  Get(policy.has_total_deadline(), policy.total_deadline(), to.total_deadline);
  Get(policy.has_unknown_grace(), policy.unknown_grace(), to.unknown_grace);
}

}  // namespace

v1::Hook ToProto(const Hook& hook) {
  v1::Hook to;
  to.set_command(hook.command);
  *to.mutable_timeout() = ToProtoDuration(hook.timeout);
  return to;
}

Hook FromProto(const v1::Hook& hook) {
  Hook to;
  to.command = hook.command();
  if (hook.has_timeout()) to.timeout = FromProto(hook.timeout());
  return to;
}

v1::RolloutPolicy ToProto(const RolloutPolicySpec& policy) {
  v1::RolloutPolicy to;
  to.set_max_parallel(policy.max_parallel);
  to.set_max_failures(policy.max_failures);
  if (policy.on_failure) to.set_on_failure(ToProto(*policy.on_failure));
  if (policy.max_flaps.has_value()) to.set_max_flaps(*policy.max_flaps);
  to.set_max_unavailable(policy.max_unavailable);
  if (policy.order) to.set_order(ToProto(*policy.order));
  to.set_canary(policy.canary);
  to.mutable_waves()->Add(policy.waves.begin(), policy.waves.end());
  if (policy.promotion) to.set_promotion(ToProto(*policy.promotion));
  to.set_max_skipped(policy.max_skipped);
  to.set_zone_label(policy.zone_label);
  if (policy.max_zones.has_value()) to.set_max_zones(*policy.max_zones);
  WriteTimes(policy, to);
  WriteHooks(policy.hooks, to);
  for (const MetricGate& gate : policy.metric_gates) {
    *to.add_metric_gates() = ToProto(gate);
  }
  return to;
}

RolloutPolicySpec FromProto(const v1::RolloutPolicy& policy) {
  RolloutPolicySpec to;
  to.max_parallel = policy.max_parallel();
  to.max_failures = policy.max_failures();
  to.on_failure = FromProto(policy.on_failure());
  if (policy.has_max_flaps()) to.max_flaps = policy.max_flaps();
  to.max_unavailable = policy.max_unavailable();
  to.order = FromProto(policy.order());
  to.canary = policy.canary();
  to.waves.assign(policy.waves().begin(), policy.waves().end());
  to.promotion = FromProto(policy.promotion());
  to.max_skipped = policy.max_skipped();
  to.zone_label = policy.zone_label();
  if (policy.has_max_zones()) to.max_zones = policy.max_zones();
  ReadTimes(policy, to);
  to.hooks = {FromProto(policy.hooks().pre_reload()),
              FromProto(policy.hooks().post_reload()),
              FromProto(policy.hooks().pre_rollout()),
              FromProto(policy.hooks().post_rollout())};
  for (const v1::MetricGate& gate : policy.metric_gates()) {
    to.metric_gates.push_back(FromProto(gate));
  }
  return to;
}

}  // namespace fleet
