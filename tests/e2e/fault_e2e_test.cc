// Fleet's own parts are killed in the middle of a reload: the workers serve
// on, nothing is lost, and the fleet converges by itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "nlohmann/json.hpp"
#include "tests/e2e/event_tail.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;

// `web` on two hosts under both kinds of load.
class Fault : public testing::Test {
 protected:
  Fault() : fleet_({.hosts = 2}) {
    fleet_.MustCtl(
        {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
    std::vector<HttpLoad::Target> targets = {fleet_.Target(1, kPort),
                                             fleet_.Target(2, kPort)};
    keep_alive_ = std::make_unique<HttpLoad>(targets, LoadMode::kKeepAlive, 2);
    close_ = std::make_unique<HttpLoad>(targets, LoadMode::kClose, 1);
    EXPECT_TRUE(close_->AwaitServed(50, kPatience));
  }

  // Each host's step lasts twice `min_ready_time`, and more.
  std::unique_ptr<ChildProcess> StartReload(
      const std::string& min_ready_time = "500ms") {
    return fleet_.StartCtl({"reload", "web", "--min-ready-time", min_ready_time,
                            "--timeout", "100s"},
                           "reload");
  }

  // The newest rollout of web, as a program sees it.
  nlohmann::json Rollout() {
    CommandResult r = fleet_.Ctl({"rollout", "status", "web", "-o", "json"});
    auto parsed = nlohmann::json::parse(r.out, nullptr, false);
    return parsed.is_discarded() ? nlohmann::json::object() : parsed;
  }

  // How often a command has said it on stderr so far.
  int Count(const std::string& command, const std::string& what) const {
    const std::string said = ReadFile(fleet_.dir() + "/" + command + ".err");
    int count = 0;
    for (size_t at = 0; (at = said.find(what, at)) != said.npos; ++at) ++count;
    return count;
  }

  void AwaitFirstHostUnderWay() {
    ASSERT_TRUE(fleet_.Eventually([&] {
      return Rollout().dump().find("HOST_STEP_PHASE_APPLYING") !=
             std::string::npos;
    })) << Rollout().dump(1);
  }

  void ExpectReloadSucceeds(ChildProcess& reload) {
    auto exit_code = reload.Wait(kPatience);
    ASSERT_TRUE(exit_code.has_value());
    EXPECT_EQ(*exit_code, 0) << ReadFile(fleet_.dir() + "/reload.err");
    ASSERT_TRUE(close_->AwaitServed(50, kPatience));
    LoadCounts kept = keep_alive_->Stop();
    LoadCounts closed = close_->Stop();
    EXPECT_EQ(kept.failed, 0) << nlohmann::json(kept.reasons).dump();
    EXPECT_EQ(closed.failed, 0) << nlohmann::json(closed.reasons).dump();
    for (int i = 1; i <= 2; ++i) {
      EXPECT_TRUE(fleet_.Eventually(
          [&] { return fleet_.Pids("web", fleet_.HostName(i)).size() == 2; }));
    }
  }

  TestFleet fleet_;
  std::unique_ptr<HttpLoad> keep_alive_;
  std::unique_ptr<HttpLoad> close_;
};

TEST_F(Fault, ControllerKilledInTheMiddleOfAReloadGoesOnWithIt) {
  auto reload = StartReload();
  AwaitFirstHostUnderWay();
  auto watch =
      fleet_.StartCtl({"rollout", "watch", "web", "-o", "json"}, "watch");
  const EventTail events(fleet_.dir() + "/watch.out");
  ASSERT_TRUE(fleet_.Eventually([&] { return !events.Read().empty(); }));
  fleet_.KillController();
  // Both say so, and wait.
  for (const char* who : {"reload", "watch"}) {
    EXPECT_TRUE(fleet_.Eventually([&] {
      return Count(who, ": lost the controller, trying again") == 1;
    })) << who;
  }
  fleet_.StartController();
  ExpectReloadSucceeds(*reload);
  EXPECT_EQ(watch->Wait(kPatience).value_or(-1), 0);
  for (const char* who : {"reload", "watch"}) {
    EXPECT_EQ(Count(who, ": lost the controller"), 1) << who;
    EXPECT_EQ(Count(who, ": the controller is back"), 1) << who;
  }
  // Every event once: numbered for programs, as a line for people.
  EXPECT_EQ(events.Gap(), "");
  for (const char* line : {"host-1: admitted", "host-1: done",
                           "host-2: admitted", "host-2: done"}) {
    EXPECT_EQ(Count("reload", line), 1)
        << line << "\n"
        << ReadFile(fleet_.dir() + "/reload.err");
  }
  EXPECT_EQ(Count("reload", "reload of web succeeded: 2 of 2 hosts done"), 1);
}

TEST_F(Fault, AgentKilledInTheMiddleOfAReloadGoesOnWithIt) {
  auto reload = StartReload();
  AwaitFirstHostUnderWay();
  pid_t agent = fleet_.AgentPid(1);
  ASSERT_GT(agent, 0);
  ::kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  ExpectReloadSucceeds(*reload);
}

TEST_F(Fault, KeeperKilledInTheMiddleOfAReloadIsReplacedByItsAgent) {
  auto reload = StartReload();
  AwaitFirstHostUnderWay();
  pid_t agent = fleet_.AgentPid(1);
  fleet_.keeper(1).Signal(SIGKILL);
  ASSERT_TRUE(fleet_.keeper(1).Wait(kPatience).has_value());
  ExpectReloadSucceeds(*reload);
  EXPECT_TRUE(IsAlive(agent));
  // The test's own handle is the first keeper's; the second is in the lock.
  pid_t keeper = 0;
  ASSERT_TRUE(fleet_.Eventually([&] {
    keeper = fleet_.CurrentKeeperPid(1);
    return keeper > 0 && keeper != fleet_.KeeperPid(1);
  }));
  ::kill(keeper, SIGTERM);
  EXPECT_TRUE(WaitGone(keeper, kPatience));
  EXPECT_TRUE(WaitGone(agent, kPatience));
}

TEST_F(Fault, AgentKilledAgainAndAgainCostsNoWorkerAndNoExitCode) {
  std::vector<pid_t> before = fleet_.Pids("web", "host-1");
  for (int i = 0; i < 5; ++i) {
    pid_t agent = 0;
    ASSERT_TRUE(
        fleet_.Eventually([&] { return (agent = fleet_.AgentPid(1)) > 0; }));
    if (i == 3) {
      // It dies while nobody is there to be told.
      ::kill(agent, SIGKILL);
      ::kill(before.at(0), SIGTERM);
    } else {
      ::kill(agent, SIGKILL);
    }
    ASSERT_TRUE(WaitGone(agent, kPatience));
  }
  ASSERT_TRUE(fleet_.Eventually([&] {
    std::vector<pid_t> now = fleet_.Pids("web", "host-1");
    return now.size() == 2 && now.at(0) != before.at(0);
  }));
  EXPECT_EQ(fleet_.Pids("web", "host-1").at(1), before.at(1));
  EXPECT_NE(fleet_.MustCtl({"show", "web"}).find("SIGTERM"), std::string::npos);
}

TEST_F(Fault, PauseHoldsTheRolloutAndResumeFinishesIt) {
  // Time to say so while the first host is at work.
  auto reload = StartReload("1s");
  AwaitFirstHostUnderWay();
  fleet_.MustCtl({"rollout", "pause", "web"});
  ASSERT_TRUE(fleet_.Eventually([&] {
    return Rollout().dump().find("HOST_STEP_PHASE_DONE") != std::string::npos;
  }));
  EXPECT_NE(Rollout().dump().find("HOLD_KIND_USER"), std::string::npos);
  EXPECT_NE(Rollout().dump().find("HOST_STEP_PHASE_PENDING"),
            std::string::npos);
  fleet_.MustCtl({"rollout", "resume", "web"});
  ExpectReloadSucceeds(*reload);
}

TEST_F(Fault, AbortEndsItWithExitCodeFiveAndAllServe) {
  auto reload = StartReload("1s");
  AwaitFirstHostUnderWay();
  fleet_.MustCtl({"rollout", "abort", "web"});
  EXPECT_EQ(reload->Wait(kPatience).value_or(-1), 5);
  LoadCounts closed = close_->Stop();
  EXPECT_EQ(closed.failed, 0);
}

TEST_F(Fault, CtrlCDetachesAndTheRolloutGoesOn) {
  auto reload = StartReload();
  AwaitFirstHostUnderWay();
  ASSERT_TRUE(fleet_.Eventually(
      [&] { return Count("reload", "host-1: admitted") == 1; }));
  reload->Signal(SIGINT);
  EXPECT_EQ(reload->Wait(kPatience).value_or(-1), 130);
  std::string said = ReadFile(fleet_.dir() + "/reload.err");
  EXPECT_NE(said.find("rollout"), std::string::npos) << said;
  EXPECT_NE(said.find("abort"), std::string::npos) << said;
  EXPECT_TRUE(fleet_.Eventually([&] {
    return Rollout().dump().find("ROLLOUT_PHASE_SUCCEEDED") !=
           std::string::npos;
  }));
}

TEST_F(Fault, AHostThatIsAwayIsSkippedAndConvergesWhenItReturns) {
  close_->Stop();
  keep_alive_->Stop();
  fleet_.StopHost(2);
  fleet_.MustCtl({"reload", "web", "--min-ready-time", "0"});
  fleet_.StartHost(2);
  fleet_.AwaitConnected(2);
  // A worker takes connections once it is available.
  EXPECT_TRUE(fleet_.Eventually(
      [&] { return HttpGet(fleet_.Target(2, kPort)).body == "v1"; }));
  // It follows the reload, one more at a time.
  EXPECT_TRUE(fleet_.Eventually(
      [&] { return fleet_.Pids("web", "host-2").size() == 2; }));
}

TEST(FaultAlone, SecondControllerOnOneStoreIsRefusedAndNamesTheFirst) {
  TestFleet fleet({.hosts = 0});
  ProcessOptions second;
  second.argv = {ProgramPath("fleet-controller"), "--state-dir",
                 fleet.ControllerDir(), "--listen",
                 "unix:" + fleet.dir() + "/second.sock"};
  CommandResult r = RunCommand(second, fleet.dir(), kPatience);
  EXPECT_NE(r.exit_code, 0);
  EXPECT_NE(r.exit_code, -1);
  EXPECT_NE(r.err.find(std::to_string(fleet.controller().pid())),
            std::string::npos)
      << r.err;
}

TEST(FaultAlone, SecondMachineWithAHostsNameIsRefusedAndShown) {
  TestFleet fleet({.hosts = 1});
  std::string state = fleet.dir() + "/impostor";
  ProcessOptions options;
  options.argv = {ProgramPath("fleet-keeper"),
                  "--state-dir",
                  state,
                  "--",
                  ProgramPath("fleet-agent"),
                  "--state-dir",
                  state,
                  "--controller",
                  fleet.controller_address(),
                  "--host-name",
                  "host-1",
                  "--bind-address",
                  fleet.Address(7)};
  options.stdout_file = options.stderr_file = fleet.dir() + "/impostor.log";
  ASSERT_EQ(mkdir(state.c_str(), 0700), 0);
  ChildProcess impostor(options);
  EXPECT_TRUE(fleet.Eventually([&] {
    return ReadFile(options.stderr_file).find("host-1") != std::string::npos &&
           fleet.Ctl({"hosts", "-o", "json"}).out.find("refused") !=
               std::string::npos;
  })) << ReadFile(options.stderr_file)
      << fleet.Ctl({"hosts", "-o", "json"}).out;
  EXPECT_NE(fleet.MustCtl({"hosts"}).find("host-1"), std::string::npos);
  impostor.Signal(SIGTERM);
  EXPECT_TRUE(impostor.Wait(kPatience).has_value());
}

// Fills a file system to its last byte.
void FillDisk(const std::string& file) {
  int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  for (size_t block = 1 << 16; block > 0; block /= 2) {
    std::string zeros(block, '\0');
    while (write(fd, zeros.data(), zeros.size()) > 0) {
    }
  }
  close(fd);
}

TEST(FaultAlone, ControllersDiskFullIsSaidAndNothingIsLost) {
  TestFleet fleet({.hosts = 1, .controller_disk_bytes = 16 << 20});
  if (!fleet.disk()) GTEST_SKIP() << "needs root for a file system";
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::string fill = fleet.ControllerDir() + "/fill";
  FillDisk(fill);
  // Until the log of the database has no room left in its own pages.
  CommandResult refused;
  for (int i = 0; i < 200 && refused.exit_code != 1; ++i) {
    refused = fleet.Ctl({"scale", "web", i % 2 == 0 ? "3" : "2"});
  }
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("full"), std::string::npos) << refused.err;
  EXPECT_EQ(HttpGet(fleet.Target(1, kPort)).body, "v1");
  ASSERT_EQ(unlink(fill.c_str()), 0);
  fleet.MustCtl({"scale", "web", "2"});
  // In the middle of a reload: whoever follows it is told, and it waits.
  auto reload =
      fleet.StartCtl({"reload", "web", "--min-ready-time", "3s"}, "reload");
  ASSERT_TRUE(fleet.Eventually([&] {
    return fleet.Ctl({"rollout", "status", "web"}).out.find("applying") !=
           std::string::npos;
  }));
  FillDisk(fill);
  for (int i = 0; i < 200; ++i) {
    const std::string label = "n=" + std::to_string(i);
    if (fleet.Ctl({"hosts", "label", "host-1", label}).exit_code == 1) break;
  }
  const auto tells = [](const std::string& text) {
    return text.find("nothing goes on until it can be saved") != text.npos &&
           text.find("full") != text.npos;
  };
  EXPECT_TRUE(fleet.Eventually([&] {
    return tells(ReadFile(fleet.dir() + "/reload.err"));
  })) << ReadFile(fleet.dir() + "/reload.err");
  EXPECT_TRUE(tells(fleet.Ctl({"rollout", "status", "web"}).out));
  ASSERT_EQ(unlink(fill.c_str()), 0);
  EXPECT_EQ(reload->Wait(kPatience).value_or(-1), 0);
  EXPECT_EQ(fleet.Pids("web", "host-1").size(), 2U);
}

// Connects to a Unix socket, sends bytes that mean nothing, and goes.
void SendGarbage(const std::string& path, int type, const std::string& bytes) {
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof a.sun_path);
  path.copy(a.sun_path, path.size());
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0) << path;
  send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  close(fd);
}

// What no channel of Node's carries: no JSON, half a message, one without end.
constexpr char kRude[] =
    "const fs = require('fs');\n"
    "function say(text) {\n"
    "  for (let rest = Buffer.from(text); rest.length > 0;) {\n"
    "    try { rest = rest.subarray(fs.writeSync(process.channel.fd, rest)); "
    "}\n"
    "    catch (error) {\n"
    "      if (error.code === 'EPIPE') return;\n"
    "      if (error.code !== 'EAGAIN') throw error;\n"
    "    }\n"
    "  }\n"
    "}\n"
    "process.on('disconnect', () => {});\n"
    "say('nothing\\n{\\n{\"cmd\":\"NODE_CLUSTER\",\"act\":7}\\n');\n"
    "say('x'.repeat(3 << 20));\n"
    "console.log('all is said');\n"
    "setInterval(() => {}, 1000);\n";

TEST(FaultAlone, GarbageOnEverySocketDisturbsNobody) {
  TestFleet fleet;
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::vector<pid_t> pids = fleet.Pids("web", "host-1");
  for (size_t size : {1U, 7U, 4096U, 100000U}) {
    SendGarbage(fleet.dir() + "/controller.sock", SOCK_STREAM,
                std::string(size, '\xff'));
    SendGarbage(fleet.HostDir(1) + "/run/notify.sock", SOCK_DGRAM,
                std::string(size, 'A'));
  }
  // On its channel to the agent, by a worker.
  fleet.MustCtl({"start", fleet.WriteApp("rude.js", kRude), "--name", "rude",
                 "--min-ready-time", "0"});
  ASSERT_TRUE(fleet.Eventually([&] {
    return fleet.Ctl({"logs", "rude"}).out.find("all is said") !=
           std::string::npos;
  })) << fleet.Ctl({"show", "rude"}).out;
  EXPECT_EQ(fleet.Pids("rude", "host-1").size(), 1U);
  EXPECT_EQ(fleet.InstancesOn("rude", "host-1")[0].value("restarts", 0), 0);
  EXPECT_EQ(fleet.Pids("web", "host-1"), pids);
  fleet.MustCtl({"reload", "web", "--min-ready-time", "0"});
}

}  // namespace
}  // namespace fleet::e2e
