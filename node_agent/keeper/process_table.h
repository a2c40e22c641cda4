// The processes that the keeper answers for.
#ifndef FLEET_NODE_AGENT_KEEPER_PROCESS_TABLE_H_
#define FLEET_NODE_AGENT_KEEPER_PROCESS_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/index_set.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// From Spawn or Adopt until the agent's Ack.
struct Process {
  uint64_t id;
  uint64_t start_ticks;
  char* tag;  // malloc'd, no NUL.
  uint32_t tag_size;
  pid_t pid;
  int pidfd;  // -1 once it has ended.
  int exit_value;
  ExitKind exit_kind;
  bool used;
  bool is_child;
  bool ended;
  bool tree_gone;  // As in Exited.
  // The agent is to be told.
  bool tell_spawned;
  bool tell_exited;
};

// At most kMaxProcesses. Linear searches: a hundred entries are 6 KB.
class ProcessTable {
 public:
  // A new entry, or nullptr: full, or no memory. `id` must not be in it.
  Process* Add(uint64_t id, const char* tag, size_t tag_size);
  void Remove(Process* process);
  Process* FindById(uint64_t id);
  // A live one.
  Process* FindByPid(pid_t pid);

  // Entries are at(0) to at(limit() - 1), as far as they are `used`.
  size_t limit() const { return limit_; }
  Process* at(size_t index) { return &slots_[index]; }
  const Process* at(size_t index) const { return &slots_[index]; }
  size_t IndexOf(const Process* process) const { return process - slots_; }
  size_t live() const;
  size_t live_children() const;
  bool full() const { return used_ == kMaxProcesses; }

  // Whoever changes an entry says so; Add and Remove do it themselves.
  void NoteChanged(const Process& process) { changed_.Add(IndexOf(&process)); }
  void NoteAllChanged();
  // Takes note of one that has changed since, also by going; false: none has.
  bool TakeChanged(size_t* index) { return changed_.Take(index); }

 private:
  Process slots_[kMaxProcesses];
  size_t limit_ = 0;
  size_t used_ = 0;
  IndexSet<kMaxProcesses> changed_;
};

// Field 22 of /proc/PID/stat, or 0.
uint64_t ReadStartTicks(pid_t pid);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_PROCESS_TABLE_H_
