// The network between agents and controller is cut, without a word to either:
// all of it (in a network namespace, loopback goes down and comes up again), or
// one host's.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/event_tail.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

bool SetLoopback(bool up) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::string("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  bool ok = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  if (up) {
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
  } else {
    request.ifr_flags &= static_cast<short>(~(IFF_UP | IFF_RUNNING));
  }
  ok = ok && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return ok;
}

class Partition : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    namespaced_ = unshare(CLONE_NEWNET) == 0 && SetLoopback(true);
  }
  void SetUp() override {
    if (!namespaced_) GTEST_SKIP() << "needs root for a network namespace";
  }

  static bool HostsAre(TestFleet& fleet, const std::string& state) {
    CommandResult r = fleet.Ctl({"hosts", "-o", "json"});
    auto all = nlohmann::json::parse(r.out, nullptr, false);
    if (all.is_discarded()) return false;
    for (const auto& host : all["hosts"]) {
      if (host.value("state", "") != state) return false;
    }
    return true;
  }

  static bool namespaced_;
};

bool Partition::namespaced_ = false;

TEST_F(Partition, WorkersServeOnAndTheHostsComeBack) {
  TestFleet fleet({.hosts = 2, .agent_port = 7443});
  fleet.MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  std::vector<pid_t> pids = fleet.Pids("web", "host-1");
  ASSERT_EQ(pids.size(), 2U);
  ASSERT_TRUE(SetLoopback(false));
  EXPECT_TRUE(fleet.Eventually(
      [&] { return HostsAre(fleet, "HOST_STATE_DISCONNECTED"); }));
  // A crash while nobody can be asked: the agent restarts it by itself.
  ::kill(pids.at(0), SIGKILL);
  EXPECT_TRUE(WaitGone(pids.at(0), kPatience));
  ASSERT_TRUE(SetLoopback(true));
  EXPECT_TRUE(fleet.Eventually(
      [&] { return HostsAre(fleet, "HOST_STATE_CONNECTED"); }));
  EXPECT_TRUE(fleet.Eventually([&] {
    std::vector<pid_t> now = fleet.Pids("web", "host-1");
    return now.size() == 2 && now.at(0) != pids.at(0) &&
           now.at(1) == pids.at(1);
  }));
}

// Three hosts with networks of their own, on which some are cut off from the
// controller for a while, and not from their clients.
class PartitionOfHosts : public testing::Test {
 protected:
  static constexpr int kHosts = 3;

  void SetUp() override {
    if (!EnterTestNetwork()) GTEST_SKIP() << "needs root for namespaces";
    TestFleetOptions options;
    options.hosts = kHosts;
    options.networks = true;
    fleet_ = std::make_unique<TestFleet>(options);
    // Notes that it was started; version 2 of what is to wait does not listen
    // before the file is there.
    script_ = fleet_->WriteApp(
        "counted.js",
        "const fs = require('fs');\n"
        "fs.appendFileSync(process.env.STARTS, process.env.APP + "
        "process.env.VERSION + '\\n');\n"
        "function go() {\n"
        "  if (fs.existsSync(process.env.AWAITS)) return require('" +
            AppPath("web.js") +
            "');\n"
            "  setTimeout(go, 20);\n}\ngo();\n");
  }

  // Version 1 of all, by one command; `more` of each is added to its spec.
  void ApplyFirst(const std::map<std::string, std::string>& apps) {
    apps_ = apps;
    std::string all = "apps:\n";
    for (const auto& [app, more] : apps) all += Entry(app, "1", "/");
    fleet_->MustCtl({"apply", fleet_->WriteApp("first.yaml", all),
                     "--min-ready-time", "0"});
  }

  int PortOf(const std::string& app) const {
    return 3001 +
           static_cast<int>(std::distance(apps_.begin(), apps_.find(app)));
  }

  std::string Entry(const std::string& app, const std::string& version,
                    const std::string& awaits) const {
    return "  - name: " + app + "\n    script: " + script_ +
           "\n    instances: 1\n    wait_ready: true\n"
           "    listen_timeout: 60s\n    stop_signal: SIGINT\n" +
           apps_.at(app) + "    env: {PORT: '" + std::to_string(PortOf(app)) +
           "', APP: " + app + ", VERSION: '" + version + "', STARTS: '" +
           fleet_->dir() + "/starts', AWAITS: '" + awaits + "'}\n";
  }

  // Version 2, followed in a file of its own.
  std::unique_ptr<ChildProcess> StartApply(
      const std::string& app, const std::vector<std::string>& flags,
      const std::string& awaits = "/") {
    std::vector<std::string> args = {
        "apply",
        fleet_->WriteApp(app + ".yaml", "apps:\n" + Entry(app, "2", awaits)),
        "--order",
        "name",
        "-o",
        "json"};
    args.insert(args.end(), flags.begin(), flags.end());
    return fleet_->StartCtl(args, app);
  }

  EventTail Told(const std::string& app) const {
    return EventTail(fleet_->dir() + "/" + app + ".out");
  }
  bool WasTold(const std::string& app, const std::string& what) const {
    const auto events = Told(app).Read();
    return std::any_of(events.begin(), events.end(),
                       [&](const SeenEvent& e) { return e.what == what; });
  }
  void AwaitEvent(const std::string& app, const std::string& what) {
    EXPECT_TRUE(fleet_->Eventually([&] { return WasTold(app, what); }))
        << app << " " << what << "\n"
        << ReadFile(fleet_->dir() + "/" + app + ".out");
  }

  std::string Status(const std::string& app) {
    return fleet_->Ctl({"rollout", "status", app, "-o", "json"}).out;
  }
  std::string Serves(int host, const std::string& app) {
    return HttpGet(fleet_->Target(host, PortOf(app))).body;
  }
  void AwaitServes(const std::string& app, const std::vector<int>& hosts,
                   const std::string& version) {
    for (int host : hosts) {
      EXPECT_TRUE(fleet_->Eventually([&] {
        return Serves(host, app) == version;
      })) << app
          << " on host " << host << ": " << Serves(host, app);
    }
  }

  std::unique_ptr<HttpLoad> LoadOn(const std::vector<std::string>& apps) {
    std::vector<HttpLoad::Target> targets;
    for (const std::string& app : apps) {
      for (int host = 1; host <= kHosts; ++host) {
        targets.push_back(fleet_->Target(host, PortOf(app)));
      }
    }
    auto load = std::make_unique<HttpLoad>(targets, LoadMode::kClose, 1,
                                           absl::Milliseconds(20));
    EXPECT_TRUE(load->AwaitServed(50, kPatience));
    return load;
  }
  void ExpectNoneFailed(HttpLoad& load) {
    EXPECT_TRUE(load.AwaitServed(50, kPatience));
    const LoadCounts counts = load.Stop();
    EXPECT_EQ(counts.failed, 0) << nlohmann::json(counts.reasons).dump();
  }

  // How often workers of an app's version were started, on all hosts.
  int Starts(const std::string& app_and_version) const {
    std::istringstream lines(ReadFile(fleet_->dir() + "/starts"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      count += line == app_and_version ? 1 : 0;
    }
    return count;
  }

  std::unique_ptr<TestFleet> fleet_;
  std::string script_;
  std::map<std::string, std::string> apps_;
};

// Before the step of one app, in the middle of another's, after a third one's.
TEST_F(PartitionOfHosts, OfOneCostsNothingWheneverItBegins) {
  const std::string cluster = "    exec_mode: cluster\n";
  ApplyFirst({{"after", cluster}, {"before", cluster}, {"during", cluster}});
  auto load = LoadOn({"after", "before", "during"});
  const std::string go = fleet_->dir() + "/go";
  auto after = StartApply("after", {"--min-ready-time", "4s"});
  AwaitEvent("after", "ROLLING host-1 DONE");
  auto during = StartApply("during", {"--min-ready-time", "1s"}, go);
  AwaitEvent("during", "ROLLING host-1 APPLYING");
  fleet_->network(1).Cut();

  // The host goes on alone, and so do the others.
  AwaitEvent("during", "ROLLING host-1 UNKNOWN");
  WriteFile(go, "");
  AwaitServes("during", {1}, "v2");
  EXPECT_EQ(after->Wait(kPatience).value_or(-1), 0);
  auto before = StartApply("before", {"--min-ready-time", "0s"});
  EXPECT_EQ(before->Wait(kPatience).value_or(-1), 0);
  AwaitEvent("before", "ROLLING host-1 SKIPPED");
  EXPECT_EQ(Serves(1, "before"), "v1");
  AwaitServes("before", {2, 3}, "v2");

  fleet_->network(1).Heal();
  EXPECT_EQ(during->Wait(2 * kPatience).value_or(-1), 0);
  for (const auto& [app, spec] : apps_) {
    AwaitServes(app, {1, 2, 3}, "v2");
    EXPECT_EQ(Told(app).Gap(), "") << app;
    // Each worker was started once.
    EXPECT_EQ(Starts(app + "1"), kHosts) << app;
    EXPECT_EQ(Starts(app + "2"), kHosts) << app;
  }
  ExpectNoneFailed(*load);
}

// In the middle of the steps of four apps: of one no two hosts may fail, of one
// they may, one turns back, and one stops its workers first and may not have
// more of them down.
TEST_F(PartitionOfHosts, OfTwoAtOnceEndsAsThePolicySays) {
  const std::string cluster = "    exec_mode: cluster\n";
  ApplyFirst({{"back", cluster},
              {"budget", "    reload: stop-first\n"},
              {"limit", cluster},
              {"within", cluster}});
  auto load = LoadOn({"back", "limit", "within"});
  const std::string go = fleet_->dir() + "/go";
  const std::vector<std::string> two = {"--min-ready-time", "0s",
                                        "--max-parallel"};
  const auto start = [&](const std::string& app,
                         const std::vector<std::string>& policy) {
    std::vector<std::string> flags = two;
    flags.insert(flags.end(), policy.begin(), policy.end());
    auto apply = StartApply(app, flags, go);
    AwaitEvent(app, "ROLLING host-1 APPLYING");
    AwaitEvent(app, "ROLLING host-2 APPLYING");
    return apply;
  };
  auto budget = start("budget", {"3", "--max-unavailable", "2"});
  auto limit = start("limit", {"2", "--waves", "2,3", "--max-failures", "1",
                               "--unknown-grace", "2s"});
  auto within =
      start("within", {"2", "--max-failures", "2", "--unknown-grace", "2s"});
  auto back =
      start("back", {"2", "--on-failure", "rollback", "--unknown-grace", "2s"});
  fleet_->network(1).Cut();
  fleet_->network(2).Cut();

  EXPECT_EQ(limit->Wait(kPatience).value_or(-1), 3);
  EXPECT_EQ(back->Wait(kPatience).value_or(-1), 3);
  const std::string back_at = Status("back");
  EXPECT_NE(back_at.find("ROLLOUT_PHASE_ROLLED_BACK"), std::string::npos);
  EXPECT_NE(back_at.find("to follow when back: host-1, host-2"),
            std::string::npos)
      << back_at;
  AwaitEvent("within", "ROLLING host-3 ADMITTED");
  WriteFile(go, "");
  // It goes on without them, and is not over without them.
  EXPECT_EQ(within->Wait(kPatience).value_or(-1), 3);
  for (const auto& [app, spec] : apps_) {
    AwaitServes(app, {1, 2}, "v2");
    const bool went_on = app == "within";
    AwaitServes(app, {3}, went_on ? "v2" : "v1");
    EXPECT_EQ(WasTold(app, "ROLLING host-3 ADMITTED"), went_on) << app;
  }

  fleet_->network(1).Heal();
  fleet_->network(2).Heal();
  EXPECT_EQ(budget->Wait(2 * kPatience).value_or(-1), 0);
  AwaitServes("budget", {1, 2, 3}, "v2");
  AwaitServes("back", {1, 2, 3}, "v1");
  EXPECT_TRUE(fleet_->Eventually([&] {
    return Status("within").find("ROLLOUT_PHASE_SUCCEEDED") !=
           std::string::npos;
  })) << Status("within");
  // That both were done all the same is no reason to go on unasked.
  EXPECT_TRUE(fleet_->Eventually([&] {
    const std::string now = Status("limit");
    return now.find("HOST_STEP_PHASE_FAILED") == std::string::npos &&
           now.find("HOLD_KIND_FAILURE") != std::string::npos;
  })) << Status("limit");
  fleet_->MustCtl({"rollout", "resume", "limit"});
  fleet_->MustCtl({"rollout", "status", "limit", "--wait"});
  AwaitServes("limit", {1, 2, 3}, "v2");
  for (const char* app : {"budget", "limit", "within"}) {
    for (const char* version : {"1", "2"}) {
      EXPECT_EQ(Starts(std::string(app) + version), kHosts) << app << version;
    }
  }
  EXPECT_EQ(Starts("back2"), 2);
  EXPECT_EQ(Starts("back1"), kHosts + 2);
  ExpectNoneFailed(*load);
}

}  // namespace
}  // namespace fleet::e2e
