// CheckRolloutPolicy: what every field of a policy may hold.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/rollout_policy.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr absl::Duration kOneDay = absl::Hours(24);
constexpr absl::Duration kWeek = absl::Hours(7 * 24);
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxUrl = 2000;

class Check {
 public:
  explicit Check(const PolicyViolation& violation) : violation_(violation) {}

  void Require(bool holds, absl::string_view field, absl::string_view why) {
    if (!holds) violation_(field, why);
  }
  void Share(absl::string_view field, const std::string& value, int minimum) {
    if (value.empty()) return;
    absl::Status status = CheckNumberOrPercent(value, minimum);
    Require(status.ok(), field, status.message());
  }
  void Range(absl::string_view field, absl::Duration value, absl::Duration low,
             absl::Duration high) {
    Require(value >= low && value <= high, field,
            absl::StrCat(DurationText(value), " is out of range, it must be ",
                         DurationText(low), " to ", DurationText(high)));
  }
  void Range(absl::string_view field,
             const std::optional<absl::Duration>& value, absl::Duration low,
             absl::Duration high) {
    if (value.has_value()) Range(field, *value, low, high);
  }
  void Range(absl::string_view field, const std::optional<int>& value, int low,
             int high) {
    if (!value.has_value()) return;
    Require(*value >= low && *value <= high, field,
            absl::StrCat(*value, " is out of range, it must be ", low, " to ",
                         high));
  }

 private:
  const PolicyViolation& violation_;
};

// Each wave ends where the one before it does, or further on. How a number
// stands to a percentage depends on the hosts.
void CheckRise(const std::vector<std::string>& waves, Check& check) {
  for (size_t i = 1; i < waves.size(); ++i) {
    const std::string& before = waves[i - 1];
    const bool percent = absl::EndsWith(waves[i], "%");
    if (percent != absl::EndsWith(before, "%")) continue;
    constexpr int kOfMany = 100;  // Of so many N% is N.
    const auto end = ResolveNumberOrPercent(waves[i], kOfMany, 0);
    const auto last = ResolveNumberOrPercent(before, kOfMany, 0);
    if (!end.ok() || !last.ok()) continue;  // Told already.
    check.Require(*end >= *last, "waves",
                  absl::StrCat(waves[i], " after ", before,
                               ": each says how many hosts are through at its "
                               "end, so they rise"));
  }
}

void CheckShares(const RolloutPolicySpec& policy, Check& check) {
  check.Share("max_parallel", policy.max_parallel, 1);
  check.Share("max_failures", policy.max_failures, 0);
  check.Share("max_unavailable", policy.max_unavailable, 0);
  check.Share("max_skipped", policy.max_skipped, 0);
  check.Share("canary", policy.canary, 0);
  check.Require(policy.waves.size() <= kMaxWaves, "waves",
                absl::StrCat("there are ", policy.waves.size(), ", at most ",
                             kMaxWaves, " are possible"));
  for (const std::string& wave : policy.waves) {
    check.Require(!wave.empty(), "waves", "one of them is empty");
    check.Share("waves", wave, 1);
  }
  CheckRise(policy.waves, check);
}

void CheckTimes(const RolloutPolicySpec& policy, Check& check) {
  absl::Duration zero;
  absl::Duration second = absl::Seconds(1);
  check.Range("min_ready_time", policy.min_ready_time, zero, kOneDay);
  check.Range("ready_deadline", policy.ready_deadline, absl::Milliseconds(1),
              kOneDay);
  check.Range("progress_deadline", policy.progress_deadline, second, kWeek);
  check.Range("bake_time", policy.bake_time, zero, kWeek);
  check.Range("step_deadline", policy.step_deadline, second, kWeek);
  check.Range("total_deadline", policy.total_deadline, second,
              absl::Hours(30 * 24));
  check.Range("unknown_grace", policy.unknown_grace, zero, kOneDay);
}

void CheckHook(absl::string_view field, const Hook& hook, Check& check) {
  if (hook.command.empty()) return;
  check.Require(
      hook.command.size() <= kMaxHookCommand, field,
      absl::StrCat("the command has ", hook.command.size(), " bytes, at most ",
                   kMaxHookCommand, " are possible; put it into a script"));
  check.Require(hook.command.find('\0') == std::string::npos, field,
                "the command has a NUL byte, which no shell can be given");
  check.Range(field, hook.timeout, absl::Milliseconds(1), kOneDay);
}

bool IsUrl(const std::string& url) {
  const bool scheme = (absl::StartsWith(url, "http://") && url.size() > 7) ||
                      (absl::StartsWith(url, "https://") && url.size() > 8);
  return scheme && url.size() <= kMaxUrl &&
         std::none_of(url.begin(), url.end(),
                      [](unsigned char c) { return c <= ' ' || c == 127; });
}

// It would be shown wherever the policy is.
bool HasPassword(const std::string& url) {
  const size_t host = url.find("//");
  if (host == url.npos) return false;
  return url.substr(host + 2, url.find('/', host + 2) - host - 2).find('@') !=
         url.npos;
}

bool IsFinite(const std::optional<double>& limit) {
  return !limit.has_value() || std::isfinite(*limit);
}

void CheckGateSource(const MetricGate& gate, Check& check) {
  const bool asks = gate.source == GateSource::kHttp ||
                    gate.source == GateSource::kPrometheus;
  const bool limited = gate.min.has_value() || gate.max.has_value();
  check.Require(
      !asks || IsUrl(gate.url), "metric_gates",
      absl::StrCat("\"", gate.url,
                   "\" must be http://HOST[:PORT][/PATH] or https://…"));
  check.Require(!asks || !HasPassword(gate.url), "metric_gates",
                "a url must have no user and no password in it, since "
                "everybody who sees the policy sees it");
  check.Require(asks || gate.url.empty(), "metric_gates",
                "only http and prometheus have a url");
  check.Require(
      gate.source == GateSource::kHttp || limited, "metric_gates",
      absl::StrCat("\"", GateText(gate), "\" needs a limit: min, max or both"));
  check.Require((gate.source == GateSource::kPrometheus) == !gate.query.empty(),
                "metric_gates",
                "prometheus needs a query, and nothing else has one");
  check.Require(gate.status == 0 || (gate.source == GateSource::kHttp &&
                                     gate.status >= 100 && gate.status <= 599),
                "metric_gates", "status is http's, and 100 to 599");
}

void CheckGate(const MetricGate& gate, Check& check) {
  CheckGateSource(gate, check);
  check.Require(IsFinite(gate.min) && IsFinite(gate.max), "metric_gates",
                "a limit must be a finite number");
  check.Require(
      !gate.min.has_value() || !gate.max.has_value() || *gate.min <= *gate.max,
      "metric_gates", "min is more than max");
  check.Require(gate.query.size() <= kMaxUrl, "metric_gates",
                "the query has more than 2,000 bytes");
  check.Range("metric_gates", gate.interval, absl::Seconds(1), kOneDay);
  check.Range("metric_gates", gate.timeout, absl::Milliseconds(10),
              absl::Minutes(1));
  check.Range("metric_gates", gate.window, absl::ZeroDuration(), kOneDay);
}

}  // namespace

void CheckRolloutPolicy(const RolloutPolicySpec& policy,
                        const PolicyViolation& violation) {
  Check check(violation);
  CheckShares(policy, check);
  CheckTimes(policy, check);
  check.Range("max_flaps", policy.max_flaps, 0, 1000);
  check.Range("max_zones", policy.max_zones, 1, 10'000);
  check.Require(policy.zone_label.size() <= kMaxLabel, "zone_label",
                "it has more than 63 bytes");
  check.Require(!policy.max_zones.has_value() || !policy.zone_label.empty(),
                "max_zones", "it needs zone_label, the label that names zones");
  CheckHook("hooks.pre_reload", policy.hooks.pre_reload, check);
  CheckHook("hooks.post_reload", policy.hooks.post_reload, check);
  CheckHook("hooks.pre_rollout", policy.hooks.pre_rollout, check);
  CheckHook("hooks.post_rollout", policy.hooks.post_rollout, check);
  check.Require(policy.metric_gates.size() <= kMaxMetricGates, "metric_gates",
                absl::StrCat("there are ", policy.metric_gates.size(),
                             ", at most ", kMaxMetricGates, " are possible"));
  for (const MetricGate& gate : policy.metric_gates) CheckGate(gate, check);
}

}  // namespace fleet
