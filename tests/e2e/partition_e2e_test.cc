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
  fleet.MustCtl({"start", AppPath("ecosystem.config.js")});
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

// One host is cut off from the controller for a while, and not from its
// clients: before the step of one app, in the middle of another's, after a
// third one's.
class PartitionOfAHost : public testing::Test {
 protected:
  static constexpr const char* kApps[] = {"before", "during", "after"};

  void SetUp() override {
    if (!EnterTestNetwork()) GTEST_SKIP() << "needs root for namespaces";
    TestFleetOptions options;
    options.hosts = 2;
    options.networks = true;
    fleet_ = std::make_unique<TestFleet>(options);
    script_ = fleet_->WriteApp(
        "counted.js",
        "require('fs').appendFileSync(process.env.STARTS, process.env.APP + "
        "process.env.VERSION + '\\n');\nrequire('" +
            AppPath("web.js") + "');\n");
    for (const char* app : kApps) fleet_->MustCtl({"apply", Spec(app, "1")});
  }

  static int PortOf(const std::string& app) {
    return app == "before" ? 3001 : app == "during" ? 3002 : 3003;
  }

  std::string Starts() const { return fleet_->dir() + "/starts"; }

  std::string Spec(const std::string& app, const std::string& version) {
    return fleet_->WriteApp(
        app + ".yaml", "apps:\n  - name: " + app + "\n    script: " + script_ +
                           "\n    exec_mode: cluster\n    instances: 1\n"
                           "    wait_ready: true\n    stop_signal: SIGINT\n"
                           "    env: {PORT: '" +
                           std::to_string(PortOf(app)) + "', APP: " + app +
                           ", VERSION: '" + version + "', STARTS: '" +
                           Starts() + "'}\n");
  }

  std::unique_ptr<ChildProcess> StartApply(const std::string& app,
                                           const std::string& soak) {
    return fleet_->StartCtl({"apply", Spec(app, "2"), "--order", "name",
                             "--min-ready-time", soak, "-o", "json"},
                            app);
  }

  void AwaitEvent(const std::string& app, const std::string& what) {
    const EventTail tail(fleet_->dir() + "/" + app + ".out");
    EXPECT_TRUE(fleet_->Eventually([&] {
      const auto events = tail.Read();
      return std::any_of(events.begin(), events.end(),
                         [&](const SeenEvent& e) { return e.what == what; });
    })) << app
        << " " << what << "\n"
        << ReadFile(fleet_->dir() + "/" + app + ".out");
  }

  std::string Serves(int host, const std::string& app) {
    return HttpGet(fleet_->Target(host, PortOf(app))).body;
  }

  std::unique_ptr<TestFleet> fleet_;
  std::string script_;
};

TEST_F(PartitionOfAHost, CostsNothingWheneverItBegins) {
  std::vector<HttpLoad::Target> targets;
  for (int port : {3001, 3002, 3003}) {
    targets.push_back(fleet_->Target(1, port));
    targets.push_back(fleet_->Target(2, port));
  }
  HttpLoad load(targets, LoadMode::kClose, 1, absl::Milliseconds(20));
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  auto after = StartApply("after", "4s");
  AwaitEvent("after", "ROLLING host-1 DONE");
  auto during = StartApply("during", "1s");
  AwaitEvent("during", "ROLLING host-1 APPLYING");
  fleet_->network(1).Cut();

  // The host goes on alone, and so do the others.
  AwaitEvent("during", "ROLLING host-1 UNKNOWN");
  EXPECT_TRUE(fleet_->Eventually([&] { return Serves(1, "during") == "v2"; }));
  EXPECT_EQ(after->Wait(kPatience).value_or(-1), 0);
  auto before = StartApply("before", "0s");
  EXPECT_EQ(before->Wait(kPatience).value_or(-1), 0);
  AwaitEvent("before", "ROLLING host-1 SKIPPED");
  EXPECT_EQ(Serves(1, "before"), "v1");
  EXPECT_EQ(Serves(2, "before"), "v2");

  fleet_->network(1).Heal();
  EXPECT_EQ(during->Wait(2 * kPatience).value_or(-1), 0);
  for (const char* app : kApps) {
    EXPECT_TRUE(fleet_->Eventually([&] {
      return Serves(1, app) == "v2" && Serves(2, app) == "v2";
    })) << app;
    EXPECT_EQ(EventTail(fleet_->dir() + "/" + app + ".out").Gap(), "") << app;
  }
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  const LoadCounts counts = load.Stop();
  EXPECT_EQ(counts.failed, 0) << nlohmann::json(counts.reasons).dump();
  // Each worker was started once.
  const std::string starts = ReadFile(Starts());
  EXPECT_EQ(std::count(starts.begin(), starts.end(), '\n'), 3 * 2 * 2)
      << starts;
}

}  // namespace
}  // namespace fleet::e2e
