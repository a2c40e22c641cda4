// Which worker a process was started for.
#ifndef FLEET_NODE_AGENT_MARKED_PROCESS_H_
#define FLEET_NODE_AGENT_MARKED_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "node_agent/keeper_client.h"

namespace fleet::agent {

// Whose process it is, as it was started: the mark that the keeper has set
// (keeper::kMarkBit), which outlives a cleared environment; where that is not
// to be had, the variable kWorkerMarker. 0: nobody's. 1 µs, and 6 more for the
// variable.
inline constexpr char kWorkerMarker[] = "FLEET_WORKER_ID";
WorkerId ReadWorkerMark(pid_t pid);

// A process of a worker, by its mark. A value.
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
