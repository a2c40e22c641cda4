// Descriptors kept by name for whatever agent comes next.
#ifndef FLEET_NODE_AGENT_KEEPER_FD_STORE_H_
#define FLEET_NODE_AGENT_KEEPER_FD_STORE_H_

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/index_set.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// At most kMaxHeld. Owns the descriptors.
class FdStore {
 public:
  struct Entry {
    char* name;      // malloc'd, no NUL; nullptr: not in use.
    uint64_t owner;  // 0: nobody's.
    uint32_t hash;
    int fd;
    uint8_t size;
  };

  // Takes `fd`, also on failure (then it is closed). 0 or errno.
  int Hold(const char* name, size_t size, uint64_t owner, int fd);
  void Drop(const char* name, size_t size);
  bool Has(const char* name, size_t size);
  // All that are this process's (not 0).
  void DropOwned(uint64_t owner);

  // Entries are at(0) to at(limit() - 1), as far as their name is set.
  size_t limit() const { return limit_; }
  const Entry& at(size_t index) const { return entries_[index]; }

  // As in ProcessTable.
  void NoteAllChanged();
  bool TakeChanged(size_t* index) { return changed_.Take(index); }

 private:
  Entry* Find(const char* name, size_t size, uint32_t hash);
  Entry* FreeEntry();
  void Empty(Entry& entry);

  Entry entries_[kMaxHeld];
  size_t limit_ = 0;
  size_t used_ = 0;
  IndexSet<kMaxHeld> changed_;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_FD_STORE_H_
