// Workers that misbehave: the old ones go on serving, and the rollout ends
// where its policy says.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;

std::string WebSpec(const std::string& script, const std::string& more) {
  return "apps:\n  - name: web\n    script: " + script +
         "\n    exec_mode: cluster\n    instances: 2\n    wait_ready: true\n"
         "    stop_signal: SIGINT\n    rollout: {min_ready_time: 0s}\n" +
         more;
}

// A good version 1 on two hosts, under load; the test applies version 2.
class BadRelease : public testing::Test {
 protected:
  BadRelease() : fleet_({.hosts = 2}) {
    fleet_.MustCtl({"apply", fleet_.WriteApp("fleet.yaml",
                                             WebSpec(AppPath("web.js"), ""))});
    for (int i = 1; i <= 2; ++i) {
      pids_[i] = fleet_.Pids("web", fleet_.HostName(i));
    }
  }

  CommandResult ApplyUnderLoad(const std::string& script,
                               const std::string& more) {
    HttpLoad load({fleet_.Target(1, kPort), fleet_.Target(2, kPort)},
                  LoadMode::kClose, 2);
    EXPECT_TRUE(load.AwaitServed(50, kPatience));
    CommandResult r = fleet_.Ctl(
        {"apply", fleet_.WriteApp("fleet.yaml", WebSpec(script, more))});
    EXPECT_TRUE(load.AwaitServed(50, kPatience));
    LoadCounts counts = load.Stop();
    EXPECT_EQ(counts.failed, 0);
    return r;
  }

  void ExpectOldWorkersServe() {
    for (int i = 1; i <= 2; ++i) {
      // What was given up may still be on its way out.
      EXPECT_TRUE(fleet_.Eventually(
          [&] { return fleet_.Pids("web", fleet_.HostName(i)) == pids_[i]; }));
      EXPECT_EQ(HttpGet(fleet_.Target(i, kPort)).body, "v1");
    }
  }

  TestFleet fleet_;
  std::map<int, std::vector<pid_t>> pids_;
};

TEST_F(BadRelease, ThatExitsAtOnceStopsTheRolloutAtTheFirstHost) {
  std::string script = fleet_.WriteApp(
      "broken.js", "console.error('no config found');\nprocess.exit(7);\n");
  CommandResult r = ApplyUnderLoad(script, "");
  EXPECT_EQ(r.exit_code, 3) << r.err;
  for (const char* part :
       {"web", "host-1", "exit code 7", "no config found", "rollout retry"}) {
    EXPECT_NE(r.err.find(part), std::string::npos) << part << "\n" << r.err;
  }
  ExpectOldWorkersServe();
}

TEST_F(BadRelease, ThatNeverGetsReadyIsAFailureAndNotAssumedReady) {
  // It serves like the old one, but never says so.
  std::string script = fleet_.WriteApp(
      "never.js",
      "require('http').createServer((q, r) => r.end('v1')).listen(3000);\n");
  CommandResult r = ApplyUnderLoad(script, "    listen_timeout: 500ms\n");
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_NE(r.err.find("ready"), std::string::npos) << r.err;
  ExpectOldWorkersServe();
}

TEST_F(BadRelease, CanBeRolledForwardByAGoodOne) {
  std::string broken = fleet_.WriteApp("broken.js", "process.exit(7);\n");
  EXPECT_EQ(ApplyUnderLoad(broken, "").exit_code, 3);
  std::string good = fleet_.WriteApp(
      "fleet.yaml", WebSpec(AppPath("web.js"), "    env: {VERSION: '3'}\n"));
  // The paused rollout is in the way, and the error says by which name.
  CommandResult conflict = fleet_.Ctl({"apply", good});
  EXPECT_EQ(conflict.exit_code, 8) << conflict.err;
  EXPECT_NE(conflict.err.find("r-"), std::string::npos) << conflict.err;
  EXPECT_NE(conflict.err.find("--supersede"), std::string::npos);
  fleet_.MustCtl({"apply", good, "--supersede"});
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(HttpGet(fleet_.Target(i, kPort)).body, "v3");
  }
}

// Releases that accept connections and do not serve them. None gets one from
// a client: each is found out by its gate or in its soak first.
TEST(BadReleaseThatAccepts, CostsNoRequestWhateverItDoes) {
  TestFleet fleet;
  auto spec = [&fleet](const std::string& script, const std::string& more) {
    return fleet.WriteApp(
        "fleet.yaml", "apps:\n  - name: web\n    script: " + script +
                          "\n    exec_mode: cluster\n    instances: 2\n"
                          "    stop_signal: SIGINT\n    listen_timeout: 3s\n"
                          "    rollout: {min_ready_time: 2500ms}\n" +
                          more);
  };
  const std::string probed =
      "    readiness: {http: {port: 3000, path: /health}}\n";
  fleet.MustCtl({"apply", spec(AppPath("web.js"), probed)});
  std::vector<pid_t> pids = fleet.Pids("web", "host-1");
  HttpLoad close({fleet.Target(1, kPort)}, LoadMode::kClose, 4);
  HttpLoad kept({fleet.Target(1, kPort)}, LoadMode::kKeepAlive, 4);
  ASSERT_TRUE(close.AwaitServed(100, kPatience));

  struct Release {
    std::string name;
    std::string answer;  // What its request handler does with `q` and `r`.
    std::string more;    // After it listens.
    std::string spec;
    std::string why;
  };
  const std::string wrong = "r.statusCode = 500; r.end('wrong');";
  for (const Release& bad : std::vector<Release>{
           {"never_ready", wrong, "", "    wait_ready: true\n", "ready"},
           {"sick", wrong, "", probed, "500"},
           {"crashes_in_its_soak",
            "if (q.url === '/health') return r.end('fine'); " + wrong,
            "setTimeout(() => process.exit(9), 2000);", probed, "exit code 9"},
           {"mute", "", "", probed, "no answer"},
       }) {
    std::string script = fleet.WriteApp(
        bad.name + ".js", "require('http').createServer((q, r) => {" +
                              bad.answer + "}).listen(3000);\n" + bad.more);
    CommandResult r =
        fleet.Ctl({"apply", spec(script, bad.spec), "--supersede"});
    EXPECT_EQ(r.exit_code, 3) << bad.name << "\n" << r.err;
    EXPECT_NE(r.err.find(bad.why), std::string::npos) << bad.name << r.err;
    EXPECT_TRUE(fleet.Eventually([&] {
      return fleet.Pids("web", "host-1") == pids;
    })) << bad.name;
  }
  // And a good one is none the worse for what was before it.
  fleet.MustCtl({"apply",
                 spec(AppPath("web.js"), probed + "    env: {VERSION: '9'}\n"),
                 "--supersede"});
  EXPECT_EQ(HttpGet(fleet.Target(1, kPort)).body, "v9");
  ASSERT_TRUE(close.AwaitServed(100, kPatience));
  for (LoadCounts counts : {close.Stop(), kept.Stop()}) {
    EXPECT_EQ(counts.failed, 0) << counts.reasons.begin()->first;
    EXPECT_GT(counts.served, 1000);
    EXPECT_EQ(counts.bodies.size(), 2U);  // v1 and v9.
  }
}

TEST(BadWorker, ThatIgnoresTheStopSignalIsKilledAfterItsTimeout) {
  TestFleet fleet;
  const std::string deaf = fleet.dir() + "/deaf";
  std::string script = fleet.WriteApp(
      "deaf.py",
      "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
      "open('" +
          deaf + "', 'w').close()\ntime.sleep(100000)\n");
  std::string file = fleet.WriteApp(
      "fleet.yaml", "apps:\n  - name: deaf\n    script: " + script +
                        "\n    kill_timeout: 300ms\n");
  fleet.MustCtl({"apply", file, "--min-ready-time", "0"});
  ASSERT_TRUE(
      fleet.Eventually([&] { return access(deaf.c_str(), F_OK) == 0; }));
  pid_t pid = fleet.Pids("deaf", "host-1").at(0);
  fleet.MustCtl({"stop", "deaf"});
  EXPECT_FALSE(IsAlive(pid));
}

TEST(BadWorker, ItsChildInASessionOfItsOwnIsGoneAfterAStop) {
  TestFleet fleet;
  std::string pid_file = fleet.dir() + "/child.pid";
  std::string script =
      fleet.WriteApp("parent.py",
                     "import os, sys, time\n"
                     "if os.fork() == 0:\n"
                     "    os.setsid()\n"
                     "    if os.fork() == 0:\n"
                     "        open('" +
                         pid_file +
                         ".new', 'w').write(str(os.getpid()))\n"
                         "        os.rename('" +
                         pid_file + ".new', '" + pid_file +
                         "')\n"
                         "        time.sleep(100000)\n"
                         "    os._exit(0)\n"
                         "time.sleep(100000)\n");
  fleet.MustCtl({"start", script, "--name", "parent", "--min-ready-time", "0"});
  ASSERT_TRUE(fleet.Eventually([&] { return !ReadFile(pid_file).empty(); }));
  pid_t child = std::stoi(ReadFile(pid_file));
  ASSERT_TRUE(IsAlive(child));
  fleet.MustCtl({"stop", "parent"});
  EXPECT_TRUE(WaitGone(child, kPatience));
}

TEST(BadWorker, ThatCrashesOverAndOverEndsInCrashLoopAndSaysSo) {
  TestFleet fleet;
  std::string script = fleet.WriteApp("crash.sh", "exit 3\n");
  std::string file = fleet.WriteApp(
      "fleet.yaml", "apps:\n  - name: crash\n    script: " + script +
                        "\n    max_restarts: 3\n");
  CommandResult r = fleet.Ctl({"apply", file});
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_TRUE(fleet.Eventually([&] {
    return fleet.Show("crash").dump().find("INSTANCE_STATE_CRASH_LOOP") !=
           std::string::npos;
  }));
  EXPECT_NE(fleet.MustCtl({"show", "crash"}).find("exit code 3"),
            std::string::npos);
}

TEST(BadWorker, ThatIsKilledIsStartedAgain) {
  TestFleet fleet;
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::vector<pid_t> before = fleet.Pids("web", "host-1");
  ::kill(before.at(0), SIGKILL);
  ASSERT_TRUE(fleet.Eventually([&] {
    std::vector<pid_t> now = fleet.Pids("web", "host-1");
    return now.size() == 2 && now.at(0) != before.at(0) &&
           now.at(1) == before.at(1);
  }));
  EXPECT_NE(fleet.MustCtl({"show", "web"}).find("SIGKILL"), std::string::npos);
}

}  // namespace
}  // namespace fleet::e2e
