#include "node_agent/lane_plan.h"

#include <algorithm>
#include <utility>

namespace fleet::agent {

int ChooseLane(int slot, int home, const std::vector<LaneUse>& uses) {
  std::set<int> taken;
  for (const LaneUse& use : uses) {
    if (use.at.slot == slot) taken.insert(use.at.lane);
  }
  if (!taken.contains(home)) return home;
  for (int lane = 0; lane < kMaxLanes; ++lane) {
    if (!taken.contains(lane)) return lane;
  }
  // With one that is on its way out rather than with one that serves.
  auto leaving = std::find_if(uses.begin(), uses.end(), [&](const auto& use) {
    return use.at.slot == slot && use.stopping;
  });
  return leaving == uses.end() ? home : leaving->at.lane;
}

LanePlan PlanLanes(const std::vector<LaneUse>& uses, std::map<int, int> home) {
  LanePlan plan;
  std::map<int, const LaneUse*> oldest;  // By slot.
  for (const LaneUse& use : uses) {
    plan.occupied.insert(use.at);
    if (!use.asked) plan.attended.insert(use.at);
    if (!use.takes_connections) continue;
    const LaneUse*& first = oldest[use.at.slot];
    if (first == nullptr || use.worker < first->worker) first = &use;
  }
  plan.home = std::move(home);
  for (const auto& [slot, use] : oldest) {
    plan.serving.insert(use->at);
    plan.home[slot] = use->at.lane;
  }
  return plan;
}

}  // namespace fleet::agent
