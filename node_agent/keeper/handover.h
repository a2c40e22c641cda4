// From a keeper to the program that it executes in its own place.
#ifndef FLEET_NODE_AGENT_KEEPER_HANDOVER_H_
#define FLEET_NODE_AGENT_KEEPER_HANDOVER_H_

#include <sys/resource.h>

#include <cstdint>

#include "node_agent/keeper/fd_store.h"
#include "node_agent/keeper/process_table.h"

namespace fleet::keeper {

// Rises when what is handed over changes. A program reads all up to its own;
// `fleet-keeper --can-resume N` says whether it does.
inline constexpr uint32_t kHandoverVersion = 1;

// The rest of what a keeper is, beside its two tables. Plain bytes.
struct KeeperState {
  int32_t listener;
  int32_t lock;
  int32_t record;
  int32_t agent_pidfd;  // -1: no agent runs.
  int32_t agent_pid;
  uint8_t agent_is_child;
  uint8_t terminating;
  uint8_t reserved[2];
  uint64_t agent_ticks;
  int64_t agent_started_ms;
  int64_t agent_delay_ms;
  uint64_t orphans;
  rlimit child_nofile;
};

// An anonymous file with all of it, whose descriptor survives an exec, as do
// all that it names. -1: errno; nothing has changed then.
int WriteHandover(const KeeperState& state, const ProcessTable& processes,
                  const FdStore& store);
// The exec failed: all of it is closed on exec again.
void UndoHandover(int fd, const KeeperState& state,
                  const ProcessTable& processes, const FdStore& store);
// Fills the empty tables, and closes `fd`. False: it is no handover, or not
// to be read; then this process holds descriptors that nobody knows.
bool ReadHandover(int fd, KeeperState* state, ProcessTable& processes,
                  FdStore& store);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_HANDOVER_H_
