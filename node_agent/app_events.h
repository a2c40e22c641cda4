// What happens to an app, taken note of in its state. Reconcile
// (app_reconciler.h) then decides what to do about it.
#ifndef FLEET_NODE_AGENT_APP_EVENTS_H_
#define FLEET_NODE_AGENT_APP_EVENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// All pure. Events of workers that the state does not know are ignored.

// The target's serial and generation are not lower than the present ones.
void AcceptTarget(AppState& app, AppTarget target);
// The target's generation may begin: where there is nothing to lose all slots
// take it at once, and with keep_matching those that run its revision. Called
// when it is accepted, or once its pre_reload has ended well.
void OpenGeneration(AppState& app);
// What workers of the target's generation are started from.
Generation ToGeneration(const AppTarget& target);

// The count of restarts starts anew, of one slot or of all; a crash loop stays
// one. Returns the slots that there were.
int ResetRestarts(AppState& app, std::optional<int> only);

void WorkerStarted(AppState& app, WorkerId id, pid_t pid);
// A replacement whose readiness drops too often fails its step.
void WorkerReadiness(AppState& app, WorkerId id, bool ready,
                     const std::string& detail, absl::Time now);
void WorkerDetail(AppState& app, WorkerId id, const std::string& detail);
void WorkerStatusText(AppState& app, WorkerId id, const std::string& text);
// It lives and does not serve (`why`): it is told to end, and what follows is
// as if it had ended by itself now.
void WorkerUnhealthy(AppState& app, WorkerId id, const std::string& why,
                     std::vector<std::string> stderr_tail, absl::Time now);
// It asks not to be given up for being slow to get ready, or to end, before
// `extension` has passed. At most kMaxExtension.
void WorkerExtends(AppState& app, WorkerId id, absl::Duration extension,
                   absl::Time now);
inline constexpr absl::Duration kMaxExtension = absl::Hours(1);
// `stderr_tail`: its last lines. What was not asked for is restarted by the
// spec's policy, or fails the step.
void WorkerExited(AppState& app, WorkerId id, const WorkerExit& exit,
                  std::vector<std::string> stderr_tail, absl::Time now);
// Nothing of its tree is left.
void WorkerGone(AppState& app, WorkerId id);

// Several crashes of a slot in a row are one event, the newest. The oldest goes
// beyond AppState::kMaxEvents.
void RecordEvent(AppState& app, AppEvent::Kind kind, int slot,
                 const std::string& text, absl::Time now);

// What a slot that has given up says for itself.
std::string CrashLoopText(const Slot& slot);

// nullptr when the state does not know it.
Worker* FindWorker(AppState& app, WorkerId id);

// Forgets generations that nothing refers to. The latest target's stays.
void ForgetUnusedGenerations(AppState& app);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_EVENTS_H_
