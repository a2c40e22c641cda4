#include "node_agent/restart_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace fleet::agent {
namespace {

WorkerExit Code(int code) {
  return {WorkerExit::Kind::kExited, code, "exit code"};
}

// Waits of `n` exits in a row after `uptime` each.
std::vector<absl::Duration> Waits(const RestartPolicy& policy, int n,
                                  absl::Duration uptime) {
  RestartRecord record;
  std::vector<absl::Duration> waits;
  for (int i = 0; i < n; ++i) {
    waits.push_back(
        DecideRestart(policy, Code(1), uptime, false, record).delay);
  }
  return waits;
}

constexpr absl::Duration kQuick = absl::Milliseconds(10);

TEST(RestartPolicy, UnstableExitsDoubleTheWaitUpTo15Seconds) {
  RestartPolicy policy;
  policy.max_restarts = 100;
  std::vector<absl::Duration> expected = {absl::ZeroDuration()};
  for (int ms = 100; ms < 15000; ms *= 2) {
    expected.push_back(absl::Milliseconds(ms));
  }
  expected.resize(12, absl::Seconds(15));
  EXPECT_EQ(Waits(policy, 12, kQuick), expected);
}

TEST(RestartPolicy, StableExitsAreRestartedAtOnce) {
  EXPECT_EQ(Waits(RestartPolicy(), 3, absl::Seconds(1)),
            std::vector<absl::Duration>(3, absl::ZeroDuration()));
}

TEST(RestartPolicy, AFixedDelayIsKept) {
  RestartPolicy policy;
  policy.restart_delay = absl::Seconds(2);
  EXPECT_EQ(Waits(policy, 3, kQuick),
            std::vector<absl::Duration>(3, absl::Seconds(2)));
}

TEST(RestartPolicy, TheUsersSeriesGrowsByHalfUpTo15Seconds) {
  RestartPolicy policy;
  policy.exp_backoff_restart_delay = absl::Seconds(4);
  policy.max_restarts = 100;
  EXPECT_EQ(Waits(policy, 6, kQuick),
            (std::vector<absl::Duration>{
                absl::Seconds(4), absl::Seconds(6), absl::Seconds(9),
                absl::Seconds(13.5), absl::Seconds(15), absl::Seconds(15)}));
}

TEST(RestartPolicy, TheUsersSeriesStartsAnewAfter30SecondsOfUptime) {
  RestartPolicy policy;
  policy.exp_backoff_restart_delay = absl::Seconds(4);
  EXPECT_EQ(Waits(policy, 2, absl::Seconds(29)).back(), absl::Seconds(6));
  EXPECT_EQ(Waits(policy, 2, absl::Seconds(30)).back(), absl::Seconds(4));
}

TEST(RestartPolicy, MaxRestartsUnstableExitsInARowAreACrashLoop) {
  RestartPolicy policy;
  policy.max_restarts = 3;
  RestartRecord record;
  auto verdict = [&](absl::Duration uptime) {
    return DecideRestart(policy, Code(1), uptime, false, record).verdict;
  };
  EXPECT_EQ(verdict(kQuick), RestartVerdict::kRestart);
  EXPECT_EQ(verdict(kQuick), RestartVerdict::kRestart);
  EXPECT_EQ(verdict(absl::Seconds(2)), RestartVerdict::kRestart);
  EXPECT_EQ(verdict(kQuick), RestartVerdict::kRestart);
  EXPECT_EQ(verdict(kQuick), RestartVerdict::kRestart);
  EXPECT_EQ(verdict(kQuick), RestartVerdict::kCrashLoop);
  EXPECT_EQ(record.restarts, 5);
}

TEST(RestartPolicy, NeverReadyIsUnstableHoweverLongItRan) {
  RestartRecord record;
  DecideRestart(RestartPolicy(), Code(1), absl::Hours(1), true, record);
  EXPECT_EQ(record.unstable_exits, 1);
}

TEST(RestartPolicy, NeverSpinsWhateverTheSpecCallsStable) {
  RestartPolicy policy;
  policy.min_uptime = absl::ZeroDuration();
  EXPECT_EQ(Waits(policy, 3, kQuick).back(), absl::Milliseconds(200));
}

struct EndCase {
  bool autorestart;
  std::vector<int> stop_exit_codes;
  WorkerExit exit;
  RestartVerdict verdict;
  bool intended;
};

TEST(RestartPolicy, KnowsWhichEndsAreFinal) {
  const WorkerExit killed{WorkerExit::Kind::kSignaled, 9, "SIGKILL"};
  const WorkerExit unknown{WorkerExit::Kind::kUnknown, 0, "unknown"};
  const std::vector<EndCase> kCases = {
      {true, {}, Code(0), RestartVerdict::kRestart, false},
      {true, {0, 3}, Code(3), RestartVerdict::kExited, true},
      {true, {0, 3}, Code(4), RestartVerdict::kRestart, false},
      {true, {9}, killed, RestartVerdict::kRestart, false},
      {true, {0}, unknown, RestartVerdict::kRestart, false},
      {false, {}, Code(0), RestartVerdict::kExited, true},
      {false, {}, Code(1), RestartVerdict::kExited, false},
      {false, {}, killed, RestartVerdict::kExited, false},
  };
  for (const EndCase& c : kCases) {
    RestartPolicy policy;
    policy.autorestart = c.autorestart;
    policy.stop_exit_codes = c.stop_exit_codes;
    RestartRecord record;
    EXPECT_EQ(DecideRestart(policy, c.exit, kQuick, false, record).verdict,
              c.verdict)
        << c.exit.message;
    EXPECT_EQ(IsIntendedEnd(policy, c.exit), c.intended) << c.exit.message;
  }
}

}  // namespace
}  // namespace fleet::agent
