// A step that starts the new worker of a slot before it stops the old one.
#ifndef FLEET_NODE_AGENT_SURGE_STEP_H_
#define FLEET_NODE_AGENT_SURGE_STEP_H_

#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// Moves slots whose replacement is available to the target's generation (their
// old worker is then a stray, which Reconcile stops), and starts the next
// replacements. app_reconciler.h says in which order. Pure.
void AdvanceSurge(ReconcilePass& pass);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SURGE_STEP_H_
