// What the keeper remembers of a worker for the agent.
#ifndef FLEET_NODE_AGENT_WORKER_TAG_H_
#define FLEET_NODE_AGENT_WORKER_TAG_H_

#include <optional>
#include <string>

#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// A WorkerIdentity as the keeper's tag, and back. Nothing: it is not one of
// ours. Pure.
std::string EncodeWorkerTag(const WorkerIdentity& identity);
std::optional<WorkerIdentity> DecodeWorkerTag(WorkerId id,
                                              const std::string& tag);

// What a later agent must know of a live worker, beside its tag; kept in a
// HeldNote. Pure.
struct WorkerProgress {
  bool ready_message = false;
  bool notify_ready = false;
  bool listening = false;
  bool leaving = false;
  // Connections are, or were, sent to its lane.
  bool serving = false;
  // It has been asked to stop: not to be asked twice.
  bool stopping = false;
  // The agent was in the middle of a line of its channel (NodeChannel).
  bool inside_line = false;
  // NodeCluster::ToText.
  std::string open;

  std::string ToText() const;
  static WorkerProgress FromText(const std::string& text);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_TAG_H_
