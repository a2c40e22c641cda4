// What runs beside a worker is bound as it is: the commands of its probes in
// all, hooks in what their app may do at all.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>

#include "absl/strings/str_cat.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

// In the worker's /tmp alone.
constexpr char kOwnFile[] = "/tmp/fleet-e2e-own";

// A part of look.sh's, or of a file of /proc.
std::string Part(const std::string& text, const std::string& name) {
  size_t begin = text.find("== " + name + "\n");
  if (begin == std::string::npos) return "";
  begin = text.find('\n', begin) + 1;
  return text.substr(begin, text.find("== ", begin) - begin);
}

class CommandConfinement : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    // A private /tmp would hide a fleet that is there.
    fleet_ = std::make_unique<TestFleet>(
        TestFleetOptions{.hosts = 0, .parent = "/dev/shm"});
    chmod(fleet_->dir().c_str(), 0755);
    for (const std::string& path : {Open(), Fixed()}) {
      mkdir(path.c_str(), 0777);
      chmod(path.c_str(), 0777);
    }
    std::string policy = fleet_->dir() + "/policy.yaml";
    WriteFile(policy,
              "users: [nobody]\nno_new_privileges: true\n"
              "capabilities: [CAP_NET_BIND_SERVICE]\n");
    chmod(policy.c_str(), 0600);
    fleet_->options().agent_flags = {"--policy", policy};
    fleet_->StartHost(1);
    fleet_->AwaitConnected(1);
  }
  std::string Open() { return fleet_->dir() + "/open"; }
  std::string Fixed() { return fleet_->dir() + "/fixed"; }
  // Runs look.sh, which writes down what it sees as `name`. (A copy: this
  // checkout may be below /tmp, or closed to other users.)
  std::string Look(const std::string& name) {
    const std::string look =
        fleet_->WriteApp("look.sh", ReadFile(AppPath("look.sh")));
    return absl::StrCat("/bin/bash, ", look, ", ", Open(), "/", name, ", ",
                        Fixed(), ", ", kOwnFile);
  }
  std::string Seen(const std::string& name) {
    EXPECT_TRUE(fleet_->Eventually([&] {
      return std::filesystem::exists(Open() + "/" + name);
    })) << name
        << ":\n"
        << fleet_->MustCtl({"show", "web"});
    return ReadFile(Open() + "/" + name);
  }
  void ExpectSeen(const std::string& name,
                  const std::vector<std::string>& wanted) {
    std::string text = Seen(name);
    for (const std::string& line : wanted) {
      EXPECT_TRUE(std::regex_search(text, std::regex(line)))
          << name << ": no " << line << " in\n"
          << text;
    }
  }

  std::unique_ptr<TestFleet> fleet_;
};

TEST_F(CommandConfinement, ProbesAreBoundAsTheirWorkerAndHooksAsTheirApp) {
  std::string hook = Look("hook");
  for (size_t at = 0; (at = hook.find(", ")) != hook.npos;) {
    hook.replace(at, 2, " ");
  }
  std::string script = fleet_->WriteApp(
      "own.sh",
      absl::StrCat("echo its own >", kOwnFile, "\nexec sleep 1000\n"));
  std::string file = fleet_->WriteApp(
      "fleet.yaml",
      absl::StrCat("apps:\n  - name: web\n    script: ", script,
                   "\n    user: nobody\n    umask: '027'\n    nice: 5\n"
                   "    oom_score_adj: 300\n    no_new_privileges: true\n"
                   "    capabilities: [net_bind_service]\n"
                   "    limits: {nofile: 333, memory_max: 256M}\n"
                   "    private_tmp: true\n    read_only_paths: [",
                   Fixed(), "]\n    readiness: {exec: {command: [",
                   Look("readiness"), "]}, probe_timeout: 10s}\n",
                   "    liveness: {exec: {command: [", Look("liveness"),
                   "]}, interval: 100ms, probe_timeout: 10s}\n",
                   "    rollout: {hooks: {pre_reload: '", hook, "'}}\n"));
  fleet_->MustCtl({"apply", file, "--min-ready-time", "0"});
  pid_t worker = fleet_->Pids("web", "host-1").at(0);
  const std::string groups =
      ReadFile(absl::StrCat("/proc/", worker, "/cgroup"));
  const std::vector<std::string> rights = {
      "Uid:\t65534\t65534", "CapEff:\t0000000000000400",
      "CapBnd:\t0000000000000400", "NoNewPrivs:\t1", "Umask:\t0027"};
  for (const char* probe : {"readiness", "liveness"}) {
    ExpectSeen(probe, rights);
    ExpectSeen(probe, {"Max open files +333 +333", "== nice\n5\n",
                       "== oom_score_adj\n300\n", "may not write",
                       "== shown\nits own"});
    // Whether it has groups or not.
    EXPECT_EQ(Part(Seen(probe), "cgroup"), groups);
  }
  // It brings the files that the workers are not to change.
  ExpectSeen("hook", rights);
  ExpectSeen("hook", {"== nice\n0\n", "may write", "== shown\n$"});
  EXPECT_FALSE(std::filesystem::exists(kOwnFile));
  // An agent that finds the worker goes on so. (The first look may still be the
  // last one's.)
  pid_t agent = fleet_->AgentPid(1);
  kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  for (int i = 0; i < 2; ++i) {
    std::filesystem::remove(Open() + "/liveness");
    ExpectSeen("liveness", rights);
  }
  ExpectSeen("liveness", {"may not write", "== shown\nits own"});
  EXPECT_EQ(Part(Seen("liveness"), "cgroup"), groups);
  EXPECT_EQ(fleet_->Pids("web", "host-1").at(0), worker);
  // Each start has a /tmp of its own, and `show` says what keeps it all.
  std::string shown = fleet_->MustCtl({"show", "web"});
  for (const char* line :
       {"memory_max 2.*: (cgroup v[12]|rlimit, of each)", "nofile 333: rlimit",
        "nice 5: process", "umask 027: process", "oom_score_adj 300: process",
        "no_new_privileges: process", "capabilities .*: process",
        "read_only_paths .*: mount namespace",
        "private_tmp: mount namespace"}) {
    EXPECT_TRUE(std::regex_search(shown, std::regex(line)))
        << "no " << line << " in\n"
        << shown;
  }
}

}  // namespace
}  // namespace fleet::e2e
