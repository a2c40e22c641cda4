// The number of slots, and a worker in each of them.
#ifndef FLEET_NODE_AGENT_SLOT_KEEPER_H_
#define FLEET_NODE_AGENT_SLOT_KEEPER_H_

#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// For the reconciler; all pure.

// As many slots as the target has instances. Those beyond it are emptied
// (highest first in the plan), then released.
void ScaleSlots(ReconcilePass& pass);

// Ends the workers of instances that people have stopped.
void StopOrderedSlots(ReconcilePass& pass);

// Stops workers that were found unhealthy.
void StopCondemned(ReconcilePass& pass);

// Stops workers that are neither what their slot runs, nor its replacement, nor
// what serves until a renewal has come through.
void StopStrays(ReconcilePass& pass);

// Starts the worker of each slot that has none and is due; kills those that
// never get ready, which then count as crashed.
void KeepSlotsRunning(ReconcilePass& pass);

// SIGKILL for what has not ended within its kill_timeout.
void KillOverdue(ReconcilePass& pass);

// Stops all, and lets go of the app's sockets when nothing is left.
void StopEverything(ReconcilePass& pass);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SLOT_KEEPER_H_
