// Which processes belong to a worker, and their end.
#ifndef FLEET_NODE_AGENT_PROCESS_TREE_H_
#define FLEET_NODE_AGENT_PROCESS_TREE_H_

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
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

// A worker's tree is its main process with all descendants, what was in the
// tree when FindTree last looked and lives, and each orphan (with descendants)
// that the keeper, as child subreaper, has inherited from it. An orphan is the
// worker's when its mark says so (ReadWorkerMark), or, without one, when its
// session or process group is the main process's.
//
// Only a process that changed RLIMIT_RTTIME, cleared its environment, made its
// own session and lost its parent before any FindTree saw it goes unnoticed: so
// call Remember before a worker is asked to stop.
//
// Cost: the keeper's children are read once for all calls of one loop turn
// (20 µs for 100), and a worker's own tree by its own size. After a keeper's
// death orphans are elsewhere (SetKeeper): then one reading of /proc a turn.
//
// The runtime calls it. Loop thread only. Bound: what lives on the machine.
class ProcessTree {
 public:
  ProcessTree(EventLoop& loop, pid_t keeper_pid);
  ~ProcessTree();
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  // The keeper is another one now (no effect when it is not). Orphans of the
  // first may be anywhere, so from here on the whole of /proc is looked at.
  void SetKeeper(pid_t keeper_pid);
  // Workers were found that are not the keeper's children: the same.
  void ScanWholeSystem() { whole_system_ = true; }

  // `pid` is a worker's main process and so no orphan, until EndMain.
  void NoteMain(pid_t pid) { mains_.insert(pid); }
  void EndMain(pid_t pid) { mains_.erase(pid); }

  // A FindTree for later; little when the worker has started nothing.
  void Remember(const WorkerRoot& root);
  // Those that live (zombies do not), the main process first when it does.
  std::vector<ProcessRef> FindTree(const WorkerRoot& root);
  // SIGKILL to all of FindTree; their number. Does not wait: 0 means that none
  // was left, else call it again from a timer.
  int KillTree(const WorkerRoot& root);
  // The worker is gone; frees what is remembered of it.
  void Forget(WorkerId id);

  // The main process with this marker, or 0. Reads all of /proc.
  static pid_t FindByMarker(WorkerId id);

 private:
  struct Orphan {
    ProcStat stat;
    WorkerId marker = 0;  // 0: none.
  };
  using Found = std::map<pid_t, ProcStat>;

  static Orphan ReadOrphan(const ProcStat& stat);
  static bool Belongs(const Orphan& orphan, const WorkerRoot& root);
  const std::map<pid_t, Orphan>& Orphans();
  void ReadOrphans();
  // The process, if it is still that one, and its descendants.
  static void AddSubtree(const ProcessRef& top, Found& found);

  EventLoop& loop_;
  pid_t keeper_pid_;
  bool whole_system_ = false;
  bool orphans_fresh_ = false;  // Read in this loop turn.
  std::map<pid_t, Orphan> orphans_;
  std::set<pid_t> mains_;
  std::map<WorkerId, std::vector<ProcessRef>> seen_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROCESS_TREE_H_
