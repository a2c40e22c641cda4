// How far the active step is, and whether it has ended.
#ifndef FLEET_NODE_AGENT_STEP_PROGRESS_H_
#define FLEET_NODE_AGENT_STEP_PROGRESS_H_

#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// For the reconciler; all pure.

// Brings `available` of each worker and `down_since` of each slot up to date.
void UpdateAvailability(ReconcilePass& pass);
// Deadlines do not run while the app is held.
void HoldDeadlines(AppState& app);

// Fails the step when a worker of it, or a slot it has moved already, is not
// ready within the step's ready_deadline.
void FailOverdueStep(ReconcilePass& pass);

// kApplying, kVerifying or kDone, and what it waits for.
void ConcludeStep(ReconcilePass& pass);

// A stopped app has nothing to bring to a generation: its slots take it, and
// the step is done.
void ConcludeStopped(ReconcilePass& pass);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STEP_PROGRESS_H_
