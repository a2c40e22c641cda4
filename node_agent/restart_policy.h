// Whether and when a worker that ended by itself is started again.
#ifndef FLEET_NODE_AGENT_RESTART_POLICY_H_
#define FLEET_NODE_AGENT_RESTART_POLICY_H_

#include <cstdint>

#include "absl/time/time.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// What is remembered of a slot's restarts.
struct RestartRecord {
  // In a row.
  int unstable_exits = 0;
  // The last wait of the exp_backoff_restart_delay series; zero: none yet.
  absl::Duration series_delay;
  // Since the app was started; for people.
  int64_t restarts = 0;
};

enum class RestartVerdict { kRestart, kCrashLoop, kExited };

struct RestartDecision {
  RestartVerdict verdict = RestartVerdict::kRestart;
  absl::Duration delay;
};

// An end as the spec means it to be: a code of stop_exit_codes, or 0 where
// nothing is restarted anyway.
bool IsIntendedEnd(const RestartPolicy& policy, const WorkerExit& exit);

// Pure but for `record`, which it brings up to date. `never_ready`: it was
// killed for that; counts as unstable whatever its uptime.
//
// The wait is that of exp_backoff_restart_delay where set (×1.5 up to 15 s,
// anew after 30 s of uptime), else restart_delay where set, else for unstable
// exits 0, 100 ms, 200 ms … up to 15 s and otherwise none. An uptime below
// 100 ms is unstable whatever the spec says, so that nothing spins.
RestartDecision DecideRestart(const RestartPolicy& policy,
                              const WorkerExit& exit, absl::Duration uptime,
                              bool never_ready, RestartRecord& record);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_RESTART_POLICY_H_
