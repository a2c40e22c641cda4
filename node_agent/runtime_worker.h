// What the runtime keeps of a worker and of an app.
#ifndef FLEET_NODE_AGENT_RUNTIME_WORKER_H_
#define FLEET_NODE_AGENT_RUNTIME_WORKER_H_

#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "node_agent/lane_drain.h"
#include "node_agent/live_worker.h"
#include "node_agent/node_cluster.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Used by LocalWorkerRuntime's own files. Loop thread only.

// A worker and what is left to do for it.
struct RuntimeWorker {
  std::unique_ptr<LiveWorker> worker;
  std::string executable;  // For messages when it cannot be started.
  std::string cwd;
  bool killed = false;
  // Its sockets have been looked after.
  bool sockets_settled = false;
  // The listener knows that nothing of it is left.
  bool gone_told = false;
  absl::Duration kill_pause;
  EventLoop::TimerId kill_timer = 0;
  std::unique_ptr<LaneDrain> drain;  // Once it is to stop.
  EventLoop::TimerId drain_timer = 0;
};
struct RuntimeApp {
  std::unique_ptr<NodeSharedData> data;
  // Addresses of the spec that was prepared last.
  std::set<std::string> declared;
  std::map<int, int> home;  // Lane by slot: LanePlan::home.
  std::set<int> released_slots;
  bool released = false;
};
// What the inventory held for one worker.
struct HeldParts {
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
  UniqueFd channel;
  UniqueFd binds;
  UniqueFd note;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RUNTIME_WORKER_H_
