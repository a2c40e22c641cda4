// AgentState: how it goes on from what an agent before it had on disk.
#include <utility>
#include <vector>

#include "node_agent/agent_state.h"
#include "node_agent/app_restore.h"
#include "node_agent/status_report.h"
#include "node_agent/target_proto.h"

namespace fleet::agent {
namespace {

SavedApp ToSaved(const JournaledApp& app, int cores, const SealingKey* key,
                 ReportTime now) {
  SavedApp saved;
  for (const auto& [generation, target] : app.targets) {
    saved.targets.push_back(FromProto(target, cores, key));
  }
  saved.slots = app.slots;
  saved.runs = app.runs;
  if (app.result) saved.result = FromProto(*app.result);
  for (const v1::HookResult& hook : app.hooks) {
    saved.hooks.push_back(FromProto(hook));
  }
  for (const v1::AppEvent& event : app.events) {
    saved.events.push_back(FromProto(event, now));
  }
  return saved;
}

}  // namespace

void AgentState::RestoreApps() {
  const ReportTime now{loop_.clock().Now(), loop_.clock().WallNow()};
  for (const auto& [uid, app] : journal_.contents().apps) {
    Supervisor(uid, RestoreApp(ToSaved(app, cores_, secret_key_, now)));
  }
}

// What cannot be saved is tried again with what happens next.
bool AgentState::SaveEvents(const AppSupervisor& supervisor) {
  const AppState& app = supervisor.state();
  if (app.target.generation == 0) return true;
  const ReportTime now{loop_.clock().Now(), loop_.clock().WallNow()};
  std::vector<v1::AppEvent> events;
  events.reserve(app.events.size());
  for (const AppEvent& event : app.events) {
    events.push_back(ToProto(event, now));
  }
  return journal_.SaveEvents(app.target.app_uid, events).ok();
}

}  // namespace fleet::agent
