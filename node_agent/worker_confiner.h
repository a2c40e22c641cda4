// Carries out the limits and the hardening of workers' specs.
#ifndef FLEET_NODE_AGENT_WORKER_CONFINER_H_
#define FLEET_NODE_AGENT_WORKER_CONFINER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node_agent/cgroup_tree.h"
#include "node_agent/keeper_client.h"
#include "node_agent/worker_limits.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// Does nothing for workers whose spec asks for nothing, and looks for control
// groups only when the first worker needs one. The runtime owns it. Loop thread
// only.
class WorkerConfiner {
 public:
  // `runtime_dir` is the agent's own.
  explicit WorkerConfiner(std::string runtime_dir)
      : runtime_dir_(std::move(runtime_dir)) {}

  // Makes the worker's groups and completes the request. The error says what
  // cannot be had, and what to do.
  absl::Status Confine(const WorkerIdentity& identity, const AppSpec& spec,
                       SpawnRequest& request);
  // Of a command that runs beside worker `id`, process `pid`: it is confined as
  // that is, in its groups and among its mounts.
  absl::Status ConfineBeside(const WorkerIdentity& identity, pid_t pid,
                             const AppSpec& spec, SpawnRequest& request);
  // Of a hook: what the app may not do, it may not. The limits are not its own,
  // nor is what keeps the workers from changing files: it brings those.
  absl::Status ConfineHook(const AppSpec& spec, SpawnRequest& request) const;
  // One that an earlier agent started.
  void Adopt(WorkerId id, const AppSpec& spec);
  // Nothing of it lives.
  void Forget(WorkerId id);

  // SIGKILL to all in its group; how many there were.
  int Kill(WorkerId id);
  // As its group counts it; nothing: it has none.
  std::optional<absl::Duration> Cpu(WorkerId id) const;
  // Says so, when the kernel has killed it for its memory.
  void ExplainExit(WorkerId id, const AppSpec& spec, WorkerExit& exit) const;

  // See WorkerRuntime::LimitsOf.
  std::vector<LimitNote> Describe(const AppSpec& spec);

 private:
  void FindCgroups();
  LimitGround GroundOf(const AppSpec& spec) const;

  const std::string runtime_dir_;
  std::optional<CgroupTree> cgroups_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_CONFINER_H_
