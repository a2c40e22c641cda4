// Takes back from workers what the last keeper held.
#ifndef FLEET_NODE_AGENT_KEEPER_FD_RESCUE_H_
#define FLEET_NODE_AGENT_KEEPER_FD_RESCUE_H_

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/fd_store.h"
#include "node_agent/keeper/process_table.h"
#include "node_agent/keeper/saved_entry.h"

namespace fleet::keeper {

// When keeper and agent are killed together, a listening socket lives on in
// the worker that inherited it, and so do pipes and channels of which the
// worker was given a duplicate of our end. The same open file is found in
// /proc/PID/fd by its device and inode, and duplicated with pidfd_getfd(2). A
// pipe of which only the worker's end is left is opened anew for reading.
//
// Not to be had back, and named on stderr: what no live worker has, and
// (but for pipes) what the kernel does not let this user take, as with
// kernel.yama.ptrace_scope=1 and no privilege.
//
// Keeper fills it from its record and asks once, or never. At most kMaxHeld.
class FdRescue {
 public:
  void Add(const SavedHeld& held, const char* name);
  // Looks into every live process of the table; what is found is held.
  void TakeBack(const ProcessTable& processes, FdStore& store);
  // Nothing is wanted any more: an agent has handed over what it had.
  void Forget();

 private:
  struct Wanted {
    SavedHeld held;
    char name[kMaxName + 1];
    bool found;
    uint16_t next;  // With this hash; kNone ends.
  };
  static constexpr size_t kBuckets = 4096;
  static constexpr uint16_t kNone = 0xffff;

  static size_t BucketOf(uint64_t inode) { return inode % kBuckets; }
  void BuildIndex();
  // `reopen`: pipes of which only the other end is there.
  void Search(const Process& process, FdStore& store, bool reopen);
  void Consider(const Process& process, int folder, const char* number,
                FdStore& store, bool reopen);
  void Take(const Process& process, int folder, const char* number,
            bool same_end, Wanted& wanted, FdStore& store);
  void TellLost(const ProcessTable& processes) const;

  Wanted wanted_[kMaxHeld];
  size_t n_wanted_ = 0;
  uint16_t buckets_[kBuckets];
  int denied_ = 0;  // errno of the last refusal.
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_FD_RESCUE_H_
