// Limits and hardening of a spec: what enforces them on this host, and what a
// process is started with for that.
#ifndef FLEET_NODE_AGENT_WORKER_LIMITS_H_
#define FLEET_NODE_AGENT_WORKER_LIMITS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "node_agent/keeper_client.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// What the host gives. Versions are those of CgroupTree::VersionOf.
struct LimitGround {
  int memory_cgroup = 0;
  int cpu_cgroup = 0;
  int pids_cgroup = 0;
  bool root = false;      // The agent is.
  bool own_user = false;  // The app runs as another user than root.
};

// The spec asks for something of the kind: a start has more to do.
bool HasLimits(const AppSpec& spec);
// … for which a cgroup is needed.
bool WantsCgroup(const Limits& limits);
// … a mount namespace of its own.
bool WantsMounts(const Hardening& hardening);

// Of the spec only what its processes may do at all (umask, no_new_privileges,
// capabilities, core files of those with secrets), whatever they are there for.
AppSpec RightsOf(const AppSpec& spec);

// Without the cgroups, which are made for each worker. Pure.
Confinement MakeConfinement(const AppSpec& spec, const LimitGround& ground);

// Each limit and hardening that the spec asks for, in a fixed order. Pure.
std::vector<LimitNote> DescribeLimits(const AppSpec& spec,
                                      const LimitGround& ground);

// What of it cannot be had here at all, and what to do: the worker is not
// started without its hardening. `runtime_dir` is the agent's own, which a
// private /tmp must not hide. Pure.
absl::Status CheckHardening(const AppSpec& spec, const LimitGround& ground,
                            const std::string& runtime_dir);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_LIMITS_H_
