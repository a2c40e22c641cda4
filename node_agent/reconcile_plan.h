// What an app's reconciler wants done.
#ifndef FLEET_NODE_AGENT_RECONCILE_PLAN_H_
#define FLEET_NODE_AGENT_RECONCILE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/keeper_client.h"

namespace fleet::agent {

struct Action {
  enum class Kind {
    // Open the addresses of `generation`'s spec for `slots` slots. Comes
    // before the starts that need them; if it fails, those starts have failed
    // with kListenFailed.
    kPrepareSockets,
    // Start `worker` in `slot` from the spec of `generation`.
    kStart,
    kBeginStop,
    kKill,
    kReleaseSlot,
    kReleaseApp,
  };
  Kind kind = Kind::kStart;
  WorkerId worker = 0;
  int slot = 0;
  int slots = 0;
  int64_t generation = 0;

  bool operator==(const Action&) const = default;
};

struct Plan {
  // To be carried out in this order.
  std::vector<Action> actions;
  // Ids of hooks to be run: save that they run, then start them.
  std::vector<std::string> hooks;
  // The step has ended: save its result and the slots, then report it.
  bool step_ended = false;
  // Slots have moved to another generation: save which.
  bool slots_moved = false;
  // A removed app is gone: forget it. The state is not used after this.
  bool forget = false;
  // Reconcile again then, if no event comes before.
  absl::Time wake_up = absl::InfiniteFuture();
};

// Gives out worker ids; never the same one twice.
class WorkerIdSource {
 public:
  virtual ~WorkerIdSource() = default;
  virtual WorkerId NextWorkerId() = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RECONCILE_PLAN_H_
