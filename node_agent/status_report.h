// An app's state as the controller is told it.
#ifndef FLEET_NODE_AGENT_STATUS_REPORT_H_
#define FLEET_NODE_AGENT_STATUS_REPORT_H_

#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "fleet/v1/app.pb.h"
#include "node_agent/app_state.h"
#include "node_agent/worker_runtime.h"

namespace fleet::agent {

// Steady and calendar time of one moment.
struct ReportTime {
  absl::Time steady;
  absl::Time wall;
};

// Newest sample of each worker.
using WorkerSamples = std::unordered_map<WorkerId, WorkerSample>;

// An instance for each process that serves or is still ending, and one for each
// slot that has none. Pure.
v1::AppStatus MakeAppStatus(const AppState& app, const WorkerSamples& samples,
                            ReportTime now);

void FillLogs(const LogCounters& logs, v1::LogCounters& proto);

// With slots_done and slots_total left unset.
v1::Step ToProto(const StepState& step);
StepState FromProto(const v1::Step& step);

v1::AppEvent ToProto(const AppEvent& event, ReportTime now);
AppEvent FromProto(const v1::AppEvent& event, ReportTime now);

v1::HookResult ToProto(const HookRecord& hook);
HookRecord FromProto(const v1::HookResult& hook);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STATUS_REPORT_H_
