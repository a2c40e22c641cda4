// How a worker ended, in words.
#ifndef FLEET_NODE_AGENT_WORKER_EXIT_TEXT_H_
#define FLEET_NODE_AGENT_WORKER_EXIT_TEXT_H_

#include <string>

#include "node_agent/keeper_client.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// "exit code 1", "SIGSEGV", or that nobody knows. `refusal`: why it was
// refused an address before it was ever ready; empty: it was not. Pure.
WorkerExit DescribeExit(const ProcessExit& exit, const std::string& refusal);

// A start that failed in the keeper: `step` and errno as it says.
WorkerExit DescribeSpawnFailure(const WorkerIdentity& identity,
                                const std::string& executable,
                                const std::string& cwd, const std::string& step,
                                int error_number);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_EXIT_TEXT_H_
