#include "node_agent/app_restore.h"

#include <algorithm>

#include "node_agent/app_events.h"
#include "node_agent/hook_step.h"
#include "node_agent/slot_run.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// An older worker than this had been ready: else it would have been killed.
absl::Duration ReadinessTimeout(const AppState& app, int64_t generation) {
  auto it = app.generations.find(generation);
  return it == app.generations.end() ? absl::ZeroDuration()
                                     : it->second.spec->readiness.timeout;
}

// Written down, too: should the worker end before its slot has its turn, the
// next agent knows it from the journal alone.
void TakeGeneration(AppState& app, Slot& slot, const Worker& worker) {
  slot.generation = worker.generation;
  app.slots_moved = app.target.generation > 0;
}

// It serves where nothing of the slot's own does, and is of a step that was
// overtaken: it is what the slot runs (as when a target is accepted).
void KeepOvertaken(AppState& app, Slot& slot, const Worker& worker) {
  if (worker.generation == app.target.generation) return;
  for (const auto& [id, other] : slot.workers) {
    if (other.generation == slot.generation && other.ready) return;
  }
  TakeGeneration(app, slot, worker);
}

// Of what was ready when the agent came. What its step has left as done was
// available, and is taken to be so still. What was started later may have got
// ready only while nobody looked: its soak starts anew.
absl::Time ReadySince(const AppState& app, const Slot& slot,
                      const Worker& worker, absl::Time now) {
  const bool of_the_step =
      app.step.phase == StepPhase::kDone && slot.counted.empty();
  const absl::Time latest =
      worker.started_at + ReadinessTimeout(app, worker.generation);
  return of_the_step || latest <= now ? worker.started_at : now;
}

// Its slot stays at its generation after a step that failed: a worker that was
// started since is none that the step has kept.
bool IsLeftBehind(const AppState& app, const WorkerIdentity& worker) {
  auto slot = app.slots.find(worker.slot);
  return app.step.phase == StepPhase::kFailed && slot != app.slots.end() &&
         slot->second.generation == worker.generation;
}

// Until its pre_reload has ended well a generation has nothing, and so has kept
// nothing (OpenGeneration comes then).
bool IsOpen(const AppState& app, int64_t generation) {
  return generation != app.target.generation || !AwaitsPreReload(app);
}

}  // namespace

AppState RestoreApp(const SavedApp& saved) {
  FLEET_CHECK(!saved.targets.empty());
  AppState app;
  app.target = saved.targets.back();
  for (const AppTarget& target : saved.targets) {
    app.generations[target.generation] = ToGeneration(target);
  }
  for (const auto& [slot, generation] : saved.slots) {
    if (!app.generations.contains(generation)) continue;
    app.slots[slot].generation = generation;
  }
  for (const auto& [slot, run] : saved.runs) {
    auto found = app.slots.find(slot);
    if (found != app.slots.end()) RestoreSlotRun(app, run, found->second);
  }
  if (saved.result && saved.result->generation == app.target.generation) {
    app.step = *saved.result;
  } else if (app.target.generation > 0) {
    app.step.generation = app.target.generation;
    app.step.phase = StepPhase::kApplying;
  }
  app.hooks = saved.hooks;
  app.events.assign(saved.events.begin(), saved.events.end());
  return app;
}

int64_t GenerationOf(const AppState& app, const WorkerIdentity& worker) {
  if (IsLeftBehind(app, worker)) return worker.generation;
  int64_t newest = worker.generation;
  for (const auto& [number, generation] : app.generations) {
    if (number > worker.generation && generation.keeps_matching &&
        generation.revision == worker.revision && IsOpen(app, number)) {
      newest = number;
    }
  }
  return newest;
}

void AdoptWorker(AppState& app, const AdoptedWorker& adopted,
                 absl::Time started_at, absl::Time now) {
  const WorkerIdentity& identity = adopted.identity;
  Worker worker;
  worker.id = identity.id;
  worker.slot = identity.slot;
  // One that is on its way out was not kept.
  worker.generation =
      adopted.stopping ? identity.generation : GenerationOf(app, identity);
  worker.pid = adopted.pid;
  worker.started_at = started_at;
  worker.start_time = identity.start_time;
  worker.ready = adopted.ready;
  worker.ready_since = worker.unready_since = now;
  worker.was_ready =
      adopted.ready ||
      now - started_at > ReadinessTimeout(app, worker.generation);
  auto [slot, added] = app.slots.try_emplace(identity.slot);
  bool kept = worker.generation > identity.generation && worker.live();
  if (added || (kept && worker.generation > slot->second.generation)) {
    TakeGeneration(app, slot->second, worker);
  }
  bool settled =
      !app.step.active() && slot->second.generation == worker.generation;
  if (settled && adopted.ready) {
    worker.ready_since = ReadySince(app, slot->second, worker, now);
  }
  worker.was_available = settled && worker.was_ready;
  worker.stopping = adopted.stopping;
  worker.stop_since = now;
  for (auto& [id, other] : slot->second.workers) {
    bool beside =
        other.generation == worker.generation && other.live() && worker.live();
    if (!beside) continue;
    // The older one serves until the newer one can.
    Worker& older = other.id < worker.id ? other : worker;
    older.renewal = RenewalCause::kAdopted;
    older.renewal_reason = "was being replaced when the agent was restarted";
  }
  if (worker.ready && worker.live() && app.step.active()) {
    KeepOvertaken(app, slot->second, worker);
  }
  // It was started, and the agent had no time to note that.
  if (worker.live() && worker.generation == slot->second.generation) {
    slot->second.phase = SlotPhase::kRunning;
  }
  slot->second.workers.emplace(worker.id, worker);
  app.slot_of_worker[worker.id] = identity.slot;
  app.released = false;
  app.has_run = true;
}

}  // namespace fleet::agent
