// The agent's decisions about one app: which workers to start and stop, and
// when. AppSupervisor feeds it events (app_events.h) and carries out what it
// plans.
#ifndef FLEET_NODE_AGENT_APP_RECONCILER_H_
#define FLEET_NODE_AGENT_APP_RECONCILER_H_

#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/reconcile_plan.h"

namespace fleet::agent {

// Brings the app a step nearer to its target. Pure: no clock, no I/O, no
// threads; the same state, time and ids give the same plan, and what is ordered
// is recorded in the state. Calling it again without an event and before the
// wake-up gives an empty plan.
//
// Surge: slot by slot a new worker starts beside the old one, which is stopped
// once the new one is available. The first slot goes alone; after it, a slot
// starts as soon as the one before is ready, so that soaks overlap. There are
// never more than kMaxExtraWorkers processes beyond the target's instances on
// account of a step.
// Stop-first: slot by slot the old worker ends completely, then the new one
// starts and gets available.
// With keep_matching, slots that run the target's revision already are at its
// generation at once.
// Hooks (hook_step.h): before pre_reload has ended well nothing of the step
// happens and what runs is kept up; with everything else done, post_reload is
// the last thing.
// Nothing to lose (a first start, or no worker lives and none is about to be
// restarted): all slots at once, and what fails goes on being restarted.
Plan Reconcile(AppState& app, absl::Time now, WorkerIdSource& ids);

inline constexpr int kMaxExtraWorkers = 16;

// Slots of the target's generation that are available (or have ended as
// meant), and those that people have stopped.
int SlotsDone(const AppState& app);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_RECONCILER_H_
