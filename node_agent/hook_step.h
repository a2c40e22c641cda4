// Which hook of an app is to run, and what a step waits for on that account.
#ifndef FLEET_NODE_AGENT_HOOK_STEP_H_
#define FLEET_NODE_AGENT_HOOK_STEP_H_

#include <string>

#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// All pure. One hook of an app runs at a time: what was begun is seen to its
// end (or its timeout), also when its step has been overtaken, since two deploy
// scripts in one folder would spoil each other's work.

// The order with this id, as the target has it; its id is empty: it is no
// longer wanted.
HookOrder FindHookOrder(const AppState& app, const std::string& id);
// nullptr: it has not been begun.
const HookRecord* FindHook(const AppState& app, const std::string& id);

// Nothing may be done for the target's generation yet: its pre_reload has not
// ended well.
bool AwaitsPreReload(const AppState& app);

// Orders the hook that runs once per rollout.
void AdvanceOnceHook(ReconcilePass& pass);
// Orders pre_reload; fails the step when it has failed. For an active step.
void AdvancePreReload(ReconcilePass& pass);
// Everything else of the step is done: true when post_reload is, too. Orders
// it, or fails the step.
bool PassPostReload(ReconcilePass& pass);
// True: post_reload had failed, and so has the step now.
bool FailByPostReload(AppState& app);

// It has ended. A generation whose pre_reload has ended well begins.
void HookEnded(AppState& app, const std::string& id, HookEnd end,
               absl::Time wall);
// Records that neither the target has, nor are running, are forgotten.
void ForgetUnusedHooks(AppState& app);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOOK_STEP_H_
