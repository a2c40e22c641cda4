// What goes by the calendar: restarts, and log files.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <sstream>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

// Its workers write down when they begin, in a file for each app and host.
class CronTest : public testing::Test {
 protected:
  CronTest() {
    mkdir(Stamps().c_str(), 0755);
    script_ = fleet_.WriteApp("stamp.sh", "date +%s%N >>" + Stamps() +
                                              "/$FLEET_APP.$FLEET_HOST\n"
                                              "exec sleep 1000\n");
  }
  std::string Stamps() const { return fleet_.dir() + "/stamps"; }

  std::vector<absl::Time> Starts(const std::string& app, int host) {
    std::istringstream file(
        ReadFile(Stamps() + "/" + app + "." + fleet_.HostName(host)));
    std::vector<absl::Time> starts;
    for (int64_t nanos = 0; file >> nanos;) {
      starts.push_back(absl::FromUnixNanos(nanos));
    }
    return starts;
  }
  // Since the last call of ForgetStarts.
  bool AwaitStarts(const std::string& app, int host, size_t n) {
    return fleet_.Eventually([&] { return Starts(app, host).size() >= n; });
  }
  void ForgetStarts() {
    for (const auto& file : std::filesystem::directory_iterator(Stamps())) {
      std::filesystem::remove(file.path());
    }
  }

  std::string App(const std::string& name, const std::string& more) const {
    return "  - {name: " + name + ", script: " + script_ +
           ", cron_time_zone: UTC, cron_restart: " +
           absl::FormatTime("'%S %M %H %d %m *'", due_, absl::UTCTimeZone()) +
           more + "}\n";
  }

  // All is well on every host, and none has had `due_` yet, unless that took
  // more than so many seconds; host 2's agent is gone and cannot come back.
  void PrepareForDue(int seconds) {
    due_ = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) + seconds);
    fleet_.MustCtl(
        {"apply",
         fleet_.WriteApp(
             "fleet.yaml",
             "apps:\n" + App("plain", "") + App("d", ", cron_spread: 4s") +
                 App("made-up", ", cron_missed: run") + App("skipped", "")),
         "--yes", "--min-ready-time", "0"});
    for (const char* app : {"plain", "d", "made-up", "skipped"}) {
      for (int host : {1, 2, 3}) ASSERT_TRUE(AwaitStarts(app, host, 1)) << app;
    }
    std::filesystem::rename(fleet_.BinDir() + "/fleet-agent",
                            fleet_.BinDir() + "/away");
    pid_t agent = fleet_.AgentPid(2);
    kill(agent, SIGKILL);
    ASSERT_TRUE(WaitGone(agent, kPatience));
  }
  void LetAgentsStart() {
    std::filesystem::rename(fleet_.BinDir() + "/away",
                            fleet_.BinDir() + "/fleet-agent");
  }

  TestFleet fleet_{{.hosts = 3, .own_programs = true}};
  std::string script_;
  absl::Time due_;
};

TEST_F(CronTest, EachHostWaitsItsShareAndOneThatWasAwayMakesUpForItIfAsked) {
  PrepareForDue(6);
  // A machine that had too much else to do: it was not due while host 2 was
  // away.
  for (int seconds : {15, 30}) {
    if (absl::Now() < due_ || HasFailure()) break;
    LetAgentsStart();
    fleet_.AwaitConnected(3);
    fleet_.MustCtl({"delete", "all"});
    ForgetStarts();
    PrepareForDue(seconds);
  }
  ASSERT_LT(absl::Now(), due_);
  ASSERT_FALSE(HasFailure());
  for (int host : {1, 3}) ASSERT_TRUE(AwaitStarts("plain", host, 2));
  EXPECT_EQ(Starts("made-up", 2).size(), 1U);
  LetAgentsStart();
  ASSERT_TRUE(AwaitStarts("made-up", 2, 2));
  // Of the host's name and the app's, the same for ever.
  EXPECT_TRUE(AwaitStarts("d", 1, 2));
  EXPECT_TRUE(AwaitStarts("d", 3, 2));
  ASSERT_FALSE(HasFailure());
  EXPECT_GE(Starts("plain", 1).at(1), due_);
  EXPECT_GE(Starts("d", 1).at(1), due_ + absl::Milliseconds(3291));
  EXPECT_GE(Starts("d", 3).at(1), due_ + absl::Milliseconds(974));
  // Once; and what is not made up for waits for the next year.
  for (const char* app : {"plain", "d", "made-up", "skipped"}) {
    for (int host : {1, 3}) EXPECT_EQ(Starts(app, host).size(), 2U) << app;
  }
  EXPECT_EQ(Starts("made-up", 2).size(), 2U);
  for (const char* app : {"plain", "d", "skipped"}) {
    EXPECT_EQ(Starts(app, 2).size(), 1U) << app;
  }
}

TEST(LogRotation, IsOnTheHourWhateverTheSize) {
  TestFleet fleet({.hosts = 0});
  const std::string clock = fleet.dir() + "/clock";
  // Ten past.
  int64_t shift = 4200 - absl::ToUnixSeconds(absl::Now()) % 3600;
  auto set_clock = [&] {
    WriteFile(clock + ".new", std::to_string(shift));
    std::filesystem::rename(clock + ".new", clock);
  };
  set_clock();
  fleet.options().host_env = {{"LD_PRELOAD", ProgramPath("shifted_clock.so")},
                              {"FLEET_TEST_CLOCK", clock},
                              {"TZ", "UTC"}};
  fleet.StartHost(1);
  fleet.AwaitConnected(1);
  // A handler that prints could be called within the print before.
  std::string script =
      fleet.WriteApp("say.py",
                     "import itertools, signal\n"
                     "asked = {signal.SIGUSR1}\n"
                     "signal.pthread_sigmask(signal.SIG_BLOCK, asked)\n"
                     "for n in itertools.count():\n"
                     "    print('line', n, flush=True)\n"
                     "    signal.sigwait(asked)\n");
  std::string log = fleet.dir() + "/say.log";
  fleet.MustCtl(
      {"apply",
       fleet.WriteApp("fleet.yaml", "apps:\n  - {name: say, script: " + script +
                                        ", out_file: " + log +
                                        ", log_rotate_interval: 1h}\n"),
       "--min-ready-time", "0"});
  auto await_log = [&](const std::string& now, const std::string& before) {
    EXPECT_TRUE(fleet.Eventually([&] {
      return ReadFile(log) == now && ReadFile(log + ".1") == before;
    })) << ReadFile(log)
        << "----\n"
        << ReadFile(log + ".1");
  };
  await_log("line 0\n", "");
  pid_t pid = fleet.Pids("say", "host-1").at(0);
  auto say = [&] { kill(pid, SIGUSR1); };
  say();
  await_log("line 0\nline 1\n", "");
  shift += 1800;
  set_clock();
  say();
  await_log("line 0\nline 1\nline 2\n", "");
  shift += 1800;
  set_clock();
  say();
  await_log("line 3\n", "line 0\nline 1\nline 2\n");
  EXPECT_FALSE(std::filesystem::exists(log + ".2"));
}

}  // namespace
}  // namespace fleet::e2e
