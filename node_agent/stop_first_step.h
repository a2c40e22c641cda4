// A step that ends the old worker of a slot before it starts the new one.
#ifndef FLEET_NODE_AGENT_STOP_FIRST_STEP_H_
#define FLEET_NODE_AGENT_STOP_FIRST_STEP_H_

#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// Works on one slot that is not at the target's generation, and on no other
// until that one is available; slots in which nothing serves go first. Pure.
void AdvanceStopFirst(ReconcilePass& pass);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STOP_FIRST_STEP_H_
