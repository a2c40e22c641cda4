#include "tests/scenarios/policy_words.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fleet::sim {
namespace {

constexpr absl::Duration kHookTimeout = absl::Seconds(30);
constexpr absl::Duration kGateInterval = absl::Seconds(2);

// "SOURCE:WHAT"
bool AddGate(const std::string& value, RolloutPolicySpec& policy) {
  const std::pair<std::string, std::string> pair =
      absl::StrSplit(value, absl::MaxSplits(':', 1));
  const auto& [source, what] = pair;
  MetricGate gate;
  gate.interval = kGateInterval;
  int number = 0;
  if (source == "http") {
    gate.source = GateSource::kHttp;
  } else if (source == "prometheus") {
    gate.source = GateSource::kPrometheus;
    gate.query = "errors";
    gate.max = 0.05;
  } else if (source == "restarts" && absl::SimpleAtoi(what, &number)) {
    gate.max = number;
  } else if (source == "memory" && !what.empty() &&
             absl::SimpleAtoi(what.substr(0, what.size() - 1), &number)) {
    gate.source = GateSource::kMemory;
    gate.max = double{1 << 20} * number;
  } else {
    return false;
  }
  const bool outside = gate.source == GateSource::kHttp ||
                       gate.source == GateSource::kPrometheus;
  if (outside) gate.url = absl::StrCat("http://gate.test/", what);
  policy.metric_gates.push_back(std::move(gate));
  return true;
}

}  // namespace

bool SetHook(const std::string& key, const std::string& value,
             RolloutHooks& hooks) {
  Hook hook;
  if (value != "none") hook.command = absl::StrCat("./", value);
  hook.timeout = kHookTimeout;
  if (key == "pre_reload") {
    hooks.pre_reload = std::move(hook);
  } else if (key == "post_reload") {
    hooks.post_reload = std::move(hook);
  } else if (key == "pre_rollout") {
    hooks.pre_rollout = std::move(hook);
  } else if (key == "post_rollout") {
    hooks.post_rollout = std::move(hook);
  } else {
    return false;
  }
  return true;
}

bool SetGate(const std::string& key, const std::string& value,
             RolloutPolicySpec& policy) {
  if (key == "gate") return AddGate(value, policy);
  if (policy.metric_gates.empty()) return false;
  MetricGate& gate = policy.metric_gates.back();
  if (key == "window") return absl::ParseDuration(value, &gate.window);
  if (key != "no_data") return false;
  gate.no_data = value == "pass"   ? NoData::kPass
                 : value == "fail" ? NoData::kFail
                                   : NoData::kHold;
  return true;
}

}  // namespace fleet::sim
