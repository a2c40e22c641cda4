#include "node_agent/stop_first_step.h"

#include <algorithm>

namespace fleet::agent {
namespace {

// True: the slot has been moved, the next one may go.
bool AdvanceSlot(ReconcilePass& pass, int index, Slot& slot) {
  slot.replacing = true;
  int64_t target = pass.target_generation();
  if (Worker* next = ReconcilePass::LiveWorker(slot, target)) {
    if (next->available) MoveSlot(pass.app(), slot);
    return next->available;
  }
  for (auto& [id, worker] : slot.workers) pass.BeginStop(worker);
  if (slot.workers.empty()) pass.Start(index, target);
  return false;
}

// It serves, with what is to be replaced.
bool HasToLose(const ReconcilePass& pass, Slot& slot) {
  if (ReconcilePass::LiveWorker(slot, pass.target_generation())) return false;
  return std::any_of(slot.workers.begin(), slot.workers.end(),
                     [](const auto& entry) {
                       return entry.second.live() && entry.second.ready;
                     });
}

}  // namespace

void AdvanceStopFirst(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) slot.replacing = false;
  bool in_hand = false;
  for (bool has_to_lose : {false, true}) {
    for (auto& [index, slot] : pass.app().slots) {
      if (in_hand || !NeedsStep(pass, index, slot)) continue;
      if (HasToLose(pass, slot) != has_to_lose) continue;
      in_hand = !AdvanceSlot(pass, index, slot);
    }
  }
}

}  // namespace fleet::agent
