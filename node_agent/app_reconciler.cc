#include "node_agent/app_reconciler.h"

#include <utility>

#include "node_agent/app_events.h"
#include "node_agent/hook_step.h"
#include "node_agent/reconcile_pass.h"
#include "node_agent/renewal.h"
#include "node_agent/slot_keeper.h"
#include "node_agent/step_progress.h"
#include "node_agent/stop_first_step.h"
#include "node_agent/surge_step.h"

namespace fleet::agent {
namespace {

void AdvanceStep(ReconcilePass& pass) {
  if (StepStrategy(pass.app()) == ReloadStrategy::kSurge) {
    AdvanceSurge(pass);
  } else {
    AdvanceStopFirst(pass);
  }
}

void Run(ReconcilePass& pass) {
  AppState& app = pass.app();
  ScaleSlots(pass);
  StopOrderedSlots(pass);
  StopCondemned(pass);
  bool held = IsHeld(app);
  if (held || app.was_held) HoldDeadlines(app);
  app.was_held = held;
  UpdateAvailability(pass);
  const bool waits = AwaitsPreReload(app);
  if (app.step.active() && !held && waits) AdvancePreReload(pass);
  if (app.step.active() && !held && !waits) FailOverdueStep(pass);
  if (app.step.active() && !held && !waits) AdvanceStep(pass);
  NoteRenewed(pass);
  StopStrays(pass);
  KeepSlotsRunning(pass);
  if (app.step.active() && (held || !waits)) ConcludeStep(pass);
  RenewWorkers(pass);
}

void Stop(ReconcilePass& pass) {
  AppState& app = pass.app();
  bool comes_back =
      !app.target.removed && !app.shutting_down && app.target.generation > 0;
  if (comes_back) ScaleSlots(pass);
  StopEverything(pass);
  if (!app.slot_of_worker.empty()) return;
  if (comes_back && app.step.active()) {
    // So that what is started later is what was deployed.
    if (AwaitsPreReload(app)) {
      AdvancePreReload(pass);
    } else {
      ConcludeStopped(pass);
    }
  }
  pass.plan().forget = app.target.removed && !app.shutting_down;
}

}  // namespace

Plan Reconcile(AppState& app, absl::Time now, WorkerIdSource& ids) {
  ReconcilePass pass(app, now, ids);
  AdvanceOnceHook(pass);
  if (app.wants_workers()) {
    // Without a target there is nothing to decide.
    if (app.target.generation > 0) Run(pass);
  } else {
    Stop(pass);
  }
  KillOverdue(pass);
  Plan plan = std::move(pass.plan());
  plan.step_ended = std::exchange(app.step_ended, false);
  plan.slots_moved = std::exchange(app.slots_moved, false);
  ForgetUnusedGenerations(app);
  return plan;
}

}  // namespace fleet::agent
