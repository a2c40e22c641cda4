// Whether this host can do its work, for `fleetctl doctor`.
#ifndef FLEET_NODE_AGENT_HOST_CHECKS_H_
#define FLEET_NODE_AGENT_HOST_CHECKS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fleet::agent {

enum class CgroupMode {
  // None that this agent may make groups in.
  kNone,
  kV1,
  kV2,
};

// What was found, before anybody has judged it.
struct HostConditions {
  std::string kernel;  // "6.1.0-13-amd64".
  bool pidfd = false;
  bool pidfd_getfd = false;
  bool seccomp_notify = false;  // SECCOMP_RET_USER_NOTIF with ADDFD.
  bool reuseport_program = false;
  CgroupMode cgroup = CgroupMode::kNone;
  std::string cgroup_detail;

  std::string state_folder;
  int64_t disk_free_bytes = 0;
  int64_t disk_bytes = 0;
  int64_t files_free = 0;  // Inodes; -1: the file system has no limit.
  // Empty: a file could be written there and synced to disk.
  std::string write_error;
  // What of the journal could not be read at the agent's start; empty: all
  // was well.
  std::string journal_damage;

  int64_t memory_bytes = 0;
  int64_t memory_available_bytes = 0;
  int64_t open_files_limit = 0;
  bool root = false;
  bool clock_synchronised = false;
  std::string agent_version;
  std::string keeper_version;
  // What this host lets apps do; empty: it has no policy of its own.
  std::string policy;
};

// kOk < kWarning < kProblem.
enum class CheckState { kOk, kWarning, kProblem };

struct HostCheck {
  std::string name;
  CheckState state = CheckState::kOk;
  std::string found;
  // What to do; empty when it is well.
  std::string advice;
};

// Pure; in a fixed order, each name once.
std::vector<HostCheck> JudgeHost(const HostConditions& conditions);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_CHECKS_H_
