// How rollouts of an app go, as the user wrote it: plain values, what was not
// written is unset. RolloutPolicy in fleet/v1/app.proto says what each field
// means and what its default is.
#ifndef FLEET_PROTO_RPC_ROLLOUT_POLICY_H_
#define FLEET_PROTO_RPC_ROLLOUT_POLICY_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fleet {

enum class OnFailure { kPause, kAbort, kRollback };
enum class HostOrder { kHealth, kZone, kName };
enum class Promotion { kAutomatic, kManual };

// A command around a rollout; empty: none.
struct Hook {
  std::string command;
  absl::Duration timeout = absl::Minutes(10);

  bool operator==(const Hook&) const = default;
};

struct RolloutHooks {
  Hook pre_reload;
  Hook post_reload;
  Hook pre_rollout;
  Hook post_rollout;

  bool operator==(const RolloutHooks&) const = default;
};

// What it counts as when a gate has no answer.
enum class NoData { kHold, kPass, kFail };

enum class GateSource { kRestarts, kCpu, kMemory, kHttp, kPrometheus };

struct MetricGate {
  GateSource source = GateSource::kRestarts;
  std::string url;
  std::string query;
  std::optional<double> min;
  std::optional<double> max;
  int status = 0;
  absl::Duration interval = absl::Seconds(10);
  absl::Duration timeout = absl::Seconds(5);
  absl::Duration window;
  NoData no_data = NoData::kHold;

  bool operator==(const MetricGate&) const = default;
};

inline constexpr size_t kMaxWaves = 20;
inline constexpr size_t kMaxMetricGates = 10;
inline constexpr size_t kMaxHookCommand = 4000;

struct RolloutPolicySpec {
  std::string max_parallel;  // "2", "25%"; empty: unset.
  std::optional<absl::Duration> min_ready_time;
  std::optional<absl::Duration> ready_deadline;
  std::optional<absl::Duration> progress_deadline;
  std::string max_failures;  // "0", "10%"; empty: unset.
  std::optional<OnFailure> on_failure;
  std::optional<int> max_flaps;
  std::string max_unavailable;
  std::optional<HostOrder> order;
  std::string canary;
  std::vector<std::string> waves;  // Empty: unset.
  std::optional<absl::Duration> bake_time;
  std::optional<Promotion> promotion;
  std::optional<absl::Duration> step_deadline;
  std::optional<absl::Duration> total_deadline;
  std::string max_skipped;
  std::optional<absl::Duration> unknown_grace;
  std::string zone_label;
  std::optional<int> max_zones;
  RolloutHooks hooks;                    // Each unset when it is empty.
  std::vector<MetricGate> metric_gates;  // Empty: unset.
};

// `base` with what `over` has set.
RolloutPolicySpec Override(RolloutPolicySpec base,
                           const RolloutPolicySpec& over);

// Calls `violation` with the name of a field ("max_parallel") and what is
// wrong with it, for all that is.
using PolicyViolation =
    std::function<void(absl::string_view field, absl::string_view why)>;
void CheckRolloutPolicy(const RolloutPolicySpec& policy,
                        const PolicyViolation& violation);

// Every field with its text, for people; "" when it is unset.
std::vector<std::pair<std::string, std::string>> RolloutPolicyTexts(
    const RolloutPolicySpec& policy);

// "restarts <= 0", "http http://host/health = 200".
std::string GateText(const MetricGate& gate);

// "pause", "abort", "rollback".
const char* Name(OnFailure action);
// "restarts", "cpu", "memory", "http", "prometheus".
const char* Name(GateSource source);
// "hold", "pass", "fail".
const char* Name(NoData no_data);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_ROLLOUT_POLICY_H_
