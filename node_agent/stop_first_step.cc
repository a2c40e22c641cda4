#include "node_agent/stop_first_step.h"

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

}  // namespace

void AdvanceStopFirst(ReconcilePass& pass) {
  bool in_hand = false;
  for (auto& [index, slot] : pass.app().slots) {
    slot.replacing = false;
    if (in_hand || !NeedsStep(pass, index, slot)) continue;
    in_hand = !AdvanceSlot(pass, index, slot);
  }
}

}  // namespace fleet::agent
