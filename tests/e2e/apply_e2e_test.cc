// The file is the truth: what apply takes up, on real processes.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

// Of a process; its entries have a NUL between.
std::string Environ(pid_t pid) {
  return ReadFile("/proc/" + std::to_string(pid) + "/environ");
}
std::string CommandOf(pid_t pid) {
  return ReadFile("/proc/" + std::to_string(pid) + "/cmdline");
}
std::string FolderOf(pid_t pid) {
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd");
}
bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Apply : public testing::Test {
 protected:
  Apply() {
    for (const char* name : {"one", "two"}) {
      std::filesystem::create_directories(Folder(name));
    }
    fleet_.WriteApp("one/a.sh", "sleep 1000\n");
    fleet_.WriteApp("two/a.sh", "sleep 1000\n");
    fleet_.WriteApp("two/b.sh", "sleep 1000\n");
  }

  // Of an app; the file lies next to it.
  std::string Folder(const std::string& name) const {
    return fleet_.dir() + "/apps/" + name;
  }

  // Applies an app in folder `cwd`, and gives back a worker of it.
  pid_t Put(const std::string& cwd, const std::string& more) {
    const std::string file = fleet_.WriteApp(
        "fleet.yaml", "apps:\n  - name: web\n    cwd: " + Folder(cwd) +
                          "\n    kill_timeout: 1s\n    rollout: "
                          "{min_ready_time: 0s}\n" +
                          more);
    said_ = fleet_.MustCtl({"apply", file});
    std::vector<pid_t> pids = fleet_.Pids("web", "host-1");
    return pids.empty() ? 0 : pids[0];
  }

  TestFleet fleet_;
  std::string said_;
};

TEST_F(Apply, TakesUpInstancesScriptFolderAndVariables) {
  pid_t pid = Put("one", "    script: a.sh\n    env: {KEPT: 1, OLD: 1}\n");
  EXPECT_TRUE(Has(Environ(pid), "KEPT=1")) << said_;
  EXPECT_TRUE(Has(Environ(pid), "OLD=1"));

  // Instances: the worker that is there stays.
  EXPECT_EQ(Put("one",
                "    script: a.sh\n    instances: 3\n"
                "    env: {KEPT: 1, OLD: 1}\n"),
            pid);
  EXPECT_TRUE(Has(said_, "instances: 1 → 3")) << said_;
  EXPECT_TRUE(fleet_.Eventually(
      [&] { return fleet_.Pids("web", "host-1").size() == 3; }));

  // A variable that changed, and one that is gone.
  pid = Put("one", "    script: a.sh\n    env: {KEPT: 2}\n");
  EXPECT_TRUE(Has(Environ(pid), "KEPT=2")) << said_;
  EXPECT_FALSE(Has(Environ(pid), "OLD="));
  EXPECT_TRUE(Has(said_, "env.OLD: removed")) << said_;
  EXPECT_EQ(fleet_.Pids("web", "host-1").size(), 1U);

  // The folder, then the script in it.
  pid = Put("two", "    script: a.sh\n    env: {KEPT: 2}\n");
  EXPECT_EQ(FolderOf(pid), Folder("two"));
  pid = Put("two", "    script: b.sh\n    env: {KEPT: 2}\n");
  EXPECT_TRUE(Has(CommandOf(pid), "b.sh"));

  // What runs is a file again, which changes nothing.
  const std::string exported =
      fleet_.WriteApp("exported.yaml", fleet_.MustCtl({"export"}));
  const CommandResult diff = fleet_.Ctl({"diff", exported, "--exit-code"});
  EXPECT_EQ(diff.exit_code, 0) << diff.out << diff.err;
  EXPECT_EQ(diff.out, "web: unchanged\n");
}

TEST_F(Apply, FromForkModeToAClusterAndBack) {
  fleet_.WriteApp("one/a.js",
                  "require('http').createServer((q, r) => r.end('a'))"
                  ".listen(3000, process.env.ADDRESS);\n");
  const std::string app =
      "    script: a.js\n    env: {ADDRESS: " + fleet_.Address(1) + "}\n";
  const pid_t before = Put("one", app);
  // The port is the old worker's own, so it goes first.
  EXPECT_NE(Put("one", app + "    exec_mode: cluster\n    instances: 2\n"),
            before);
  EXPECT_EQ(fleet_.Pids("web", "host-1").size(), 2U) << said_;
  EXPECT_TRUE(Has(said_, "exec_mode: fork → cluster")) << said_;
  // Here it is the agent that lets go of it.
  Put("one", app);
  EXPECT_EQ(fleet_.Pids("web", "host-1").size(), 1U) << said_;
}

TEST_F(Apply, PrunesWhatTheFileLacksAndStartsNothingThatShouldWait) {
  Put("one", "    script: a.sh\n  - {name: old, script: one/a.sh}\n");
  EXPECT_EQ(fleet_.Pids("old", "host-1").size(), 1U);
  const std::string file = fleet_.WriteApp(
      "fleet.yaml",
      "apps:\n  - {name: later, script: one/a.sh, autostart: false}\n");
  const CommandResult refused = fleet_.Ctl({"apply", file, "--prune"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(Has(refused.err, "say --yes")) << refused.err;
  EXPECT_EQ(fleet_.Pids("old", "host-1").size(), 1U);

  fleet_.MustCtl({"apply", file, "--prune", "--yes"});
  EXPECT_NE(fleet_.Ctl({"show", "old"}).exit_code, 0);
  EXPECT_TRUE(fleet_.Pids("later", "host-1").empty());
  fleet_.MustCtl({"start", "later"});
  EXPECT_EQ(fleet_.Pids("later", "host-1").size(), 1U);
}

}  // namespace
}  // namespace fleet::e2e
