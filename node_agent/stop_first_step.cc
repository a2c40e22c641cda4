#include "node_agent/stop_first_step.h"

#include <algorithm>
#include <map>

namespace fleet::agent {
namespace {

bool HoldsSockets(const AppSpec* spec) {
  return spec != nullptr &&
         (spec->exec_mode == ExecMode::kCluster || !spec->listen.empty());
}

// The program opens its port itself now (exec_mode cluster, then fork). True:
// the sockets at which workers of before listened are closed.
bool GivesPortUp(ReconcilePass& pass, int index, const Slot& slot) {
  const AppState& app = pass.app();
  if (HoldsSockets(pass.Spec(pass.target_generation())) ||
      !HoldsSockets(pass.Spec(slot.generation))) {
    return true;
  }
  // Slots that are on their way out have theirs until then.
  if (app.slots.rbegin()->first >= app.target.instances) return false;
  Action release;
  release.kind = Action::Kind::kReleaseSlot;
  release.slot = index;
  pass.plan().actions.push_back(release);
  return true;
}

// True: the slot has been moved, the next one may go.
bool AdvanceSlot(ReconcilePass& pass, int index, Slot& slot) {
  slot.replacing = true;
  int64_t target = pass.target_generation();
  if (Worker* next = ReconcilePass::LiveWorker(slot, target)) {
    if (next->available) MoveSlot(pass.app(), slot);
    return next->available;
  }
  for (auto& [id, worker] : slot.workers) pass.BeginStop(worker);
  if (slot.workers.empty() && GivesPortUp(pass, index, slot)) {
    pass.Start(index, target);
  }
  return false;
}

// What was begun is finished first; then those go that do not serve, unless
// they have to wait.
enum class Turn { kInHand, kDown, kServes, kLast };

Turn TurnOf(const ReconcilePass& pass, int index, Slot& slot) {
  const bool begun =
      slot.replacing ||
      ReconcilePass::LiveWorker(slot, pass.target_generation()) != nullptr;
  if (begun) return Turn::kInHand;
  if (AwaitsPort(pass, index, slot)) return Turn::kLast;
  const bool serves = std::any_of(
      slot.workers.begin(), slot.workers.end(), [](const auto& entry) {
        return entry.second.live() && entry.second.ready;
      });
  return serves ? Turn::kServes : Turn::kDown;
}

}  // namespace

void AdvanceStopFirst(ReconcilePass& pass) {
  std::map<int, Turn> turns;
  for (auto& [index, slot] : pass.app().slots) {
    turns[index] = TurnOf(pass, index, slot);
    slot.replacing = false;
  }
  bool in_hand = false;
  for (Turn turn : {Turn::kInHand, Turn::kDown, Turn::kServes, Turn::kLast}) {
    for (auto& [index, slot] : pass.app().slots) {
      if (in_hand || !NeedsStep(pass, index, slot)) continue;
      if (turns[index] != turn) continue;
      in_hand = !AdvanceSlot(pass, index, slot);
    }
  }
}

}  // namespace fleet::agent
