#include "node_agent/surge_step.h"

#include "node_agent/app_reconciler.h"

namespace fleet::agent {
namespace {

// Where the step is, counted over all slots.
struct SurgeProgress {
  bool proven = false;    // Some slot has been moved already.
  bool all_ready = true;  // Every replacement is ready now.
  int replacements = 0;   // Started and not yet available.
  int ending = 0;         // Processes on their way out.
};

void MoveAvailableSlots(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) {
    if (!NeedsStep(pass, index, slot)) continue;
    Worker* next = ReconcilePass::LiveWorker(slot, pass.target_generation());
    slot.replacing = next != nullptr;
    if (slot.replacing && next->available) MoveSlot(pass.app(), slot);
  }
}

SurgeProgress Look(ReconcilePass& pass) {
  SurgeProgress progress;
  int64_t target = pass.target_generation();
  for (auto& [index, slot] : pass.app().slots) {
    bool moved = slot.generation == target;
    progress.proven |= moved;
    for (const auto& [id, worker] : slot.workers) {
      if (!worker.live() || (moved && worker.generation != target)) {
        ++progress.ending;
      } else if (!moved && worker.generation == target) {
        ++progress.replacements;
        progress.all_ready &= worker.ready;
      }
    }
  }
  return progress;
}

bool MayStartAnother(const SurgeProgress& progress) {
  if (!progress.all_ready) return false;
  if (!progress.proven && progress.replacements > 0) return false;
  return progress.replacements + progress.ending < kMaxExtraWorkers;
}

}  // namespace

void AdvanceSurge(ReconcilePass& pass) {
  MoveAvailableSlots(pass);
  if (!MayStartAnother(Look(pass))) return;
  for (auto& [index, slot] : pass.app().slots) {
    if (!NeedsStep(pass, index, slot) || slot.replacing) continue;
    slot.replacing = true;
    pass.Start(index, pass.target_generation());
    return;
  }
}

}  // namespace fleet::agent
