// The descriptors between a worker and the agent.
#ifndef FLEET_NODE_AGENT_WORKER_PIPES_H_
#define FLEET_NODE_AGENT_WORKER_PIPES_H_

#include "absl/status/statusor.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// All CLOEXEC; the agent's ends are O_NONBLOCK.
struct WorkerPipes {
  UniqueFd out_read;
  UniqueFd out_write;
  UniqueFd err_read;
  UniqueFd err_write;
  UniqueFd in_read;  // With `with_stdin` alone.
  UniqueFd in_write;
  UniqueFd channel;        // Ours; with `with_channel` alone.
  UniqueFd child_channel;  // The worker's.
  UniqueFd binds;          // Ours; with `with_binds` alone.
  UniqueFd child_binds;    // SpawnRequest::bind_socket.
};

absl::StatusOr<WorkerPipes> MakeWorkerPipes(bool with_channel, bool with_stdin,
                                            bool with_binds);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_PIPES_H_
