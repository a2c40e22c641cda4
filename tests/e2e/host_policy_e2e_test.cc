// What a host's own policy does not allow does not run there, whatever its
// controller says: on the real programs.
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

std::string OwnName() { return getpwuid(geteuid())->pw_name; }

class HostPolicyTest : public testing::Test {
 protected:
  HostPolicyTest() {
    mkdtemp(folder_.data());
    WritePolicy(OwnName(), "/tmp");
    TestFleetOptions options;
    options.agent_flags = {"--policy", Path()};
    fleet_ = std::make_unique<TestFleet>(options);
    fleet_->WriteApp("web.py", kProgram);
    WriteFile(folder_ + "/elsewhere.py", kProgram);
  }
  ~HostPolicyTest() override {
    fleet_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string Path() const { return folder_ + "/policy.yaml"; }
  void WritePolicy(const std::string& user, const std::string& folder) {
    WriteFile(Path(), absl::StrCat("users: [", user, "]\ndirectories:\n  - ",
                                   folder, "\nprograms: [/usr/bin/python3]\n",
                                   "capabilities: [CAP_NET_BIND_SERVICE]\n"));
    chmod(Path().c_str(), 0600);
  }
  std::string Spec(const std::string& script, const std::string& more = "") {
    return fleet_->WriteApp(
        "fleet.yaml",
        absl::StrCat(
            "apps:\n  - name: web\n    script: ", script, "\n    cwd: ",
            fleet_->dir(), "/apps\n", "    interpreter: /usr/bin/python3\n",
            "    rollout: {min_ready_time: 0s}\n",
            geteuid() == 0 ? "    capabilities: [CAP_NET_BIND_SERVICE]\n" : "",
            more));
  }

  static constexpr char kProgram[] =
      "import time\nprint('up', flush=True)\ntime.sleep(3600)\n";

  std::string folder_ = "/tmp/fleet-policy-XXXXXX";
  std::unique_ptr<TestFleet> fleet_;
};

TEST_F(HostPolicyTest, RefusesWhatItDoesNotAllowAndOldWorkersGoOn) {
  WritePolicy(OwnName(), fleet_->dir() + "/apps");
  kill(fleet_->AgentPid(1), SIGHUP);
  EXPECT_TRUE(fleet_->Eventually([&] {
    return absl::StrContains(ReadFile(fleet_->HostLog(1)),
                             fleet_->dir() + "/apps;");
  })) << "the new policy is not read";
  fleet_->AwaitConnected(1);
  CommandResult first = fleet_->Ctl({"apply", Spec("web.py")});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::vector<pid_t> pids = fleet_->Pids("web", "host-1");
  ASSERT_EQ(pids.size(), 1u);

  std::filesystem::create_symlink(folder_ + "/elsewhere.py",
                                  fleet_->dir() + "/apps/link.py");
  const struct {
    std::string script;
    std::string more;
    const char* reason;
  } kRefused[] = {
      {folder_ + "/elsewhere.py", "", "elsewhere.py is not in"},
      {"link.py", "", "which is "},
      {"web.py", "    out_file: /etc/fleet-e2e.log\n",
       "out_file /etc/fleet-e2e.log is not in"},
  };
  for (const auto& refused : kRefused) {
    CommandResult r = fleet_->Ctl(
        {"apply", Spec(refused.script, refused.more), "--on-failure", "abort"});
    EXPECT_NE(r.exit_code, 0) << r.out << r.err;
    const std::string said = r.out + r.err + fleet_->Ctl({"show", "web"}).out;
    EXPECT_TRUE(absl::StrContains(said, "this host's own policy")) << said;
    EXPECT_TRUE(absl::StrContains(said, refused.reason)) << said;
    EXPECT_EQ(fleet_->Pids("web", "host-1"), pids);
  }
  EXPECT_FALSE(std::filesystem::exists("/etc/fleet-e2e.log"));
  const std::string greedy = fleet_->WriteApp(
      "greedy.yaml",
      absl::StrCat("apps:\n  - name: greedy\n    script: web.py\n    cwd: ",
                   fleet_->dir(), "/apps\n    interpreter: /usr/bin/python3\n",
                   "    capabilities: [CAP_SYS_ADMIN]\n"));
  CommandResult r = fleet_->Ctl({"apply", greedy, "--on-failure", "abort"});
  EXPECT_NE(r.exit_code, 0);
  EXPECT_TRUE(absl::StrContains(
      r.out + r.err + fleet_->Ctl({"show", "greedy"}).out, "CAP_SYS_ADMIN"))
      << r.err;
}

TEST_F(HostPolicyTest, AStricterPolicyStartsNothingNewAndABrokenOneIsNotRead) {
  CommandResult first = fleet_->Ctl({"apply", Spec("web.py")});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::vector<pid_t> pids = fleet_->Pids("web", "host-1");

  // The agent's own user, which may be root, is not among them any more.
  WritePolicy("nobody", "/tmp");
  const pid_t agent = fleet_->AgentPid(1);
  kill(agent, SIGHUP);
  EXPECT_TRUE(fleet_->Eventually([&] {
    const pid_t next = fleet_->AgentPid(1);
    return next > 0 && next != agent;
  }));
  fleet_->AwaitConnected(1);
  CommandResult reload =
      fleet_->Ctl({"reload", "web", "--on-failure", "abort"});
  EXPECT_NE(reload.exit_code, 0);
  const std::string said =
      reload.out + reload.err + fleet_->Ctl({"show", "web"}).out;
  EXPECT_TRUE(absl::StrContains(
      said, absl::StrCat("apps may run as nobody, not as ", OwnName())))
      << said;
  EXPECT_EQ(fleet_->Pids("web", "host-1"), pids);
  // An order without a rollout is refused likewise, at once.
  const CommandResult scaled = fleet_->Ctl({"scale", "web", "2"});
  EXPECT_EQ(scaled.exit_code, 1);
  EXPECT_TRUE(
      absl::StrContains(scaled.err, "web on host-1: the host refused it: "))
      << scaled.err;
  EXPECT_TRUE(absl::StrContains(fleet_->Ctl({"ls"}).out,
                                "host-1: the host refused it: "));
  EXPECT_EQ(fleet_->Pids("web", "host-1"), pids);
  // Nor is a worker that ends started again.
  kill(pids[0], SIGKILL);
  EXPECT_TRUE(fleet_->Eventually(
      [&] { return fleet_->Pids("web", "host-1").empty(); }));

  // With a broken file the agent that runs goes on with what it has read …
  const pid_t strict = fleet_->AgentPid(1);
  WriteFile(Path(), "users: [nobody\n");
  kill(strict, SIGHUP);
  EXPECT_TRUE(fleet_->Eventually([&] {
    return absl::StrContains(ReadFile(fleet_->HostLog(1)), "stays in force");
  }));
  EXPECT_EQ(fleet_->AgentPid(1), strict);
  // … and another one does not start.
  fleet_->keeper(1).Signal(SIGTERM);
  EXPECT_TRUE(fleet_->keeper(1).Wait(kPatience).has_value());
  fleet_->StartHost(1);
  EXPECT_EQ(fleet_->keeper(1).Wait(kPatience).value_or(0), 78);
  EXPECT_TRUE(absl::StrContains(ReadFile(fleet_->HostLog(1)), "policy.yaml:"))
      << ReadFile(fleet_->HostLog(1));
}

}  // namespace
}  // namespace fleet::e2e
