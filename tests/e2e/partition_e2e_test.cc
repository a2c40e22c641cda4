// The network between agents and controller is cut, without a word to either:
// in a network namespace of its own, loopback goes down and comes up again.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nlohmann/json.hpp"
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

  static nlohmann::json Rollout(TestFleet& fleet) {
    CommandResult r = fleet.Ctl({"rollout", "status", "web", "-o", "json"});
    auto parsed = nlohmann::json::parse(r.out, nullptr, false);
    return parsed.is_discarded() ? nlohmann::json::object() : parsed;
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

TEST_F(Partition, InTheMiddleOfAReloadItGoesOnAfterwards) {
  TestFleet fleet({.hosts = 2, .agent_port = 7443});
  fleet.MustCtl({"start", AppPath("ecosystem.config.js")});
  auto reload = fleet.StartCtl(
      {"reload", "web", "--min-ready-time", "2s", "--timeout", "150s"},
      "reload");
  ASSERT_TRUE(fleet.Eventually([&] {
    return Rollout(fleet).dump().find("HOST_STEP_PHASE_APPLYING") !=
           std::string::npos;
  }));
  ASSERT_TRUE(SetLoopback(false));
  EXPECT_TRUE(fleet.Eventually([&] {
    return Rollout(fleet).dump().find("HOST_STEP_PHASE_UNKNOWN") !=
           std::string::npos;
  })) << Rollout(fleet).dump(1);
  ASSERT_TRUE(SetLoopback(true));
  auto exit_code = reload->Wait(3 * kPatience);
  EXPECT_EQ(exit_code.value_or(-1), 0) << ReadFile(fleet.dir() + "/reload.err");
}

}  // namespace
}  // namespace fleet::e2e
