// Limits, hardening, and whose a process is: from the user's file to what the
// worker itself sees.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A line of the spec, and what the worker must find of itself.
struct Row {
  std::string name;
  std::string spec;
  std::vector<std::string> found;  // Regular expressions.
  // What `show` says keeps it; empty: nothing is to be said.
  std::string shown;
};

class Confinement : public testing::Test {
 protected:
  std::string App(const std::string& name, const std::string& spec) {
    return "  - name: " + name + "\n    script: " + AppPath("self.py") +
           "\n    interpreter: /usr/bin/python3\n    args: [" + Out(name) +
           ", " + ReadOnly() + ", " + fleet_.dir() + "/open]\n    " + spec +
           "\n";
  }
  std::string Out(const std::string& name) {
    return fleet_.dir() + "/open/" + name;
  }
  std::string ReadOnly() { return fleet_.dir() + "/fixed"; }

  void MakeFolders() {
    // For workers of any user.
    chmod(fleet_.dir().c_str(), 0755);
    for (const std::string& path : {ReadOnly(), fleet_.dir() + "/open"}) {
      mkdir(path.c_str(), 0777);
      chmod(path.c_str(), 0777);
    }
  }

  void Apply(const std::string& apps) {
    fleet_.MustCtl({"apply", fleet_.WriteApp("fleet.yaml", "apps:\n" + apps),
                    "--no-wait"});
  }

  // "nofile 333: rlimit, " for each that the host says it keeps, or not.
  std::string Limits(const std::string& app) {
    std::string text;
    nlohmann::json shown = fleet_.Show(app);
    for (const auto& host : shown.value("hosts", nlohmann::json::array())) {
      nlohmann::json status = host.value("status", nlohmann::json::object());
      for (const auto& limit :
           status.value("limits", nlohmann::json::array())) {
        text += limit.value("limit", "") + ": " +
                limit.value("enforced_by", "") + ", " +
                limit.value("note", "") + "\n";
      }
    }
    return text;
  }

  void ExpectFound(const Row& row) {
    ASSERT_TRUE(fleet_.Eventually([&] {
      return std::filesystem::exists(Out(row.name));
    })) << row.name
        << ":\n"
        << fleet_.MustCtl({"show", row.name});
    std::string text = ReadFile(Out(row.name));
    for (const std::string& wanted : row.found) {
      EXPECT_TRUE(std::regex_search(text, std::regex(wanted)))
          << row.name << ": no " << wanted << " in\n"
          << text.substr(0, 6000);
    }
    if (row.shown.empty()) return;
    // The host tells it with its next report.
    std::string shown;
    EXPECT_TRUE(fleet_.Eventually([&] {
      shown = Limits(row.name);
      return std::regex_search(shown, std::regex(row.shown));
    })) << row.name
        << ": no " << row.shown << " in\n"
        << shown;
  }

  TestFleet fleet_{{.hosts = 0, .tls = true}};
};

// Its group's file of that controller, or "" where it has none of v1.
std::string GroupFile(const std::string& self, const std::string& controller,
                      const std::string& file) {
  std::smatch match;
  std::regex line("\n\\d+:([a-z,]*\\b" + controller + "\\b[a-z,]*):(/[^\n]*)");
  if (!std::regex_search(self, match, line)) return "";
  return ReadFile("/sys/fs/cgroup/" + std::string(match[1]) +
                  std::string(match[2]) + "/" + file);
}

TEST_F(Confinement, EachFieldReachesTheWorkerOfAnAgentThatIsRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  MakeFolders();
  fleet_.StartHost(1);
  fleet_.AwaitConnected(1);
  const std::vector<Row> rows = {
      {"plain", "instances: 1", {"NoNewPrivs:\t0", "write .*fixed: done"}, ""},
      {"nofile",
       "limits: {nofile: 333}",
       {"Max open files +333 +333"},
       "nofile 333.*rlimit"},
      {"core",
       "limits: {core: 1M}",
       {"Max core file size +1048576 +1048576"},
       "core 1.*rlimit"},
      {"memory",
       "limits: {memory_max: 64M, memory_high: 48M}",
       {"(memory:/[^\n]*fleet|0::/[^\n]*fleet|Max data size +67108864)"},
       "memory_max 6[47].*(cgroup|rlimit)"},
      {"cpu", "limits: {cpu: 0.5}", {"."}, "cpu 0.5"},
      {"pids", "limits: {pids: 32}", {"."}, "pids 32"},
      {"nice", "nice: 5", {"== nice\n5\n"}, "nice 5.*process"},
      {"hurry", "nice: -5", {"== nice\n-5\n"}, "nice -5.*process"},
      {"umask", "umask: '027'", {"Umask:\t0027"}, "umask 027.*process"},
      {"oom",
       "oom_score_adj: 300",
       {"== oom_score_adj\n300\n"},
       "oom_score_adj 300.*process"},
      {"privileges",
       "no_new_privileges: true",
       {"NoNewPrivs:\t1"},
       "no_new_privileges.*process"},
      {"none",
       "capabilities: []",
       {"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"},
       "capabilities none.*process"},
      {"bind",
       "capabilities: [net_bind_service]\n    user: nobody",
       {"Uid:\t65534", "CapEff:\t0000000000000400", "CapAmb:\t0000000000000400",
        "CapBnd:\t0000000000000400"},
       "capabilities .*process"},
      {"fixed",
       "read_only_paths: [" + ReadOnly() + "]",
       {"write .*fixed: Read-only file system", "write .*open: done"},
       "read_only_paths.*mount namespace"},
  };
  std::string apps;
  for (const Row& row : rows) apps += App(row.name, row.spec);
  // What the worker would lose sight of is refused, and says why.
  apps += App("hidden", "private_tmp: true");
  Apply(apps);
  ASSERT_FALSE(HasFailure());
  for (const Row& row : rows) ExpectFound(row);

  std::string memory = ReadFile(Out("memory"));
  for (const auto& [controller, file, value] :
       std::vector<std::array<std::string, 3>>{
           {"memory", "memory.limit_in_bytes", "67108864\n"},
           {"memory", "memory.soft_limit_in_bytes", "50331648\n"}}) {
    std::string found = GroupFile(memory, controller, file);
    if (!found.empty()) {
      EXPECT_EQ(found, value) << file;
    }
  }
  std::string quota =
      GroupFile(ReadFile(Out("cpu")), "cpu", "cpu.cfs_quota_us");
  if (!quota.empty()) {
    EXPECT_EQ(quota, "50000\n");
  }
  std::string pids = GroupFile(ReadFile(Out("pids")), "pids", "pids.max");
  if (!pids.empty()) {
    EXPECT_EQ(pids, "32\n");
  }
  EXPECT_TRUE(fleet_.Eventually([&] {
    return Contains(fleet_.MustCtl({"show", "hidden"}),
                    "private_tmp would hide");
  })) << fleet_.MustCtl({"show", "hidden"});
  EXPECT_FALSE(std::filesystem::exists(Out("hidden")));
}

TEST_F(Confinement, WhatAnAgentWithoutPrivilegesCannotKeepIsSaid) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  MakeFolders();
  mkdir(fleet_.HostDir(1).c_str(), 0711);
  EXPECT_EQ(chown(fleet_.HostDir(1).c_str(), 65534, 65534), 0);
  fleet_.options().host_wrapper = {"setpriv", "--reuid=65534", "--regid=65534",
                                   "--clear-groups"};
  fleet_.StartHost(1);
  fleet_.AwaitConnected(1);
  const std::vector<Row> kept = {
      {"nofile",
       "limits: {nofile: 333}",
       {"Max open files +333 +333"},
       "nofile 333.*rlimit"},
      {"memory",
       "limits: {memory_max: 512M}",
       {"Max data size +536870912"},
       "memory_max 5.*rlimit"},
      {"cpu", "limits: {cpu: 0.5}", {"."}, "cpu 0.5.*no cgroup"},
      {"pids",
       "limits: {pids: 3000}",
       {"Max processes +3000 +3000"},
       "pids 3000.*rlimit"},
      {"nice", "nice: 5", {"== nice\n5\n"}, "nice 5.*process"},
      {"umask", "umask: '027'", {"Umask:\t0027"}, "umask 027.*process"},
      {"oom", "oom_score_adj: 300", {"== oom_score_adj\n300\n"}, ""},
      {"privileges", "no_new_privileges: true", {"NoNewPrivs:\t1"}, ""},
  };
  // What the kernel or the agent refuses, and what is said of it.
  const std::vector<std::array<std::string, 3>> refused = {
      {"hurry", "nice: -5", "nice: (Permission denied|Operation not perm)"},
      {"immortal", "oom_score_adj: -500", "oom_score_adj: Permission denied"},
      {"files", "limits: {nofile: 900000000}",
       "rlimit: Operation not permitted"},
      {"capable", "capabilities: []", "runs as root"},
      {"fixed", "read_only_paths: [" + ReadOnly() + "]", "runs as root"},
      {"tmp", "private_tmp: true", "runs as root"},
      {"other", "user: daemon", "daemon.*root"},
  };
  std::string apps;
  for (const Row& row : kept) apps += App(row.name, row.spec);
  for (const auto& [name, spec, word] : refused) apps += App(name, spec);
  Apply(apps);
  ASSERT_FALSE(HasFailure());
  for (const Row& row : kept) ExpectFound(row);
  for (const auto& [name, spec, word] : refused) {
    std::string shown;
    EXPECT_TRUE(fleet_.Eventually([&, name = name, word = word] {
      shown = fleet_.MustCtl({"show", name});
      return std::regex_search(shown, std::regex(word));
    })) << name
        << ":\n"
        << shown;
    EXPECT_FALSE(std::filesystem::exists(Out(name))) << name;
  }
}

// What lives of escape.sh's processes.
int Sleepers() {
  int n = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (atoi(entry.path().filename().c_str()) == 0) continue;
    std::string line = ReadFile(entry.path().string() + "/cmdline");
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (std::regex_search(line, std::regex("^(/bin/)?sleep 400[0-4] $"))) ++n;
  }
  return n;
}

// With a group of its own, without one, and after the keeper that would have
// got the orphans is gone.
TEST(ProcessTruth, WhatHidesIsCountedAndEndsWithItsWorker) {
  TestFleet fleet;
  std::string app = "    script: " + AppPath("escape.sh") + "\n";
  fleet.MustCtl(
      {"apply",
       fleet.WriteApp("fleet.yaml", "apps:\n  - name: grouped\n" + app +
                                        "    limits: {memory_max: 100M}\n"
                                        "  - name: bare\n" +
                                        app + "  - name: crashed\n" + app),
       "--min-ready-time", "0"});
  ASSERT_TRUE(fleet.Eventually([&] { return Sleepers() == 15; })) << Sleepers();
  for (const char* name : {"grouped", "bare", "crashed"}) {
    // Asked for, it is looked at now; samples find it within half a minute.
    EXPECT_TRUE(fleet.Eventually([&] {
      return std::regex_search(fleet.MustCtl({"show", name}),
                               std::regex("[5-9] in its tree"));
    })) << fleet.MustCtl({"show", name});
  }
  // A crash of the main process takes all of them, and begins anew.
  pid_t main = fleet.Pids("crashed", "host-1").at(0);
  ::kill(main, SIGKILL);
  ASSERT_TRUE(fleet.Eventually([&] {
    std::vector<pid_t> now = fleet.Pids("crashed", "host-1");
    return now.size() == 1 && now.at(0) != main && Sleepers() == 15;
  })) << Sleepers();
  fleet.MustCtl({"stop", "crashed"});
  EXPECT_EQ(Sleepers(), 10);
  pid_t keeper = fleet.CurrentKeeperPid(1);
  ::kill(keeper, SIGKILL);
  ASSERT_TRUE(fleet.Eventually([&] {
    return fleet.CurrentKeeperPid(1) != keeper &&
           IsAlive(fleet.CurrentKeeperPid(1));
  }));
  fleet.MustCtl({"stop", "bare"});
  EXPECT_EQ(Sleepers(), 5);
  fleet.MustCtl({"delete", "all"});
  EXPECT_EQ(Sleepers(), 0);
}

}  // namespace
}  // namespace fleet::e2e
