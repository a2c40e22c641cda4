#include "node_agent/reconcile_pass.h"

#include <algorithm>
#include <utility>

namespace fleet::agent {

Worker* ReconcilePass::LiveWorker(Slot& slot, int64_t generation) {
  for (auto it = slot.workers.rbegin(); it != slot.workers.rend(); ++it) {
    Worker& worker = it->second;
    if (worker.generation == generation && worker.live()) return &worker;
  }
  return nullptr;
}

const AppSpec* ReconcilePass::Spec(int64_t generation) const {
  auto it = app_.generations.find(generation);
  return it == app_.generations.end() ? nullptr : it->second.spec.get();
}

void ReconcilePass::PrepareSockets(int64_t generation) {
  if (prepared_ == generation) return;
  prepared_ = generation;
  Action action;
  action.kind = Action::Kind::kPrepareSockets;
  action.generation = generation;
  action.slots = app_.target.instances;
  plan_.actions.push_back(action);
}

void ReconcilePass::Start(int slot, int64_t generation) {
  PrepareSockets(generation);
  Worker worker;
  worker.id = ids_.NextWorkerId();
  worker.slot = slot;
  worker.generation = generation;
  worker.started_at = worker.unready_since = now_;
  Action action;
  action.kind = Action::Kind::kStart;
  action.worker = worker.id;
  action.slot = slot;
  action.slots = app_.target.instances;
  action.generation = generation;
  plan_.actions.push_back(action);
  app_.slot_of_worker[worker.id] = slot;
  app_.slots[slot].workers.emplace(worker.id, std::move(worker));
  app_.released = false;
  app_.has_run = true;
  WakeAt(now_ + app_.target.step.ready_deadline);
  if (const AppSpec* spec = Spec(generation)) {
    WakeAt(now_ + spec->readiness.timeout);
  }
}

void ReconcilePass::BeginStop(Worker& worker) {
  if (!worker.live()) return;
  worker.stopping = true;
  worker.available = false;
  worker.stop_since = now_;
  Action action;
  action.kind = Action::Kind::kBeginStop;
  action.worker = worker.id;
  action.slot = worker.slot;
  plan_.actions.push_back(action);
}

void ReconcilePass::Kill(Worker& worker) {
  if (worker.killed) return;
  if (worker.live()) worker.stop_since = now_;
  worker.stopping = worker.killed = true;
  worker.available = false;
  Action action;
  action.kind = Action::Kind::kKill;
  action.worker = worker.id;
  action.slot = worker.slot;
  plan_.actions.push_back(action);
}

void ReconcilePass::WakeAt(absl::Time when) {
  plan_.wake_up = std::min(plan_.wake_up, when);
}

bool IsHeld(const AppState& app) {
  if (app.held_by.empty()) return false;
  if (!app.has_run) return true;
  if (!app.step.active()) return false;
  return std::none_of(
      app.slots.begin(), app.slots.end(), [&app](const auto& entry) {
        const auto& workers = entry.second.workers;
        return std::any_of(workers.begin(), workers.end(), [&app](auto& w) {
          return w.second.generation == app.target.generation;
        });
      });
}

bool NeedsStep(const ReconcilePass& pass, int index, const Slot& slot) {
  return index < pass.app().target.instances &&
         !pass.app().target.stops(index) &&
         slot.generation != pass.target_generation();
}

void MoveSlot(AppState& app, Slot& slot) {
  slot.generation = app.target.generation;
  slot.phase = SlotPhase::kRunning;
  slot.replacing = false;
  slot.next_start = absl::InfinitePast();
  slot.down_since = absl::InfiniteFuture();
  slot.restart.unstable_exits = 0;
  slot.restart.series_delay = absl::ZeroDuration();
  slot.last_failure = FailureKind::kNone;
  app.slots_moved = true;
}

ReloadStrategy StepStrategy(const AppState& app) {
  if (app.target.step.strategy != ReloadStrategy::kDefault) {
    return app.target.step.strategy;
  }
  return app.target.spec == nullptr ? ReloadStrategy::kStopFirst
                                    : EffectiveStrategy(*app.target.spec);
}

bool AwaitsPort(const ReconcilePass& pass, int index, const Slot& slot) {
  const AppState& app = pass.app();
  const bool never_ran = slot.workers.empty() && slot.counted.empty();
  if (!never_ran || !app.step.active() || !NeedsStep(pass, index, slot) ||
      StepStrategy(app) != ReloadStrategy::kStopFirst ||
      app.target.spec == nullptr ||
      EffectiveStrategy(*app.target.spec) != ReloadStrategy::kSurge) {
    return false;
  }
  const AppSpec* before = pass.Spec(slot.generation);
  return before != nullptr &&
         EffectiveStrategy(*before) == ReloadStrategy::kStopFirst;
}

}  // namespace fleet::agent
