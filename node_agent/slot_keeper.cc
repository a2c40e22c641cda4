#include "node_agent/slot_keeper.h"

#include <algorithm>
#include <vector>

#include "node_agent/hook_step.h"
#include "node_agent/renewal.h"

namespace fleet::agent {
namespace {

// What a slot that is added starts with: what has proven itself here.
int64_t NewSlotGeneration(const AppState& app) {
  if (app.step.phase == StepPhase::kDone) return app.target.generation;
  int64_t lowest = app.target.generation;
  for (const auto& [index, slot] : app.slots) {
    lowest = std::min(lowest, slot.generation);
  }
  return lowest;
}

void AddSlots(ReconcilePass& pass) {
  AppState& app = pass.app();
  bool nothing_runs_it =
      app.step.failure == FailureKind::kSpec || AwaitsPreReload(app);
  if (nothing_runs_it && app.slots.empty()) return;
  int64_t generation = NewSlotGeneration(app);
  for (int i = 0; i < app.target.instances; ++i) {
    auto [slot, added] = app.slots.try_emplace(i);
    if (added) {
      slot->second.generation = generation;
      app.slots_moved = true;
    } else if (app.step.phase == StepPhase::kDone &&
               slot->second.generation != generation) {
      // It was about to go while the step passed, and is wanted again.
      MoveSlot(app, slot->second);
    }
  }
}

void RemoveSlots(ReconcilePass& pass) {
  AppState& app = pass.app();
  std::vector<int> beyond;
  for (auto it = app.slots.rbegin();
       it != app.slots.rend() && it->first >= app.target.instances; ++it) {
    beyond.push_back(it->first);
  }
  for (int index : beyond) {
    Slot& slot = app.slots.at(index);
    for (auto& [id, worker] : slot.workers) pass.BeginStop(worker);
    if (!slot.workers.empty()) continue;
    Action release;
    release.kind = Action::Kind::kReleaseSlot;
    release.slot = index;
    pass.plan().actions.push_back(release);
    app.slots.erase(index);
    app.slots_moved = true;
  }
}

// Killed because it never got ready: how it ends decides when the next starts.
bool IsUndecided(const Slot& slot) {
  return std::any_of(slot.workers.begin(), slot.workers.end(),
                     [](const auto& entry) {
                       const Worker& worker = entry.second;
                       return worker.ready_timed_out && !worker.exited;
                     });
}

// Its worker is being restarted on a user's order.
bool EndsFirst(const Slot& slot) {
  return std::any_of(
      slot.workers.begin(), slot.workers.end(),
      [](const auto& entry) { return entry.second.renewal_stops_first; });
}

// A program that may own a port or a lock starts only when nothing of the one
// before is left.
bool MayStart(const ReconcilePass& pass, const Slot& slot) {
  const AppSpec* spec = pass.Spec(slot.generation);
  if (spec == nullptr || IsUndecided(slot)) return false;
  return slot.workers.empty() ||
         (EffectiveStrategy(*spec) == ReloadStrategy::kSurge &&
          !EndsFirst(slot));
}

void WatchReadiness(ReconcilePass& pass, Worker& worker) {
  const AppSpec* spec = pass.Spec(worker.generation);
  if (worker.was_ready || spec == nullptr) return;
  absl::Time limit = std::max(worker.unready_since + spec->readiness.timeout,
                              worker.extended_until);
  if (pass.now() < limit) {
    pass.WakeAt(limit);
    return;
  }
  worker.ready_timed_out = true;
  pass.Kill(worker);
}

void KeepRunning(ReconcilePass& pass, int index, Slot& slot) {
  // During a renewal there are two.
  bool any = false;
  for (auto& [id, worker] : slot.workers) {
    if (worker.generation != slot.generation || !worker.live()) continue;
    any = true;
    WatchReadiness(pass, worker);
  }
  if (any) return;
  bool given_up =
      slot.phase == SlotPhase::kCrashLoop || slot.phase == SlotPhase::kExited;
  if (given_up || !MayStart(pass, slot)) return;
  if (pass.now() < slot.next_start) {
    pass.WakeAt(slot.next_start);
    return;
  }
  slot.phase = SlotPhase::kRunning;
  slot.next_start = absl::InfinitePast();
  pass.Start(index, slot.generation);
}

void StopSlot(ReconcilePass& pass, Slot& slot) {
  slot.replacing = false;
  slot.phase = SlotPhase::kRunning;
  slot.next_start = absl::InfinitePast();
  slot.restart.unstable_exits = 0;
  slot.restart.series_delay = absl::ZeroDuration();
  for (auto& [id, worker] : slot.workers) pass.BeginStop(worker);
}

absl::Duration KillTimeout(const ReconcilePass& pass, const Worker& worker) {
  const AppSpec* spec = pass.Spec(worker.generation);
  return spec == nullptr ? absl::ZeroDuration() : spec->stop.kill_timeout;
}

}  // namespace

void ScaleSlots(ReconcilePass& pass) {
  AddSlots(pass);
  RemoveSlots(pass);
}

void StopOrderedSlots(ReconcilePass& pass) {
  AppState& app = pass.app();
  for (auto& [index, slot] : app.slots) {
    if (app.target.stops(index)) StopSlot(pass, slot);
  }
}

void StopStrays(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) {
    const Worker* current = ReconcilePass::LiveWorker(slot, slot.generation);
    const Worker* next = slot.replacing ? ReconcilePass::LiveWorker(
                                              slot, pass.target_generation())
                                        : nullptr;
    const Worker* outgoing = Outgoing(slot);
    for (auto& [id, worker] : slot.workers) {
      if (&worker != current && &worker != next && &worker != outgoing) {
        pass.BeginStop(worker);
      }
    }
  }
}

void StopCondemned(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) {
    for (auto& [id, worker] : slot.workers) {
      if (worker.condemned) pass.BeginStop(worker);
    }
  }
}

void KeepSlotsRunning(ReconcilePass& pass) {
  AppState& app = pass.app();
  bool held = IsHeld(app);
  // What does not run is not started from what is just being deployed.
  if (app.step.active() && AwaitsPreReload(app) && !app.has_run) return;
  for (auto& [index, slot] : app.slots) {
    if (slot.replacing || index >= app.target.instances ||
        app.target.stops(index)) {
      continue;
    }
    // A second owner of that port would only stand in the way.
    if (AwaitsPort(pass, index, slot)) continue;
    // While it is held, only what ran before is kept up.
    bool may =
        !held || (app.has_run && slot.generation != app.target.generation);
    if (may) KeepRunning(pass, index, slot);
  }
}

void KillOverdue(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) {
    for (auto& [id, worker] : slot.workers) {
      if (worker.live() || worker.killed) continue;
      absl::Time limit = std::max(
          worker.stop_since + KillTimeout(pass, worker),
          worker.exited ? absl::InfinitePast() : worker.extended_until);
      if (pass.now() < limit) {
        pass.WakeAt(limit);
      } else {
        pass.Kill(worker);
      }
    }
  }
}

void StopEverything(ReconcilePass& pass) {
  AppState& app = pass.app();
  for (auto& [index, slot] : app.slots) StopSlot(pass, slot);
  if (!app.slot_of_worker.empty()) return;
  app.has_run = false;
  if (app.released) return;
  Action release;
  release.kind = Action::Kind::kReleaseApp;
  pass.plan().actions.push_back(release);
  app.released = true;
}

}  // namespace fleet::agent
