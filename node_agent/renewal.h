// Replaces workers by others of their own generation: when they have grown too
// large, when the calendar says so, when files have changed, when a user says
// so.
#ifndef FLEET_NODE_AGENT_RENEWAL_H_
#define FLEET_NODE_AGENT_RENEWAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/reconcile_pass.h"

namespace fleet::agent {

// Where the app surges, a second worker starts in the slot and the first one
// is stopped once the second is available; it serves on when the second fails,
// and another is tried after 10 s, then 20 s … up to 5 min. Otherwise the
// worker is stopped and started again, one slot at a time.
//
// One slot goes alone; once one has succeeded, others follow as soon as those
// under way are ready. Nothing is renewed while a step is active.
//
// All pure.

// A sample of a worker's resident memory. Over restart.max_memory_bytes it is
// to be renewed. If that happens to worker after worker within 10 minutes of
// its start, the next ones wait 10 s, 20 s … up to 15 min, so that a limit that
// is too low does not restart it for ever.
void NoteMemory(AppState& app, WorkerId id, int64_t rss_bytes, absl::Time now);

// The calendar or changed files: all workers, and slots that have ended or
// given up start anew. Without effect on an app that is stopped.
void RenewAll(AppState& app, RenewalCause cause, const std::string& reason,
              absl::Time now);

// On a user's order: this slot alone, at once, and without another try when the
// new worker fails. A slot that has no worker is started anew. Gives the
// workers that are replaced. FAILED_PRECONDITION: the app or the instance is
// stopped, or a step is at work.
absl::StatusOr<std::vector<WorkerId>> RenewOne(AppState& app, int index,
                                               bool stop_first, absl::Time now);

// `worker` was started in place of another one that still serves.
bool IsSuccessor(const Slot& slot, const Worker& worker);
// It has ended (`how`) before it could take over.
void SuccessorEnded(AppState& app, const Worker& worker, const std::string& how,
                    absl::Time now);
// A step replaces all workers anyway: successors that have not taken over yet
// are told to end.
void CancelRenewals(AppState& app);
// A slot has given up: what was to be renewed by the same cause is left alone.
void AbandonRenewals(AppState& app);

// The reconciler's part: what has come through, before the old workers are
// told to end; and what is next, when all else is decided.
void NoteRenewed(ReconcilePass& pass);
void RenewWorkers(ReconcilePass& pass);
// The worker that serves until its successor is available; nullptr: none.
const Worker* Outgoing(const Slot& slot);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RENEWAL_H_
