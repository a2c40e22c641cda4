// Processes that a worker's environment names.
#ifndef FLEET_NODE_AGENT_MARKED_PROCESS_H_
#define FLEET_NODE_AGENT_MARKED_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "node_agent/keeper_client.h"

namespace fleet::agent {

// Every process of a worker has its id in the environment that it was started
// with (ProcessTree::kWorkerMarker), as long as no program on the way cleared
// or overwrote that. A value.
struct MarkedProcess {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  WorkerId worker = 0;

  // It, and not a later one of its number.
  bool Lives() const;
};

// Those of the host whose worker ids begin with `first`
// (StateFolder::first_worker_id). Reads all of /proc: 10 µs a process.
std::vector<MarkedProcess> FindMarkedProcesses(WorkerId first);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_MARKED_PROCESS_H_
