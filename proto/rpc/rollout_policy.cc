#include "proto/rpc/rollout_policy.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

template <class T>
void Take(const std::optional<T>& over, std::optional<T>& base) {
  if (over.has_value()) base = over;
}

// Texts and lists.
template <class T>
void Take(const T& over, T& base) {
  if (!over.empty()) base = over;
}

void Take(const Hook& over, Hook& base) {
  if (!over.command.empty()) base = over;
}

std::string Text(const std::optional<absl::Duration>& value) {
  return value.has_value() ? DurationText(*value) : "";
}

std::string Text(const std::optional<int>& value) {
  return value.has_value() ? absl::StrCat(*value) : "";
}

std::string Text(const std::optional<HostOrder>& order) {
  if (!order.has_value()) return "";
  switch (*order) {
    case HostOrder::kHealth:
      return "health";
    case HostOrder::kZone:
      return "zone";
    case HostOrder::kName:
      return "name";
  }
  FLEET_CHECK(false);
}

std::string Text(const std::optional<Promotion>& promotion) {
  if (!promotion.has_value()) return "";
  switch (*promotion) {
    case Promotion::kAutomatic:
      return "automatic";
    case Promotion::kManual:
      return "manual";
  }
  FLEET_CHECK(false);
}

std::string Text(const Hook& hook) {
  if (hook.command.empty()) return "";
  return absl::StrCat(hook.command, " (at most ", DurationText(hook.timeout),
                      ")");
}

std::string Limit(const MetricGate& gate, double limit) {
  if (gate.source != GateSource::kMemory) return absl::StrCat(limit);
  return HumanSize(static_cast<int64_t>(std::llround(limit)));
}

// What differs between two gates of the same text.
std::string FullText(const MetricGate& gate) {
  std::string text =
      absl::StrCat(GateText(gate), " every ", DurationText(gate.interval),
                   " within ", DurationText(gate.timeout));
  if (gate.no_data != NoData::kHold) {
    absl::StrAppend(&text, " or ", Name(gate.no_data), " without data");
  }
  return text;
}

}  // namespace

const char* Name(OnFailure action) {
  switch (action) {
    case OnFailure::kPause:
      return "pause";
    case OnFailure::kAbort:
      return "abort";
    case OnFailure::kRollback:
      return "rollback";
  }
  FLEET_CHECK(false);
}

const char* Name(GateSource source) {
  switch (source) {
    case GateSource::kRestarts:
      return "restarts";
    case GateSource::kCpu:
      return "cpu";
    case GateSource::kMemory:
      return "memory";
    case GateSource::kHttp:
      return "http";
    case GateSource::kPrometheus:
      return "prometheus";
  }
  FLEET_CHECK(false);
}

const char* Name(NoData no_data) {
  switch (no_data) {
    case NoData::kHold:
      return "hold";
    case NoData::kPass:
      return "pass";
    case NoData::kFail:
      return "fail";
  }
  FLEET_CHECK(false);
}

std::string GateText(const MetricGate& gate) {
  std::string text = Name(gate.source);
  if (!gate.url.empty()) absl::StrAppend(&text, " ", gate.url);
  if (!gate.query.empty()) absl::StrAppend(&text, " ", gate.query);
  if (gate.status != 0) absl::StrAppend(&text, " = ", gate.status);
  if (gate.min.has_value()) {
    absl::StrAppend(&text, " >= ", Limit(gate, *gate.min));
  }
  if (gate.max.has_value()) {
    absl::StrAppend(&text, " <= ", Limit(gate, *gate.max));
  }
  if (gate.window > absl::ZeroDuration()) {
    absl::StrAppend(&text, " for ", DurationText(gate.window));
  }
  return text;
}

RolloutPolicySpec Override(RolloutPolicySpec base,
                           const RolloutPolicySpec& over) {
  Take(over.max_parallel, base.max_parallel);
  Take(over.min_ready_time, base.min_ready_time);
  Take(over.ready_deadline, base.ready_deadline);
  Take(over.progress_deadline, base.progress_deadline);
  Take(over.max_failures, base.max_failures);
  Take(over.on_failure, base.on_failure);
  Take(over.max_flaps, base.max_flaps);
  Take(over.max_unavailable, base.max_unavailable);
  Take(over.order, base.order);
  Take(over.canary, base.canary);
  Take(over.waves, base.waves);
  Take(over.bake_time, base.bake_time);
  Take(over.promotion, base.promotion);
  Take(over.step_deadline, base.step_deadline);
  Take(over.total_deadline, base.total_deadline);
  Take(over.max_skipped, base.max_skipped);
  Take(over.unknown_grace, base.unknown_grace);
  Take(over.zone_label, base.zone_label);
  Take(over.max_zones, base.max_zones);
  Take(over.hooks.pre_reload, base.hooks.pre_reload);
  Take(over.hooks.post_reload, base.hooks.post_reload);
  Take(over.hooks.pre_rollout, base.hooks.pre_rollout);
  Take(over.hooks.post_rollout, base.hooks.post_rollout);
  Take(over.metric_gates, base.metric_gates);
  return base;
}

Texts RolloutPolicyTexts(const RolloutPolicySpec& policy) {
  Texts out = {{"max_parallel", policy.max_parallel},
               {"min_ready_time", Text(policy.min_ready_time)},
               {"ready_deadline", Text(policy.ready_deadline)},
               {"progress_deadline", Text(policy.progress_deadline)},
               {"max_failures", policy.max_failures},
               {"on_failure",
                policy.on_failure.has_value() ? Name(*policy.on_failure) : ""},
               {"max_flaps", Text(policy.max_flaps)},
               {"max_unavailable", policy.max_unavailable},
               {"order", Text(policy.order)},
               {"canary", policy.canary},
               {"waves", absl::StrJoin(policy.waves, ", ")},
               {"bake_time", Text(policy.bake_time)},
               {"promotion", Text(policy.promotion)},
               {"step_deadline", Text(policy.step_deadline)},
               {"total_deadline", Text(policy.total_deadline)},
               {"max_skipped", policy.max_skipped},
               {"unknown_grace", Text(policy.unknown_grace)},
               {"zone_label", policy.zone_label},
               {"max_zones", Text(policy.max_zones)},
               {"hooks.pre_reload", Text(policy.hooks.pre_reload)},
               {"hooks.post_reload", Text(policy.hooks.post_reload)},
               {"hooks.pre_rollout", Text(policy.hooks.pre_rollout)},
               {"hooks.post_rollout", Text(policy.hooks.post_rollout)}};
  out.emplace_back("metric_gates",
                   absl::StrJoin(policy.metric_gates, ", ",
                                 [](std::string* text, const MetricGate& g) {
                                   text->append(FullText(g));
                                 }));
  return out;
}

}  // namespace fleet
