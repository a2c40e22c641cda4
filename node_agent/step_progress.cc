#include "node_agent/step_progress.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "node_agent/app_reconciler.h"
#include "node_agent/hook_step.h"
#include "node_agent/step_failure.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

void UpdateWorker(ReconcilePass& pass, Worker& worker) {
  if (!worker.live() || !worker.ready || worker.available) return;
  absl::Time when = worker.ready_since + pass.app().target.step.min_ready_time;
  if (pass.now() < when) {
    pass.WakeAt(when);
    return;
  }
  worker.available = worker.was_available = true;
}

void UpdateSlot(ReconcilePass& pass, Slot& slot) {
  for (auto& [id, worker] : slot.workers) UpdateWorker(pass, worker);
  bool serves =
      std::any_of(slot.workers.begin(), slot.workers.end(), [&](auto& entry) {
        const Worker& worker = entry.second;
        return worker.live() && worker.ready &&
               worker.generation == slot.generation;
      });
  if (serves) {
    slot.down_since = absl::InfiniteFuture();
  } else if (slot.down_since == absl::InfiniteFuture()) {
    slot.down_since = pass.now();
  }
}

// The slot's worker of the target's generation is down since then.
absl::Time DownSince(const ReconcilePass& pass, const Slot& slot,
                     const Worker* worker) {
  if (slot.generation == pass.target_generation()) return slot.down_since;
  bool waits = worker != nullptr && !worker->ready;
  return waits ? worker->unready_since : absl::InfiniteFuture();
}

StepFailure Overdue(const ReconcilePass& pass, int index, const Slot& slot,
                    const Worker* worker) {
  absl::Duration limit = pass.app().target.step.ready_deadline;
  bool crashed = slot.generation == pass.target_generation() &&
                 slot.last_failure != FailureKind::kNone &&
                 slot.last_failure != FailureKind::kReadyTimeout;
  if (!crashed) {
    if (worker == nullptr) {
      return {FailureKind::kReadyTimeout, index, NotReadyText(limit, ""),
              slot.last_stderr};
    }
    return {FailureKind::kReadyTimeout,
            index,
            NotReadyText(limit, worker->detail),
            {},
            worker->id};
  }
  return {slot.last_failure, index, NotReadyText(limit, slot.last_exit),
          slot.last_stderr};
}

// What the slot waits for; empty: nothing.
std::string Waiting(const Slot& slot, const Worker* worker) {
  if (worker == nullptr) {
    if (slot.phase == SlotPhase::kBackoff) {
      return absl::StrCat("restarts after ", slot.last_exit);
    }
    return slot.workers.empty() ? "waits for its turn"
                                : "waits for the old worker to end";
  }
  if (!worker->ready) {
    return worker->detail.empty() ? "is starting" : worker->detail;
  }
  return worker->available ? "" : "is ready, must stay so";
}

bool EndedAsMeant(const AppState& app, const Slot& slot) {
  return slot.generation == app.target.generation &&
         slot.phase == SlotPhase::kExited &&
         slot.last_failure == FailureKind::kNone;
}

// The step is not about it, or it is done there.
bool NeedsNothing(const AppState& app, int index, const Slot& slot) {
  return index >= app.target.instances || app.target.stops(index) ||
         EndedAsMeant(app, slot);
}

int OldProcesses(const AppState& app) {
  int old = 0;
  for (const auto& [index, slot] : app.slots) {
    for (const auto& [id, worker] : slot.workers) {
      old += worker.generation != app.target.generation ? 1 : 0;
    }
  }
  return old;
}

}  // namespace

int SlotsDone(const AppState& app) {
  int done = 0;
  for (const auto& [index, slot] : app.slots) {
    if (index >= app.target.instances) continue;
    if (app.target.stops(index)) {
      ++done;
      continue;
    }
    if (slot.generation != app.target.generation) continue;
    bool available = EndedAsMeant(app, slot);
    for (const auto& [id, worker] : slot.workers) {
      available |= worker.generation == slot.generation && worker.available;
    }
    done += available ? 1 : 0;
  }
  return done;
}

void UpdateAvailability(ReconcilePass& pass) {
  for (auto& [index, slot] : pass.app().slots) UpdateSlot(pass, slot);
}

void HoldDeadlines(AppState& app) {
  for (auto& [index, slot] : app.slots) {
    slot.down_since = absl::InfiniteFuture();
  }
}

void FailOverdueStep(ReconcilePass& pass) {
  AppState& app = pass.app();
  for (auto& [index, slot] : app.slots) {
    if (NeedsNothing(app, index, slot)) continue;
    const Worker* worker =
        ReconcilePass::LiveWorker(slot, pass.target_generation());
    absl::Time since = DownSince(pass, slot, worker);
    if (since == absl::InfiniteFuture()) continue;
    absl::Time limit = since + app.target.step.ready_deadline;
    if (worker != nullptr) limit = std::max(limit, worker->extended_until);
    if (pass.now() < limit) {
      pass.WakeAt(limit);
      continue;
    }
    FailStep(app, Overdue(pass, index, slot, worker));
    return;
  }
}

void ConcludeStep(ReconcilePass& pass) {
  AppState& app = pass.app();
  StepState& step = app.step;
  bool all_ready = true;
  step.slot = -1;
  step.reason.clear();
  if (IsHeld(app)) {
    step.phase = StepPhase::kApplying;
    step.reason = absl::StrCat(app.target.app, " waits for app ", app.held_by);
    return;
  }
  for (auto& [index, slot] : app.slots) {
    if (NeedsNothing(app, index, slot)) continue;
    const Worker* worker =
        ReconcilePass::LiveWorker(slot, pass.target_generation());
    all_ready &= worker != nullptr && worker->ready;
    if (step.slot >= 0) continue;
    std::string waiting = Waiting(slot, worker);
    if (waiting.empty()) continue;
    step.slot = index;
    step.reason = absl::StrCat(app.target.app, ".", index, " ", waiting);
  }
  int old = OldProcesses(app);
  step.phase = all_ready ? StepPhase::kVerifying : StepPhase::kApplying;
  if (FailByPostReload(app)) return;
  if (step.slot >= 0 || SlotsDone(app) < app.target.instances) return;
  if (old > 0) {
    step.reason = absl::StrCat("waits for ", old, " old ",
                               old == 1 ? "worker" : "workers", " to end");
    return;
  }
  if (!PassPostReload(pass)) return;
  step.phase = StepPhase::kDone;
  app.step_ended = true;
}

void ConcludeStopped(ReconcilePass& pass) {
  AppState& app = pass.app();
  for (auto& [index, slot] : app.slots) MoveSlot(app, slot);
  app.step.phase = StepPhase::kDone;
  app.step.slot = -1;
  app.step.reason = "the app is stopped";
  app.step_ended = true;
}

}  // namespace fleet::agent
