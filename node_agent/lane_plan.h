// Which lane of its slot a worker gets, and which lanes get connections.
#ifndef FLEET_NODE_AGENT_LANE_PLAN_H_
#define FLEET_NODE_AGENT_LANE_PLAN_H_

#include <map>
#include <set>
#include <vector>

#include "node_agent/keeper_client.h"
#include "node_agent/slot_lane.h"

namespace fleet::agent {

// All pure; the runtime asks, the sockets are told.

// A worker whose main process has not ended.
struct LaneUse {
  WorkerId worker = 0;
  SlotLane at;
  // It is to end, and no longer gets connections.
  bool stopping = false;
  // It has been told so, and may have ceased to accept.
  bool asked = false;
  // Ready, and not stopping.
  bool takes_connections = false;
};

// What the sockets of an app do with connections.
struct LanePlan {
  // Who is in the program of the port. At most one lane a slot.
  std::set<SlotLane> serving;
  // By slot: the lane whose queue waits for the slot's next worker. A slot
  // that is not here: its lowest.
  std::map<int, int> home;
  // Somebody accepts there.
  std::set<SlotLane> attended;
  // Somebody has its socket; he may have been told to stop.
  std::set<SlotLane> occupied;

  bool operator==(const LanePlan&) const = default;
};

// More workers than this in a slot (all but the last on their way out) share.
inline constexpr int kMaxLanes = 4;

// The lane for one more worker of `slot`: `home` when nobody is there, so that
// a crashed worker's queue is its successor's; else the lowest free one.
int ChooseLane(int slot, int home, const std::vector<LaneUse>& uses);

// In each slot the oldest worker that takes connections serves. So a
// replacement gets none before the one it replaces is told to stop, and then
// at once all of the slot's. `home` is what it was, and where a slot serves,
// the lane that does.
LanePlan PlanLanes(const std::vector<LaneUse>& uses, std::map<int, int> home);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LANE_PLAN_H_
