// Which processes belong to a worker, and their end.
#ifndef FLEET_NODE_AGENT_PROCESS_TREE_H_
#define FLEET_NODE_AGENT_PROCESS_TREE_H_

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/keeper_client.h"
#include "node_agent/proc_reader.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// A process, told apart from a later one with the same number.
struct ProcessRef {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  auto operator<=>(const ProcessRef&) const = default;
};

// The main process of a worker. It may have ended.
struct WorkerRoot {
  WorkerId id = 0;
  pid_t pid = 0;
  uint64_t start_ticks = 0;
};

// A worker's tree is its main process with all descendants, what was a
// descendant when FindTree last saw it, and each orphan (with descendants)
// that the keeper, as child subreaper, has inherited from it. An orphan is the
// worker's when its environment says so (kWorkerMarker, which Spawn's caller
// sets), or else when its session or process group is the main process's.
//
// Only a process that cleared its environment, made its own session and lost
// its parent before any FindTree saw it goes unnoticed: call FindTree once
// before a worker is asked to stop.
//
// Cost: the keeper's children are read once for all calls of one loop turn
// (about 10 µs for 100), and a worker's own tree by its own size. After a
// keeper's death orphans are elsewhere (ScanWholeSystem): then one reading of
// /proc a turn.
//
// The runtime calls it. Loop thread only.
class ProcessTree {
 public:
  // NAME of the variable that holds the worker's id in decimal.
  static constexpr char kWorkerMarker[] = "FLEET_WORKER_ID";

  ProcessTree(EventLoop& loop, pid_t keeper_pid);
  ~ProcessTree();

  // The keeper is another one now. Orphans of the first may be anywhere, so
  // from here on the whole of /proc is looked at.
  void SetKeeper(pid_t keeper_pid);
  void ScanWholeSystem(bool whole) { whole_system_ = whole; }

  // Those that live (zombies do not), the main process first when it does.
  std::vector<ProcessRef> FindTree(const WorkerRoot& root);
  // SIGKILL to all of FindTree. Does not wait: 0 means that none was left;
  // else call again from a timer.
  int KillTree(const WorkerRoot& root);
  // The worker is gone; frees what is remembered of it.
  void Forget(WorkerId id);

  // The pid of a live process with this marker, or 0. Reads all of /proc.
  static pid_t FindByMarker(WorkerId id);

 private:
  // An orphan's worker, as read when it was first seen.
  struct Orphan {
    ProcStat stat;
    WorkerId marker = 0;  // 0: none.
  };

  const std::map<pid_t, Orphan>& Orphans();
  void ReadOrphans(const std::vector<pid_t>& pids);
  std::vector<pid_t> CandidatePids() const;
  void AddSubtree(pid_t pid, std::map<pid_t, ProcStat>& found) const;

  EventLoop& loop_;
  pid_t keeper_pid_;
  bool whole_system_ = false;
  bool orphans_fresh_ = false;  // Read in this loop turn.
  std::map<pid_t, Orphan> orphans_;
  std::map<WorkerId, std::vector<ProcessRef>> seen_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROCESS_TREE_H_
