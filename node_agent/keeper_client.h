// The agent's end of its talk with fleet-keeper: start processes, learn how
// they end, and leave descriptors where an agent's death does not close them.
#ifndef FLEET_NODE_AGENT_KEEPER_CLIENT_H_
#define FLEET_NODE_AGENT_KEEPER_CLIENT_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Unique on its machine, also among several agents and after restarts, since a
// stray process has nothing else to tell whose it is; the agent chooses it.
using WorkerId = uint64_t;

// What is taken from a process before it runs, and what it may use. Unset:
// as the keeper has it.
struct Confinement {
  struct Rlimit {
    int resource;
    uint64_t soft;
    uint64_t hard;
    bool operator==(const Rlimit&) const = default;
  };
  bool no_new_privileges = false;
  bool private_tmp = false;
  std::optional<uint64_t> capabilities;  // A bit for each number.
  std::optional<int> nice;
  std::optional<uint32_t> umask;
  std::optional<int> oom_score_adj;
  std::vector<Rlimit> rlimits;               // At most 8.
  std::vector<std::string> cgroups;          // cgroup.procs files; at most 8.
  std::vector<std::string> read_only_paths;  // At most 64.
  // A live process of the keeper's whose mount namespace it enters, in place of
  // one of its own with `private_tmp` and `read_only_paths`; an older keeper
  // makes one all the same. 0: none.
  pid_t mounts_of = 0;
};

// A process to start. All descriptors stay the caller's.
struct SpawnRequest {
  WorkerId id = 0;
  // Given back in the inventory, uninterpreted. At most 4 KiB.
  std::string tag;
  std::string executable;  // Absolute; PATH is not searched.
  std::vector<std::string> argv;
  // "NAME=value". An entry "LISTEN_PID=" is filled in with the child's pid.
  std::vector<std::string> env;
  std::string cwd;  // Absolute; empty: "/".
  // The child leads a session of its own when true, else only a process group.
  bool new_session = false;
  // Set ids when `set_ids`; `groups` are the supplementary ones.
  bool set_ids = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  // `fd` becomes `as` in the child, unless that is kNotForChild. All others are
  // closed. One with a `name` is held under it from now until AckExit, as by
  // Hold: it is there for a later agent before the process runs. At most 200.
  static constexpr int kNotForChild = -1;
  struct ChildFd {
    int fd = -1;
    int as = kNotForChild;
    std::string name = {};
  };
  std::vector<ChildFd> child_fds;
  // Nothing: the usual case, which costs nothing.
  std::optional<Confinement> confinement;
  // A Unix packet socket, over which comes the descriptor at which bind()
  // calls of the process and its descendants wait for an answer
  // (bind_notice.h); -1: the kernel answers them.
  int bind_socket = -1;
};

// How a process ended.
struct ProcessExit {
  enum class Kind { kExited, kSignaled, kUnknown };
  Kind kind = Kind::kUnknown;
  int value = 0;  // Exit code or signal; 0 for kUnknown.
  // Known: no process that it started lives either.
  bool tree_gone = false;
};

// What the keeper had when this agent connected.
struct Inventory {
  struct Process {
    WorkerId id = 0;
    std::string tag;
    pid_t pid = 0;
    // Field 22 of /proc/PID/stat: clock ticks after boot.
    uint64_t start_ticks = 0;
    // The keeper's child, so that its exit status will be known.
    bool is_child = false;
    bool ended = false;
    ProcessExit exit;  // When `ended`.
  };
  struct Held {
    std::string name;
    UniqueFd fd;
    // Held until AckExit of this process; 0: until Drop.
    WorkerId owner = 0;
  };
  std::vector<Process> processes;
  std::vector<Held> held;
  // The keeper has begun after the last one and its agent were lost: processes
  // that are not listed here may live, those with an id above `newest_id`.
  bool after_loss = false;
  WorkerId newest_id = 0;
};

// Loop thread only. Calls do not block and do not fail: an answer comes as an
// event, and when the keeper is lost the implementation brings up another,
// hands it every held descriptor and every live process, and goes on.
class KeeperClient {
 public:
  // Called from the loop, never from inside a call below.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks) = 0;
    // `step` is what failed: "chdir", "execve", "setuid" …
    virtual void OnSpawnFailed(WorkerId id, const std::string& step,
                               int error_number) = 0;
    // Once per process; the keeper keeps it until AckExit.
    virtual void OnExited(WorkerId id, ProcessExit exit) = 0;
  };

  virtual ~KeeperClient() = default;

  virtual void SetEvents(Events* events) = 0;
  virtual void Spawn(SpawnRequest request) = 0;
  // Sends `signal` to the process alone (by pidfd: never to a stranger that
  // got its number), or to its process group.
  virtual void Signal(WorkerId id, int signal, bool group) = 0;
  // The worker goes on as another process, whose end is OnExited from now on,
  // also when the first one's has been told already. No effect when that other
  // one is gone.
  virtual void SetMain(WorkerId id, pid_t pid, uint64_t start_ticks) = 0;
  // The exit has been taken note of; the keeper forgets the process, and drops
  // what was held with it.
  virtual void AckExit(WorkerId id) = 0;
  // Keeps a duplicate of `fd` under `name` (at most 255 bytes) until Drop. The
  // same name again replaces it.
  virtual void Hold(const std::string& name, int fd) = 0;
  virtual void Drop(const std::string& name) = 0;
  virtual pid_t keeper_pid() const = 0;
  virtual std::string keeper_version() const = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_CLIENT_H_
