// What dies under the workers' feet: programs that are replaced, keeper and
// agent killed together, the whole machine. Workers serve on where they can,
// and are started again where they cannot.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// `web`, two Node workers under both kinds of load, and `lines`, which writes
// all the time.
class Survival : public testing::Test {
 protected:
  void SetUpApps() {
    log_ = fleet_.dir() + "/lines.log";
    std::string file =
        fleet_.WriteApp("fleet.yaml",
                        "apps:\n"
                        "  - name: web\n"
                        "    script: " +
                            AppPath("web.js") +
                            "\n"
                            "    exec_mode: cluster\n"
                            "    instances: 2\n"
                            "    wait_ready: true\n"
                            "    stop_signal: SIGINT\n"
                            "  - name: lines\n"
                            "    script: " +
                            AppPath("lines.py") +
                            "\n"
                            "    out_file: " +
                            log_ +
                            "\n"
                            "    log_max_size: 1G\n"
                            // A group of its own, where the machine gives one.
                            "    limits: {memory_max: 256M}\n");
    fleet_.MustCtl({"apply", file, "--min-ready-time", "0"});
    web_ = fleet_.Pids("web", "host-1");
    lines_ = fleet_.Pids("lines", "host-1");
    ASSERT_EQ(web_.size(), 2U);
    ASSERT_EQ(lines_.size(), 1U);
    keep_alive_ = std::make_unique<HttpLoad>(
        std::vector{fleet_.Target(1, kPort)}, LoadMode::kKeepAlive, 2);
    close_ = std::make_unique<HttpLoad>(std::vector{fleet_.Target(1, kPort)},
                                        LoadMode::kClose, 1);
    ASSERT_TRUE(close_->AwaitServed(50, kPatience));
  }

  void ExpectNoRequestFailed() {
    ASSERT_TRUE(close_->AwaitServed(50, kPatience));
    for (HttpLoad* load : {keep_alive_.get(), close_.get()}) {
      LoadCounts counts = load->Stop();
      EXPECT_EQ(counts.failed, 0) << nlohmann::json(counts.reasons).dump();
    }
  }

  // Lines of `lines` that are in its file by now, each the next number; -1:
  // one is torn or missing.
  int WholeLines() {
    std::istringstream lines(ReadFile(log_));
    std::string line;
    int expected = 0;
    while (std::getline(lines, line) && !lines.eof()) {
      if (line != "line " + std::to_string(expected)) {
        ADD_FAILURE() << "line " << expected << " is \"" << line << "\"";
        return -1;
      }
      ++expected;
    }
    return expected;
  }

  void AwaitLines(int more) {
    int before = WholeLines();
    ASSERT_TRUE(fleet_.Eventually([&] { return WholeLines() > before + more; }))
        << "still " << before;
  }

  std::string LastExit(const std::string& app) {
    for (const auto& instance : fleet_.InstancesOn(app, "host-1")) {
      return instance.value("last_exit", "");
    }
    return "no instance";
  }

  int64_t Restarts(const std::string& app) {
    int64_t restarts = 0;
    for (const auto& instance : fleet_.InstancesOn(app, "host-1")) {
      restarts += instance.value("restarts", 0);
    }
    return restarts;
  }

  std::string HostLog() { return ReadFile(fleet_.HostLog(1)); }

  TestFleet fleet_{{.own_programs = true}};
  std::string log_;
  std::vector<pid_t> web_;
  std::vector<pid_t> lines_;
  std::unique_ptr<HttpLoad> keep_alive_;
  std::unique_ptr<HttpLoad> close_;
};

pid_t ParentOf(pid_t pid) {
  std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  size_t end = stat.rfind(')');
  return end == std::string::npos ? 0 : atoi(stat.c_str() + end + 4);
}

// As a package does it: another file of the same name.
void Replace(const std::string& path, const std::string& by) {
  std::filesystem::remove(path);
  std::filesystem::copy(by, path);
}

TEST_F(Survival, KeeperAndAgentAreUpgradedInPlaceUnderLoad) {
  SetUpApps();
  pid_t keeper = fleet_.KeeperPid(1);
  for (int i = 0; i < 3; ++i) {
    pid_t agent = fleet_.AgentPid(1);
    Replace(fleet_.BinDir() + "/fleet-keeper", ProgramPath("fleet-keeper"));
    Replace(fleet_.BinDir() + "/fleet-agent", ProgramPath("fleet-agent"));
    // A worker that ends meanwhile is nobody's loss.
    if (i == 1) ::kill(lines_.at(0), SIGUSR1);
    ::kill(keeper, SIGHUP);
    ASSERT_TRUE(WaitGone(agent, kPatience));
    ASSERT_TRUE(fleet_.Eventually([&] { return fleet_.AgentPid(1) > 0; }));
    fleet_.AwaitConnected(1);
    if (i == 1) break;
    AwaitLines(200);
  }
  EXPECT_EQ(fleet_.KeeperPid(1), keeper);
  // What executes now is the new file, which no name has been taken from.
  for (pid_t pid : {keeper, fleet_.AgentPid(1)}) {
    std::string exe =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe");
    EXPECT_FALSE(Contains(exe, "deleted")) << exe;
    EXPECT_TRUE(exe.starts_with(fleet_.BinDir())) << exe;
  }
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("lines") == 1; }));
  EXPECT_EQ(LastExit("lines"), "exit code 7");
  EXPECT_EQ(fleet_.Pids("web", "host-1"), web_);
  ExpectNoRequestFailed();
}

TEST_F(Survival, AnUpgradeThatWouldNotStartIsRefusedAndAllGoesOn) {
  SetUpApps();
  pid_t keeper = fleet_.KeeperPid(1);
  pid_t agent = fleet_.AgentPid(1);
  std::string program = fleet_.BinDir() + "/fleet-agent";
  std::filesystem::remove(program);
  WriteFile(program, "#!/bin/sh\nexit 3\n");
  chmod(program.c_str(), 0755);
  ::kill(keeper, SIGHUP);
  ASSERT_TRUE(
      fleet_.Eventually([&] { return Contains(HostLog(), "no upgrade"); }));
  EXPECT_EQ(fleet_.AgentPid(1), agent);
  EXPECT_EQ(fleet_.KeeperPid(1), keeper);
  EXPECT_EQ(fleet_.Pids("web", "host-1"), web_);
  Replace(program, ProgramPath("fleet-agent"));
  AwaitLines(50);
  ExpectNoRequestFailed();
}

TEST_F(Survival, KeepersKilledOneAfterAnotherCostNoWorker) {
  SetUpApps();
  pid_t agent = fleet_.AgentPid(1);
  std::vector<pid_t> dead;
  for (int i = 0; i < 3; ++i) {
    pid_t keeper = fleet_.CurrentKeeperPid(1);
    dead.push_back(keeper);
    ::kill(keeper, SIGKILL);
    ASSERT_TRUE(WaitGone(keeper, kPatience));
    ASSERT_TRUE(fleet_.Eventually([&] {
      pid_t now = fleet_.CurrentKeeperPid(1);
      return now != 0 && now != keeper && IsAlive(now);
    }));
    AwaitLines(50);
  }
  EXPECT_TRUE(IsAlive(agent));
  EXPECT_EQ(fleet_.Pids("web", "host-1"), web_);
  EXPECT_EQ(fleet_.Pids("lines", "host-1"), lines_);
  EXPECT_EQ(fleet_.WorkerProcesses().size(), 3U);
  // It is not the new keeper's child: it is seen to end, and not how.
  ::kill(lines_.at(0), SIGUSR1);
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("lines") == 1; }));
  EXPECT_TRUE(Contains(LastExit("lines"), "not known")) << LastExit("lines");
  // Its successor is. Once it writes, it is ready for the signal.
  ASSERT_TRUE(fleet_.Eventually(
      [&] { return Contains(ReadFile(log_), "\nline 0\n"); }));
  ::kill(fleet_.Pids("lines", "host-1").at(0), SIGUSR1);
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("lines") == 2; }));
  EXPECT_EQ(LastExit("lines"), "exit code 7");
  fleet_.MustCtl({"reload", "web", "--min-ready-time", "0"});
  ExpectNoRequestFailed();
}

TEST_F(Survival, KeeperAndAgentKilledTogetherFindTheirWorkersAgain) {
  SetUpApps();
  for (int i = 0; i < 3; ++i) {
    int before = WholeLines();
    fleet_.KillHost(1);
    ASSERT_TRUE(close_->AwaitServed(20, kPatience)) << "nobody serves";
    fleet_.StartHost(1);
    fleet_.AwaitConnected(1);
    ASSERT_EQ(fleet_.Pids("web", "host-1"), web_);
    ASSERT_EQ(fleet_.Pids("lines", "host-1"), lines_);
    ASSERT_GE(WholeLines(), before);
    AwaitLines(50);
  }
  EXPECT_EQ(fleet_.WorkerProcesses().size(), 3U);
  EXPECT_EQ(Restarts("web") + Restarts("lines"), 0);
  // One dies while nobody is there; a rollout is the new agent's to do.
  fleet_.KillHost(1);
  ::kill(lines_.at(0), SIGKILL);
  fleet_.StartHost(1);
  fleet_.AwaitConnected(1);
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("lines") == 1; }));
  EXPECT_TRUE(Contains(LastExit("lines"), "not known")) << LastExit("lines");
  fleet_.MustCtl({"reload", "web", "--min-ready-time", "0"});
  EXPECT_EQ(fleet_.WorkerProcesses().size(), 3U);
  ExpectNoRequestFailed();
}

// A keeper that takes over and is killed before it has been handed anything.
TEST_F(Survival, AKeeperKilledWhileItTakesOverLosesNothing) {
  SetUpApps();
  fleet_.KillHost(1);
  for (int i = 0; i < 2; ++i) {
    // What it takes for its agent, and waits for.
    ProcessOptions sleep;
    sleep.argv = {"sleep", "1000"};
    ChildProcess silent(sleep);
    ProcessOptions options;
    options.argv = {fleet_.BinDir() + "/fleet-keeper",
                    "--state-dir",
                    fleet_.HostDir(1),
                    "--agent-pid",
                    std::to_string(silent.pid()),
                    "--",
                    fleet_.BinDir() + "/fleet-agent"};
    options.stderr_file = fleet_.dir() + "/keeper.err";
    ChildProcess keeper(options);
    ASSERT_TRUE(fleet_.Eventually([&] {
      return Contains(ReadFile(fleet_.HostDir(1) + "/keeper.lock"),
                      "agent " + std::to_string(silent.pid()));
    })) << ReadFile(options.stderr_file);
  }
  fleet_.StartHost(1);
  fleet_.AwaitConnected(1);
  EXPECT_EQ(fleet_.Pids("web", "host-1"), web_);
  EXPECT_EQ(fleet_.Pids("lines", "host-1"), lines_);
  EXPECT_EQ(fleet_.WorkerProcesses().size(), 3U);
  AwaitLines(50);
  ExpectNoRequestFailed();
}

// Every way in which an agent can be followed by another, on the same boot.
class Succession : public Survival {
 protected:
  void Succeed(const std::string& how) {
    pid_t agent = fleet_.AgentPid(1);
    if (how == "agent killed") {
      ::kill(agent, SIGKILL);
    } else if (how == "upgrade") {
      ::kill(fleet_.CurrentKeeperPid(1), SIGHUP);
    } else {
      fleet_.KillHost(1);
      fleet_.StartHost(1);
    }
    ASSERT_TRUE(agent == 0 || WaitGone(agent, kPatience)) << how;
    ASSERT_TRUE(fleet_.Eventually([&] {
      pid_t now = fleet_.AgentPid(1);
      return now > 0 && now != agent;
    })) << how;
    AwaitNewSession(how);
  }

  // The session of the agent that runs now, not what is left of the last one's.
  void AwaitNewSession(const std::string& how) {
    std::string sign = "process " + std::to_string(fleet_.AgentPid(1)) + "\"";
    ASSERT_TRUE(fleet_.Eventually([&] {
      return Contains(ReadFile(fleet_.ControllerLog()), sign);
    })) << how;
    fleet_.AwaitConnected(1);
  }

  // What a user sees of an app's first instance.
  std::string Seen(const std::string& app) {
    auto all = fleet_.InstancesOn(app, "host-1");
    if (all.empty()) return "none";
    const auto& one = all.front();
    return one.value("state", "") + ", last " + one.value("last_exit", "") +
           ", restarts " + std::to_string(one.value("restarts", 0)) + ", " +
           one.value("reason", "") + Events(app);
  }

  std::string Events(const std::string& app) {
    std::string events;
    const nlohmann::json shown = fleet_.Show(app);
    for (const auto& host : shown["hosts"]) {
      for (const auto& event : host["status"]["events"]) {
        events += "; " + event["text"].get<std::string>();
      }
    }
    return events;
  }
};

TEST_F(Succession, ResultsAndCountsOutliveTheAgentThatSawThem) {
  std::string runs = fleet_.dir() + "/runs";
  std::string job = fleet_.WriteApp(
      "job.sh", "echo ran >> " + runs + "\necho no such table >&2\nexit $1\n");
  fleet_.MustCtl({"apply",
                  fleet_.WriteApp("fleet.yaml",
                                  "apps:\n"
                                  "  - {name: failed, script: " +
                                      job +
                                      ", args: '3', autorestart: false}\n"
                                      "  - {name: completed, script: " +
                                      job +
                                      ", args: '0', autorestart: false}\n"
                                      "  - {name: loop, script: " +
                                      job +
                                      ", args: '4', max_restarts: 3}\n"
                                      "  - {name: crashed, script: " +
                                      AppPath("lines.py") +
                                      ", min_uptime: 0}\n"
                                      "  - {name: byhand, script: " +
                                      AppPath("lines.py") + "}\n"),
                  "--no-wait"});
  ASSERT_TRUE(fleet_.Eventually([&] {
    return Contains(Seen("failed"), "EXITED") &&
           Contains(Seen("completed"), "EXITED") &&
           Contains(Seen("loop"), "CRASH_LOOP") &&
           Contains(Seen("byhand"), "ONLINE") &&
           Contains(Seen("crashed"), "ONLINE");
  })) << Seen("failed")
      << "; " << Seen("loop");
  fleet_.MustCtl({"stop", "byhand"});
  for (int i = 1; i <= 2; ++i) {
    ::kill(fleet_.Pids("crashed", "host-1").at(0), SIGUSR1);
    ASSERT_TRUE(fleet_.Eventually([&] {
      return Restarts("crashed") == i && Contains(Seen("crashed"), "ONLINE");
    }));
  }
  std::vector<std::string> apps = {"failed", "completed", "loop", "crashed",
                                   "byhand"};
  std::map<std::string, std::string> before;
  for (const std::string& app : apps) before[app] = Seen(app);
  EXPECT_TRUE(Contains(before["failed"], "exit code 3")) << before["failed"];
  EXPECT_TRUE(Contains(before["loop"], "no such table")) << before["loop"];
  EXPECT_TRUE(Contains(Events("loop"), "crash loop: 3 unstable exits"));
  EXPECT_TRUE(Contains(Events("crashed"), "restarted at once"));
  EXPECT_TRUE(Contains(before["byhand"], "STOPPED")) << before["byhand"];
  std::string ran = ReadFile(runs);
  for (const char* how : {"agent killed", "upgrade", "both killed"}) {
    Succeed(how);
    for (const std::string& app : apps) {
      EXPECT_TRUE(fleet_.Eventually([&] { return Seen(app) == before[app]; }))
          << how << ": " << app << " is " << Seen(app) << ", was "
          << before[app];
    }
    EXPECT_EQ(ReadFile(runs), ran) << how << ": something ran again";
  }
  // Somebody asks for it: it gets its new chance, and the count goes on.
  fleet_.MustCtl({"start", "loop", "--no-wait"});
  EXPECT_TRUE(fleet_.Eventually([&] { return ReadFile(runs) != ran; }));
  fleet_.MustCtl({"reset", "crashed"});
  Succeed("agent killed");
  EXPECT_EQ(Restarts("crashed"), 0);
}

TEST_F(Succession, AWorkerThatNamesAnotherMainProcessIsThatProcess) {
  std::string pid_file = fleet_.dir() + "/daemon.pid";
  fleet_.MustCtl({"apply",
                  fleet_.WriteApp("fleet.yaml",
                                  "apps:\n"
                                  "  - name: daemon\n"
                                  "    script: " +
                                      AppPath("main_pid.py") +
                                      "\n"
                                      "    pid_file: " +
                                      pid_file +
                                      "\n"
                                      "    readiness: {notify: true}\n"
                                      "  - name: liar\n"
                                      "    script: " +
                                      AppPath("main_pid.py") +
                                      "\n"
                                      "    args: '" +
                                      std::to_string(getpid()) +
                                      "'\n"
                                      "    readiness: {notify: true}\n"),
                  "--min-ready-time", "0"});
  pid_t liar = fleet_.Pids("liar", "host-1").at(0);
  EXPECT_NE(liar, getpid());
  EXPECT_TRUE(Contains(HostLog(), "no process of its own")) << HostLog();
  pid_t main = fleet_.Pids("daemon", "host-1").at(0);
  // Its parent is gone, and it is what the keeper answers for.
  EXPECT_EQ(ReadFile(pid_file), std::to_string(main) + "\n");
  EXPECT_TRUE(
      Contains(fleet_.MustCtl({"show", "daemon"}), "serves as a child"));
  EXPECT_EQ(Restarts("daemon"), 0);
  for (const char* how : {"agent killed", "upgrade", "both killed"}) {
    Succeed(how);
    EXPECT_TRUE(fleet_.Eventually([&] {
      return fleet_.Pids("daemon", "host-1") == std::vector{main};
    })) << how;
  }
  ::kill(main, SIGUSR1);
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("daemon") == 1; }));
  // A keeper was killed since its start.
  EXPECT_TRUE(Contains(LastExit("daemon"), "not known")) << LastExit("daemon");
  // Until its parent is gone nobody else could learn how it ends.
  pid_t next = 0;
  ASSERT_TRUE(fleet_.Eventually([&] {
    // Pid and text of one answer: the parent has neither the child's.
    for (const auto& instance : fleet_.InstancesOn("daemon", "host-1")) {
      if (instance.value("status_text", "") != "serves as a child") continue;
      next = instance.value("pid", 0);
    }
    return next != 0 && ParentOf(next) == fleet_.CurrentKeeperPid(1);
  }));
  ::kill(next, SIGUSR1);
  ASSERT_TRUE(fleet_.Eventually([&] { return Restarts("daemon") == 2; }));
  EXPECT_EQ(LastExit("daemon"), "exit code 5");
  ASSERT_TRUE(fleet_.Eventually(
      [&] { return fleet_.Pids("daemon", "host-1").size() == 1; }));
  fleet_.MustCtl({"delete", "all"});
  EXPECT_TRUE(fleet_.WorkerProcesses().empty());
}

}  // namespace
}  // namespace fleet::e2e
