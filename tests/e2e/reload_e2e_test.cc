// The main job: one command reloads an app on every host, and no request is
// lost.
#include <gtest/gtest.h>

#include <set>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;

std::string Reasons(const LoadCounts& counts) {
  std::string text;
  for (const auto& [reason, n] : counts.reasons) {
    text += reason + " x" + std::to_string(n) + "\n";
  }
  return text;
}

std::vector<HttpLoad::Target> EveryHost(const TestFleet& fleet, int hosts) {
  std::vector<HttpLoad::Target> targets;
  for (int i = 1; i <= hosts; ++i) targets.push_back(fleet.Target(i, kPort));
  return targets;
}

std::set<pid_t> AllPids(TestFleet& fleet, const std::string& app, int hosts) {
  std::set<pid_t> pids;
  for (int i = 1; i <= hosts; ++i) {
    for (pid_t pid : fleet.Pids(app, fleet.HostName(i))) pids.insert(pid);
  }
  return pids;
}

TEST(Reload, ReplacesEveryWorkerOnEveryHostAndLosesNoRequest) {
  TestFleet fleet({.hosts = 3});
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::set<pid_t> before = AllPids(fleet, "web", 3);
  ASSERT_EQ(before.size(), 6U);

  HttpLoad keep_alive(EveryHost(fleet, 3), LoadMode::kKeepAlive, 2);
  HttpLoad close(EveryHost(fleet, 3), LoadMode::kClose, 1);
  ASSERT_TRUE(close.AwaitServed(100, kPatience));
  for (int i = 0; i < 3; ++i) {
    fleet.MustCtl({"reload", "web", "--hosts", "all", "--min-ready-time", "0"});
  }
  ASSERT_TRUE(close.AwaitServed(100, kPatience));
  ASSERT_TRUE(keep_alive.AwaitServed(100, kPatience));
  LoadCounts kept = keep_alive.Stop();
  LoadCounts closed = close.Stop();
  EXPECT_EQ(kept.failed, 0) << Reasons(kept);
  EXPECT_EQ(closed.failed, 0) << Reasons(closed);
  EXPECT_GT(kept.served, 100);

  for (pid_t pid : before) EXPECT_TRUE(WaitGone(pid, kPatience));
  ASSERT_TRUE(
      fleet.Eventually([&] { return AllPids(fleet, "web", 3).size() == 6; }));
  for (pid_t pid : AllPids(fleet, "web", 3)) EXPECT_FALSE(before.contains(pid));
}

TEST(Reload, OfAnAppThatHandlesNoSignalLosesNothingEither) {
  TestFleet fleet;
  fleet.MustCtl({"start", AppPath("naive.js"), "--name", "naive", "-i", "2",
                 "--min-ready-time", "0"});
  HttpLoad keep_alive({fleet.Target(1, kPort)}, LoadMode::kKeepAlive, 4);
  HttpLoad close({fleet.Target(1, kPort)}, LoadMode::kClose, 2);
  ASSERT_TRUE(close.AwaitServed(50, kPatience));
  fleet.MustCtl({"reload", "naive", "--min-ready-time", "0"});
  ASSERT_TRUE(close.AwaitServed(50, kPatience));
  LoadCounts kept = keep_alive.Stop();
  LoadCounts closed = close.Stop();
  EXPECT_EQ(kept.failed, 0) << Reasons(kept);
  EXPECT_EQ(closed.failed, 0) << Reasons(closed);
}

TEST(Reload, OfAnInheritedSocketInAnotherLanguageLosesNoConnection) {
  TestFleet fleet;
  std::string file = fleet.WriteApp("fleet.yaml", R"(
apps:
  - name: py
    script: )" + AppPath("inherited.py") + R"(
    instances: 2
    listen: ["tcp://0.0.0.0:3000"]
    readiness: {notify: true}
)");
  fleet.MustCtl({"apply", file, "--min-ready-time", "0"});
  HttpLoad close({fleet.Target(1, kPort)}, LoadMode::kClose, 4);
  ASSERT_TRUE(close.AwaitServed(50, kPatience));
  for (int i = 0; i < 3; ++i) {
    fleet.MustCtl({"reload", "py", "--min-ready-time", "0"});
  }
  ASSERT_TRUE(close.AwaitServed(50, kPatience));
  LoadCounts closed = close.Stop();
  EXPECT_EQ(closed.failed, 0) << Reasons(closed);
}

TEST(Apply, OfANewVersionReplacesTheOldOneUnderLoad) {
  TestFleet fleet({.hosts = 2});
  auto spec = [](const std::string& version) {
    return "apps:\n  - name: web\n    script: " + AppPath("web.js") +
           "\n    exec_mode: cluster\n    instances: 2\n    wait_ready: true\n"
           "    stop_signal: SIGINT\n    env: {VERSION: '" +
           version + "'}\n    rollout: {min_ready_time: 0s}\n";
  };
  fleet.MustCtl({"apply", fleet.WriteApp("fleet.yaml", spec("1"))});
  HttpLoad load(EveryHost(fleet, 2), LoadMode::kClose, 2);
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  fleet.MustCtl({"apply", fleet.WriteApp("fleet.yaml", spec("2"))});
  for (int host = 1; host <= 2; ++host) {
    EXPECT_EQ(HttpGet(fleet.Target(host, kPort)).body, "v2");
  }
  LoadCounts counts = load.Stop();
  EXPECT_EQ(counts.failed, 0) << Reasons(counts);
  EXPECT_EQ(counts.bodies.size(), 2U);
}

TEST(Scale, UpAndDownUnderLoadLosesNothingAndTouchesNoOtherWorker) {
  TestFleet fleet;
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::vector<pid_t> first = fleet.Pids("web", "host-1");
  HttpLoad load({fleet.Target(1, kPort)}, LoadMode::kClose, 4);
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  for (int i = 0; i < 3; ++i) {
    fleet.MustCtl({"scale", "web", "4"});
    EXPECT_EQ(fleet.Pids("web", "host-1").size(), 4U);
    fleet.MustCtl({"scale", "web", "-2"});
  }
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  LoadCounts counts = load.Stop();
  EXPECT_EQ(counts.failed, 0) << Reasons(counts);
  EXPECT_EQ(fleet.Pids("web", "host-1"), first);
}

TEST(Stop, LeavesNoProcessAndStartBringsThemBack) {
  TestFleet fleet;
  fleet.MustCtl({"start", AppPath("ecosystem.config.js")});
  std::vector<pid_t> pids = fleet.Pids("web", "host-1");
  ASSERT_EQ(pids.size(), 2U);
  fleet.MustCtl({"stop", "web"});
  for (pid_t pid : pids) EXPECT_FALSE(IsAlive(pid));
  fleet.MustCtl({"start", "web"});
  EXPECT_EQ(HttpGet(fleet.Target(1, kPort)).status, 200);
  fleet.MustCtl({"delete", "web"});
  EXPECT_EQ(fleet.Ctl({"show", "web"}).exit_code, 1);
  EXPECT_NE(HttpGet(fleet.Target(1, kPort)).failure, "");
}

TEST(Restart, StopsFirstAndComesBack) {
  TestFleet fleet;
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::vector<pid_t> before = fleet.Pids("web", "host-1");
  fleet.MustCtl({"restart", "web", "--min-ready-time", "0"});
  for (pid_t pid : before) EXPECT_FALSE(IsAlive(pid));
  EXPECT_EQ(HttpGet(fleet.Target(1, kPort)).status, 200);
}

}  // namespace
}  // namespace fleet::e2e
