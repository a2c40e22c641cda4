// An app's state after a restart of the agent.
#ifndef FLEET_NODE_AGENT_APP_RESTORE_H_
#define FLEET_NODE_AGENT_APP_RESTORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/app_state.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// What the journal has of an app.
struct SavedApp {
  // Accepted targets whose generation may still be in use; the newest last.
  // Not empty.
  std::vector<AppTarget> targets;
  // Generation of each slot, as last saved.
  std::map<int, int64_t> slots;
  // What slots have been through in this boot (slot_run.h).
  std::map<int, std::string> runs;
  // The last step that ended.
  std::optional<StepState> result;
  // As they were begun and, as far as it is known, ended.
  std::vector<HookRecord> hooks;
  std::vector<AppEvent> events;
};

// The state to go on from: a step whose result was saved is not done again, any
// other goes on. Pure.
AppState RestoreApp(const SavedApp& saved);

// The generation of a worker that an earlier agent started: the one it was
// started for, or a later one that has kept it (StepPolicy.keep_matching).
// Pure.
int64_t GenerationOf(const AppState& app, const WorkerIdentity& worker);

// A worker that lived on while no agent did. After RestoreApp; or on an empty
// state when nothing is known of its app, which is then left alone until a
// target comes. `started_at` is steady. Pure.
void AdoptWorker(AppState& app, const AdoptedWorker& worker,
                 absl::Time started_at, absl::Time now);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_RESTORE_H_
