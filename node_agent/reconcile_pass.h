// One look at an app: the vocabulary in which the reconciler's parts read the
// state and add to the plan.
#ifndef FLEET_NODE_AGENT_RECONCILE_PASS_H_
#define FLEET_NODE_AGENT_RECONCILE_PASS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/reconcile_plan.h"

namespace fleet::agent {

// Used by the reconciler's own files, on the stack of one Reconcile call. The
// orders it notes down it also records in the state as given.
class ReconcilePass {
 public:
  ReconcilePass(AppState& app, absl::Time now, WorkerIdSource& ids)
      : app_(app), now_(now), ids_(ids) {}

  AppState& app() { return app_; }
  const AppState& app() const { return app_; }
  absl::Time now() const { return now_; }
  Plan& plan() { return plan_; }
  int64_t target_generation() const { return app_.target.generation; }

  // The slot's live worker of `generation`, or nullptr. The newest one: an
  // older one beside it had been told to end by an agent that is no more.
  static Worker* LiveWorker(Slot& slot, int64_t generation);
  // The spec of `generation`; nullptr when it is not known.
  const AppSpec* Spec(int64_t generation) const;

  void Start(int slot, int64_t generation);
  void BeginStop(Worker& worker);
  void Kill(Worker& worker);
  // The plan's wake-up is not later than `when`.
  void WakeAt(absl::Time when);

 private:
  void PrepareSockets(int64_t generation);

  AppState& app_;
  const absl::Time now_;
  WorkerIdSource& ids_;
  Plan plan_;
  // Whose sockets this plan has prepared already; 0: none.
  int64_t prepared_ = 0;
};

// The app waits for another one (AppState::held_by): neither its first start
// nor the step in hand has begun.
bool IsHeld(const AppState& app);

// A slot that stays, is not stopped by itself, and is not at the target's
// generation yet.
bool NeedsStep(const ReconcilePass& pass, int index, const Slot& slot);

// The slot runs the target's generation from now on.
void MoveSlot(AppState& app, Slot& slot);

// The strategy of the step in hand.
ReloadStrategy StepStrategy(const AppState& app);

// A slot that has never run, in a step from stop-first to surge (exec_mode
// fork, then cluster): a worker of before may own the port that the new ones
// share, so none is added, and the slot goes last.
bool AwaitsPort(const ReconcilePass& pass, int index, const Slot& slot);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RECONCILE_PASS_H_
