#include "node_agent/restart_policy.h"

#include <algorithm>

namespace fleet::agent {
namespace {

constexpr absl::Duration kLongestDelay = absl::Seconds(15);
constexpr absl::Duration kFirstDelay = absl::Milliseconds(100);
constexpr absl::Duration kSeriesEndsAfter = absl::Seconds(30);
constexpr absl::Duration kLeastMinUptime = absl::Milliseconds(100);

bool IsStopCode(const RestartPolicy& policy, const WorkerExit& exit) {
  return exit.kind == WorkerExit::Kind::kExited &&
         std::find(policy.stop_exit_codes.begin(), policy.stop_exit_codes.end(),
                   exit.value) != policy.stop_exit_codes.end();
}

bool NeverRan(const WorkerExit& exit) {
  return exit.kind == WorkerExit::Kind::kStartFailed ||
         exit.kind == WorkerExit::Kind::kListenFailed;
}

// 0, 100 ms, 200 ms … for the 1st, 2nd, 3rd … unstable exit in a row.
absl::Duration OwnSeries(int unstable_exits) {
  absl::Duration delay =
      unstable_exits < 2 ? absl::ZeroDuration() : kFirstDelay;
  for (int i = 2; i < unstable_exits && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

absl::Duration UsersSeries(const RestartPolicy& policy, absl::Duration uptime,
                           RestartRecord& record) {
  bool anew =
      uptime >= kSeriesEndsAfter || record.series_delay <= absl::ZeroDuration();
  record.series_delay =
      anew ? policy.exp_backoff_restart_delay
           : std::min(record.series_delay * 1.5,
                      std::max(kLongestDelay, record.series_delay));
  return record.series_delay;
}

}  // namespace

bool IsIntendedEnd(const RestartPolicy& policy, const WorkerExit& exit) {
  return IsStopCode(policy, exit) ||
         (!policy.autorestart && exit.kind == WorkerExit::Kind::kExited &&
          exit.value == 0);
}

RestartDecision DecideRestart(const RestartPolicy& policy,
                              const WorkerExit& exit, absl::Duration uptime,
                              bool never_ready, RestartRecord& record) {
  if (!policy.autorestart || IsStopCode(policy, exit)) {
    return {RestartVerdict::kExited, {}};
  }
  bool unstable = never_ready || NeverRan(exit) ||
                  uptime < std::max(policy.min_uptime, kLeastMinUptime);
  record.unstable_exits = unstable ? record.unstable_exits + 1 : 0;
  if (unstable && record.unstable_exits >= policy.max_restarts) {
    return {RestartVerdict::kCrashLoop, {}};
  }
  ++record.restarts;
  if (policy.exp_backoff_restart_delay > absl::ZeroDuration()) {
    return {RestartVerdict::kRestart, UsersSeries(policy, uptime, record)};
  }
  if (policy.restart_delay > absl::ZeroDuration()) {
    return {RestartVerdict::kRestart, policy.restart_delay};
  }
  return {RestartVerdict::kRestart, OwnSeries(record.unstable_exits)};
}

}  // namespace fleet::agent
