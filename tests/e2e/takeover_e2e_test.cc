// Programs that bind their ports themselves and know nothing of Fleet, each
// reloaded again and again under load.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <set>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;
constexpr int kReloads = 20;

class Takeover : public testing::Test {
 protected:
  // `what` is the spec's script and interpreter, `gate` its readiness.
  void Apply(const std::string& what, const std::string& version) {
    fleet_.MustCtl(
        {"apply",
         fleet_.WriteApp(
             "fleet.yaml",
             "apps:\n  - name: app\n" + what +
                 "    instances: 2\n    takeover: true\n"
                 "    listen: ['tcp://0.0.0.0:3000']\n"
                 "    readiness: {tcp: {port: 3000}, interval: 100ms}\n"
                 "    env: {VERSION: '" +
                 version +
                 "'}\n"
                 "    rollout: {min_ready_time: 0s}\n")});
  }

  void ReloadUnderLoad(const std::string& body) {
    std::vector<pid_t> before = fleet_.Pids("app", "host-1");
    HttpLoad load({fleet_.Target(1, kPort)}, LoadMode::kClose, 4);
    ASSERT_TRUE(load.AwaitServed(50, kPatience));
    for (int i = 0; i < kReloads; ++i) fleet_.MustCtl({"reload", "app"});
    ASSERT_TRUE(load.AwaitServed(50, kPatience));
    LoadCounts counts = load.Stop();
    EXPECT_EQ(counts.failed, 0) << counts.reasons.begin()->first;
    EXPECT_EQ(counts.bodies.size(), 1U);
    EXPECT_GT(counts.bodies[body], 500);
    for (pid_t pid : before) EXPECT_FALSE(IsAlive(pid));
  }

  TestFleet fleet_;
};

TEST_F(Takeover, OfAnUnmodifiedPythonServer) {
  Apply("    script: " + AppPath("threaded.py") + "\n", "1");
  ReloadUnderLoad("python");
}

TEST_F(Takeover, OfAStaticBinaryAlsoWhenTheAgentIsKilledMeanwhile) {
  Apply("    script: " + ProgramPath("static_server") +
            "\n    interpreter: none\n",
        "1");
  ReloadUnderLoad("static");
  HttpLoad load({fleet_.Target(1, kPort)}, LoadMode::kClose, 4);
  for (int i = 0; i < 3; ++i) {
    auto reload = fleet_.StartCtl({"reload", "app"}, "reload");
    pid_t agent = 0;
    ASSERT_TRUE(
        fleet_.Eventually([&] { return (agent = fleet_.AgentPid(1)) > 0; }));
    ::kill(agent, SIGKILL);
    EXPECT_TRUE(WaitGone(agent, kPatience));
    EXPECT_EQ(reload->Wait(kPatience), 0);
  }
  ASSERT_TRUE(load.AwaitServed(50, kPatience));
  LoadCounts counts = load.Stop();
  EXPECT_EQ(counts.failed, 0) << counts.reasons.begin()->first;
}

TEST_F(Takeover, OfAJavaServer) {
  if (std::system("command -v java javac >/dev/null") != 0) {
    GTEST_SKIP() << "no java and javac on this machine";
  }
  ASSERT_EQ(
      std::system(("javac -d " + fleet_.dir() + " " + AppPath("Threaded.java"))
                      .c_str()),
      0);
  Apply(
      "    script: /usr/bin/env\n    interpreter: none\n"
      "    args: [java, -XX:TieredStopAtLevel=1, -cp, " +
          fleet_.dir() + ", Threaded]\n",
      "1");
  ReloadUnderLoad("java");
}

}  // namespace
}  // namespace fleet::e2e
