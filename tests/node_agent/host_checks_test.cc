#include "node_agent/host_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "node_agent/host_conditions.h"
#include "node_agent/log_space.h"
#include "node_agent/worker_facts.h"

namespace fleet::agent {
namespace {

using testing::HasSubstr;

HostConditions Well() {
  HostConditions c;
  c.kernel = "6.1.0";
  c.pidfd = c.pidfd_getfd = c.seccomp_notify = c.reuseport_program = true;
  c.cgroup = CgroupMode::kV2;
  c.state_folder = "/var/lib/fleet";
  c.disk_bytes = int64_t{100} << 30;
  c.disk_free_bytes = int64_t{50} << 30;
  c.files_free = 1'000'000;
  c.memory_bytes = int64_t{8} << 30;
  c.memory_available_bytes = int64_t{4} << 30;
  c.open_files_limit = 1'048'576;
  c.clock_synchronised = true;
  c.agent_version = c.keeper_version = "1.2";
  return c;
}

HostCheck Check(const HostConditions& conditions, const std::string& name) {
  for (HostCheck& check : JudgeHost(conditions)) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "no check " << name;
  return {};
}

TEST(HostChecks, AHostThatIsWellNeedsNoAdvice) {
  std::set<std::string> names;
  for (const HostCheck& check : JudgeHost(Well())) {
    EXPECT_EQ(check.state, CheckState::kOk) << check.name;
    EXPECT_EQ(check.advice, "") << check.name;
    EXPECT_FALSE(check.found.empty()) << check.name;
    EXPECT_TRUE(names.insert(check.name).second) << check.name;
  }
}

TEST(HostChecks, EachConditionHasItsJudgement) {
  const struct {
    const char* name;
    CheckState state;
    void (*change)(HostConditions&);
  } cases[] = {
      {"kernel", CheckState::kProblem,
       [](HostConditions& c) { c.pidfd = false; }},
      {"kernel", CheckState::kWarning,
       [](HostConditions& c) { c.pidfd_getfd = false; }},
      {"takeover", CheckState::kWarning,
       [](HostConditions& c) { c.seccomp_notify = false; }},
      {"cgroup", CheckState::kWarning,
       [](HostConditions& c) { c.cgroup = CgroupMode::kNone; }},
      {"cgroup", CheckState::kOk,
       [](HostConditions& c) { c.cgroup = CgroupMode::kV1; }},
      {"disk", CheckState::kProblem,
       [](HostConditions& c) { c.disk_free_bytes = 1 << 20; }},
      {"disk", CheckState::kWarning,
       [](HostConditions& c) {
         c.disk_bytes = int64_t{100} << 30;
         c.disk_free_bytes = (int64_t{1} << 30) + (int64_t{1} << 28);
         c.disk_free_bytes -= int64_t{1} << 29;
         c.disk_bytes = int64_t{20} << 30;
       }},
      {"disk", CheckState::kProblem,
       [](HostConditions& c) { c.files_free = 3; }},
      {"disk", CheckState::kOk, [](HostConditions& c) { c.files_free = -1; }},
      {"journal", CheckState::kProblem,
       [](HostConditions& c) { c.write_error = "read-only file system"; }},
      {"journal", CheckState::kWarning,
       [](HostConditions& c) { c.journal_damage = "torn at byte 7"; }},
      {"memory", CheckState::kWarning,
       [](HostConditions& c) { c.memory_available_bytes = 1 << 20; }},
      {"open files", CheckState::kWarning,
       [](HostConditions& c) { c.open_files_limit = 1024; }},
      {"clock sync", CheckState::kWarning,
       [](HostConditions& c) { c.clock_synchronised = false; }},
      {"keeper", CheckState::kWarning,
       [](HostConditions& c) { c.keeper_version = "1.1"; }},
  };
  for (const auto& c : cases) {
    HostConditions conditions = Well();
    c.change(conditions);
    const HostCheck check = Check(conditions, c.name);
    EXPECT_EQ(check.state, c.state) << c.name << ": " << check.found;
    EXPECT_EQ(check.advice.empty(), c.state == CheckState::kOk) << c.name;
  }
}

TEST(JudgeHost, NamesTheErrorOfAFullDiskAndWhere) {
  HostConditions conditions = Well();
  conditions.disk_free_bytes = 4 << 10;
  const HostCheck check = Check(conditions, "disk");
  EXPECT_EQ(check.found, "No space left on device: 4.00 KB of 100 GB free in " +
                             conditions.state_folder);
  EXPECT_NE(check.advice.find("du -xh " + conditions.state_folder),
            std::string::npos)
      << check.advice;
}

TEST(SpaceProblem, IsThereAsSoonAsLogsStop) {
  constexpr int64_t kSize = int64_t{100} << 30;
  EXPECT_EQ(SpaceProblem("/s", int64_t{64} << 20, kSize), "");
  const std::string problem = SpaceProblem("/s", 1 << 20, kSize);
  EXPECT_TRUE(
      problem.starts_with("No space left on device: 1.00 MB of 100 GB "
                          "are free in /s. Workers go on"))
      << problem;
  // Of a small one it is 2 %.
  EXPECT_EQ(SpaceProblem("/s", 3 << 20, 100 << 20), "");
  EXPECT_NE(SpaceProblem("/s", 1 << 20, 100 << 20), "");
}

// The reading itself, on this machine.
TEST(HostConditions, ReadsThisMachine) {
  const HostConditions here = ReadHostConditions(testing::TempDir());
  EXPECT_FALSE(here.kernel.empty());
  EXPECT_TRUE(here.pidfd);
  EXPECT_TRUE(here.reuseport_program);
  EXPECT_GT(here.disk_bytes, 0);
  EXPECT_GT(here.memory_bytes, here.memory_available_bytes);
  EXPECT_GT(here.open_files_limit, 0);
  EXPECT_EQ(here.write_error, "");
  EXPECT_THAT(ReadHostConditions("/no/such/folder").write_error,
              HasSubstr("/no/such/folder"));
}

TEST(WorkerFacts, SaysWhatTheKernelSaysOfAProcess) {
  std::set<std::string> names;
  for (const Fact& fact : ReadWorkerFacts(getpid(), {getpid()})) {
    names.insert(fact.name);
    if (fact.name == "command") {
      EXPECT_THAT(fact.value, HasSubstr("host_checks_test"));
    }
    if (fact.name == "processes") {
      EXPECT_THAT(fact.value, HasSubstr("1 in its tree"));
    }
    EXPECT_FALSE(fact.value.empty()) << fact.name;
  }
  for (const char* name : {"command", "cwd", "user", "memory", "limits"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

}  // namespace
}  // namespace fleet::agent
