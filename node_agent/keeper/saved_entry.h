// Processes and descriptors as a keeper writes them down for another one.
#ifndef FLEET_NODE_AGENT_KEEPER_SAVED_ENTRY_H_
#define FLEET_NODE_AGENT_KEEPER_SAVED_ENTRY_H_

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/fd_store.h"
#include "node_agent/keeper/process_table.h"

namespace fleet::keeper {

// Plain bytes in the machine's order; the tag or the name follows. Values.
struct SavedProcess {
  uint64_t id;
  uint64_t start_ticks;
  int32_t pid;
  int32_t pidfd;  // Only within one process (handover.h).
  int32_t exit_value;
  uint32_t tag_size;
  ExitKind exit_kind;
  uint8_t is_child;
  uint8_t ended;
  uint8_t tree_gone;
  uint32_t reserved;

  static SavedProcess Of(const Process& process);
  // With what `pidfd` of the table's own is left out. nullptr: no memory.
  Process* AddTo(ProcessTable& table, const char* tag) const;
};

// Which open file it is: that of two descriptors with these three in common.
struct FileIdentity {
  uint64_t device;
  uint64_t inode;
  uint32_t access;  // O_RDONLY, O_WRONLY, O_RDWR: the two ends of a pipe.
  uint32_t is_pipe;

  // False: `fd` is none.
  static bool Of(int fd, FileIdentity* identity);
  bool SameFile(const struct stat& other) const {
    return device == other.st_dev && inode == other.st_ino;
  }
};

struct SavedHeld {
  uint64_t owner;
  FileIdentity file;
  int32_t fd;  // As SavedProcess::pidfd.
  uint32_t name_size;

  static SavedHeld Of(const FdStore::Entry& entry);
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_SAVED_ENTRY_H_
