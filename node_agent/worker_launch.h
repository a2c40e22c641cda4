// From a spec to a process: what is executed, as whom, where, with which
// environment and descriptors.
#ifndef FLEET_NODE_AGENT_WORKER_LAUNCH_H_
#define FLEET_NODE_AGENT_WORKER_LAUNCH_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node_agent/hook_state.h"
#include "node_agent/host_policy.h"
#include "node_agent/keeper_client.h"
#include "node_agent/unique_fd.h"
#include "node_agent/worker_runtime.h"
#include "node_agent/worker_user.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// Node's cluster protocol is spoken with it.
bool IsNodeCluster(const AppSpec& spec);

// The child's ends, and of its pipes and channel also ours, with its note; all
// stay the caller's.
//
// The worker gets duplicates of ours, which it knows nothing of: so they are
// not closed with the last of us, and a later keeper takes them back from it
// (keeper/fd_rescue.h). Without them it would die of its next line.
struct LaunchFds {
  int in = -1;  // -1: /dev/null.
  int out = -1;
  int err = -1;
  int channel = -1;  // -1: no IPC channel.
  int out_read = -1;
  int err_read = -1;
  int parent_channel = -1;
  int note = -1;
  struct Listen {
    int fd;
    std::string name;  // For LISTEN_FDNAMES.
  };
  std::vector<Listen> listen;
};

// Makes SpawnRequests. What a spec and a slot decide (user, interpreter,
// environment) is worked out once and kept, for a crashed worker's successor
// must start within a millisecond, and what the spec alone decides (user,
// interpreter) once for all of its slots that start together; `cwd`, the script
// and env_files are looked up anew at every start, so that a `current` symlink
// may move.
//
// The worker gets nothing of the agent's environment but PATH, LANG and TZ.
//
// The runtime owns it. Loop thread only; keeps one plan a slot until Forget.
class WorkerLaunch {
 public:
  struct Host {
    std::string host_name;
    std::string notify_path;  // NOTIFY_SOCKET.
    // Empty: none.
    std::string drain_preload_path;
    // The agent's own variables that workers inherit, "NAME=value".
    std::vector<std::string> inherited;
    // What this host allows; null: everything. Outlives the object.
    const HostPolicy* policy = nullptr;
  };
  // PATH, LANG and TZ of this process.
  static std::vector<std::string> InheritedEnvironment();

  explicit WorkerLaunch(Host host);
  ~WorkerLaunch();

  // The error is complete: app, instance, what was looked for, what to do.
  absl::StatusOr<SpawnRequest> Prepare(
      const WorkerIdentity& identity,
      const std::shared_ptr<const AppSpec>& spec, const LaunchFds& fds);
  // A command beside the worker: as its user, in its cwd and environment, both
  // outputs to `out`. `command` is not empty. The caller fills in id, tag and
  // the worker marker.
  absl::StatusOr<SpawnRequest> PrepareCommand(
      const WorkerIdentity& identity,
      const std::shared_ptr<const AppSpec>& spec,
      const std::vector<std::string>& command, int out);
  // A hook under the shell, as the app's user, in its cwd and environment but
  // for what is an instance's. Needs neither its interpreter nor its script.
  absl::StatusOr<SpawnRequest> PrepareHook(const HookOrder& order,
                                           int out) const;
  // The user a spec's workers run as, from the kept plan.
  absl::StatusOr<WorkerUser> UserOf(const WorkerIdentity& identity,
                                    const std::shared_ptr<const AppSpec>& spec);
  void Forget(const std::string& app_uid);

 private:
  // What does not change from start to start.
  struct Plan {
    std::shared_ptr<const AppSpec> spec;
    WorkerUser user;
    std::string path;                  // PATH of the worker.
    std::string interpreter;           // Absolute; empty: none.
    std::vector<std::string> leading;  // argv before the script.
    std::vector<std::string> env;
  };
  using SlotKey = std::pair<std::string, int>;  // App uid, slot.

  absl::StatusOr<const Plan*> PlanOf(
      const WorkerIdentity& identity,
      const std::shared_ptr<const AppSpec>& spec);
  absl::StatusOr<Plan> MakePlan(
      const WorkerIdentity& identity,
      const std::shared_ptr<const AppSpec>& spec) const;
  // That of another slot of the same spec, or nullptr.
  const Plan* PlanBeside(const SlotKey& key,
                         const std::shared_ptr<const AppSpec>& spec) const;
  absl::StatusOr<std::vector<std::string>> MakeEnvironment(
      const AppSpec& spec, const WorkerUser& user, int slot,
      const std::string& cwd) const;
  // With env_files as they are now.
  absl::StatusOr<std::vector<std::string>> EnvironmentOf(
      const Plan& plan, int slot, const std::string& cwd) const;
  void FillCommand(const WorkerUser& user, int64_t generation, int out,
                   SpawnRequest& request) const;
  absl::Status FillProgram(const Plan& plan, const AppSpec& spec,
                           SpawnRequest& request) const;
  absl::Status CheckPolicy(const AppSpec& spec, const WorkerUser& user,
                           const HostPolicy::Launch& launch) const;
  void FillDescriptors(const LaunchFds& fds, bool cluster,
                       const WorkerIdentity& identity,
                       SpawnRequest& request) const;

  const Host host_;
  UniqueFd null_;
  std::map<SlotKey, Plan> plans_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_LAUNCH_H_
