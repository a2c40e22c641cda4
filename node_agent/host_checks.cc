#include "node_agent/host_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node_agent/log_space.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

constexpr int64_t kLeastFree = int64_t{64} << 20;
constexpr int64_t kLittleFree = int64_t{1} << 30;
constexpr int64_t kLeastFiles = 1000;
constexpr double kLeastShare = 0.01;
constexpr double kLittleShare = 0.05;
constexpr double kLittleMemory = 0.05;
constexpr int64_t kFewOpenFiles = 4096;

HostCheck Judged(std::string name, CheckState state, std::string found,
                 std::string advice) {
  if (state == CheckState::kOk) advice.clear();
  return {std::move(name), state, std::move(found), std::move(advice)};
}

HostCheck JudgeKernel(const HostConditions& c) {
  std::vector<std::string> lacks;
  if (!c.pidfd) lacks.emplace_back("pidfd_open (5.3)");
  if (!c.pidfd_getfd) lacks.emplace_back("pidfd_getfd (5.6)");
  if (!c.reuseport_program) {
    lacks.emplace_back("a program on SO_REUSEPORT sockets (4.5)");
  }
  if (lacks.empty()) {
    return Judged("kernel", CheckState::kOk, absl::StrCat("Linux ", c.kernel),
                  "");
  }
  return Judged(
      "kernel", c.pidfd ? CheckState::kWarning : CheckState::kProblem,
      absl::StrCat("Linux ", c.kernel, " lacks ", absl::StrJoin(lacks, ", ")),
      "run Linux 5.6 or newer; without these, connections may be lost when "
      "agent and keeper die together or a worker crashes");
}

HostCheck JudgeTakeover(const HostConditions& c) {
  return Judged(
      "takeover", c.seccomp_notify ? CheckState::kOk : CheckState::kWarning,
      c.seccomp_notify
          ? "seccomp user notification works: takeover: true is possible"
          : "no seccomp user notification",
      "programs that know nothing of inherited sockets cannot be reloaded "
      "without a gap here; run Linux 5.14 or newer, and allow seccomp where "
      "the agent runs in a container");
}

HostCheck JudgeCgroup(const HostConditions& c) {
  switch (c.cgroup) {
    case CgroupMode::kV2:
      return Judged("cgroup", CheckState::kOk,
                    absl::StrCat("v2, delegated: ", c.cgroup_detail), "");
    case CgroupMode::kV1:
      return Judged("cgroup", CheckState::kOk,
                    absl::StrCat("v1: ", c.cgroup_detail), "");
    case CgroupMode::kNone:
      break;
  }
  return Judged("cgroup", CheckState::kWarning,
                absl::StrCat("none delegated: ", c.cgroup_detail),
                "limits of memory and processors are not in force; set "
                "Delegate=yes in the agent's unit (deploy/systemd has it)");
}

HostCheck JudgeDisk(const HostConditions& c) {
  const double share = c.disk_bytes > 0
                           ? static_cast<double>(c.disk_free_bytes) /
                                 static_cast<double>(c.disk_bytes)
                           : 1;
  const bool files_out = c.files_free >= 0 && c.files_free < kLeastFiles;
  CheckState state = CheckState::kOk;
  if (c.disk_free_bytes < kLeastFree || share < kLeastShare || files_out) {
    state = CheckState::kProblem;
  } else if (c.disk_free_bytes < kLittleFree && share < kLittleShare) {
    state = CheckState::kWarning;
  }
  const bool full = c.disk_free_bytes < LogReserve(c.disk_bytes);
  return Judged(
      "disk", state,
      absl::StrCat(
          full ? "No space left on device: " : "", HumanSize(c.disk_free_bytes),
          " of ", HumanSize(c.disk_bytes), " free in ", c.state_folder,
          files_out ? absl::StrCat(", ", c.files_free, " files left") : ""),
      absl::StrCat("make room: with a full disk changes are refused and log "
                   "lines are lost, while workers go on and are restarted; "
                   "see du -xh ",
                   c.state_folder,
                   ", fleetctl flush APP empties an app's logs, log_max_size "
                   "and log_max_files bound them"));
}

HostCheck JudgeJournal(const HostConditions& c) {
  if (!c.write_error.empty()) {
    return Judged("journal", CheckState::kProblem, c.write_error,
                  absl::StrCat("the agent cannot keep what it is told; look "
                               "after the file system of ",
                               c.state_folder));
  }
  if (!c.journal_damage.empty()) {
    return Judged("journal", CheckState::kWarning, c.journal_damage,
                  "what was lost comes again from the controller; look after "
                  "the disk if nobody pulled the plug");
  }
  return Judged("journal", CheckState::kOk, "can be written and synced", "");
}

HostCheck JudgeMemory(const HostConditions& c) {
  const bool little = static_cast<double>(c.memory_available_bytes) <
                      kLittleMemory * static_cast<double>(c.memory_bytes);
  return Judged("memory", little ? CheckState::kWarning : CheckState::kOk,
                absl::StrCat(HumanSize(c.memory_available_bytes), " of ",
                             HumanSize(c.memory_bytes), " available"),
                "the kernel may soon kill workers; scale down, or set "
                "max_memory_restart and limits");
}

HostCheck JudgeOpenFiles(const HostConditions& c) {
  const bool few = c.open_files_limit < kFewOpenFiles;
  return Judged("open files", few ? CheckState::kWarning : CheckState::kOk,
                absl::StrCat("the agent may have ", c.open_files_limit),
                "each worker takes about 5; set LimitNOFILE in the agent's "
                "unit (deploy/systemd has it)");
}

HostCheck JudgeClock(const HostConditions& c) {
  return Judged("clock sync",
                c.clock_synchronised ? CheckState::kOk : CheckState::kWarning,
                c.clock_synchronised ? "kept by NTP" : "nobody keeps the clock",
                "logs of several hosts are merged by time; run chrony or "
                "systemd-timesyncd");
}

HostCheck JudgeVersions(const HostConditions& c) {
  const bool same = c.agent_version == c.keeper_version;
  return Judged("keeper", same ? CheckState::kOk : CheckState::kWarning,
                same ? absl::StrCat("version ", c.keeper_version)
                     : absl::StrCat("version ", c.keeper_version,
                                    " beside an agent of ", c.agent_version),
                "the keeper was not upgraded with the agent; restart it when "
                "it suits");
}

HostCheck JudgeUser(const HostConditions& c) {
  std::string found = c.root ? "root: apps may run as any user"
                             : "not root: apps run as the agent's own user";
  if (!c.policy.empty()) {
    found = absl::StrCat(c.root ? "root" : "not root",
                         "; the policy of this host allows apps: ", c.policy);
  }
  return Judged("user", CheckState::kOk, found, "");
}

}  // namespace

std::vector<HostCheck> JudgeHost(const HostConditions& c) {
  return {JudgeKernel(c),   JudgeTakeover(c), JudgeCgroup(c),    JudgeDisk(c),
          JudgeJournal(c),  JudgeMemory(c),   JudgeOpenFiles(c), JudgeClock(c),
          JudgeVersions(c), JudgeUser(c)};
}

}  // namespace fleet::agent
