// The control groups of workers that have limits.
#ifndef FLEET_NODE_AGENT_CGROUP_TREE_H_
#define FLEET_NODE_AGENT_CGROUP_TREE_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/cgroup_place.h"
#include "node_agent/keeper_client.h"
#include "proto/rpc/app_limits.h"

namespace fleet::agent {

// A group a worker, in each hierarchy that a limit of it needs: v2 where its
// controllers are given to us, else v1 where we may write. Its name is made of
// the worker's id, so a later agent finds it again. Only workers whose limits
// need a group have one: it costs about 25 µs to make, 40 to enter and 35 to
// remove, for each hierarchy.
//
// The runtime owns it. Loop thread only; nothing but files of the kernel.
class CgroupTree {
 public:
  // Looks where groups can be made, and removes empty ones that an agent before
  // us has left.
  CgroupTree();

  // 2, 1, or 0: no group can be made for this controller.
  int VersionOf(const std::string& controller) const;

  // Makes the worker's groups with its limits. The cgroup.procs files that the
  // process has to write itself into; empty: no limit needs a group, or none
  // can be made.
  absl::StatusOr<std::vector<std::string>> Make(WorkerId id,
                                                const Limits& limits);
  // Of the groups that it has; what runs beside it goes in there.
  std::vector<std::string> ProcsFiles(WorkerId id) const;
  // A worker of an earlier agent: the groups that it has.
  void Adopt(WorkerId id);
  bool Has(WorkerId id) const { return groups_.contains(id); }

  // SIGKILL to all that is in its group; how many were. It catches what no look
  // at processes and their parents finds.
  int Kill(WorkerId id);
  // CPU time of all that is or was in its group; nothing: it has none that
  // counts that.
  std::optional<absl::Duration> Cpu(WorkerId id) const;
  std::vector<pid_t> Processes(WorkerId id) const;
  // Processes that the kernel killed because of memory_max.
  int64_t OutOfMemoryKills(WorkerId id) const;
  // It is empty.
  void Remove(WorkerId id);

 private:
  // Folder of each hierarchy that the worker has a group in, by controller.
  using Groups = std::map<std::string, std::string>;

  // The folder of one of its groups; empty: it has none there.
  std::string GroupOf(WorkerId id, const std::string& controller) const;
  std::string FolderOf(WorkerId id, const std::string& controller) const;
  // v2: lets groups below ours be limited, once.
  absl::Status Delegate();
  absl::Status MoveToLeaf(const std::string& folder);
  absl::Status WriteLimits(const Groups& groups, const Limits& limits) const;
  std::vector<std::string> Wanted(const Limits& limits) const;
  void RemoveStale();

  std::map<std::string, CgroupPlace> places_;
  std::map<WorkerId, Groups> groups_;
  bool delegated_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CGROUP_TREE_H_
