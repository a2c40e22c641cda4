// The workers of one app as the agent's deciding code sees them: each process,
// and the place of each instance. Plain values; app_reconciler.h changes them.
#ifndef FLEET_NODE_AGENT_SLOT_STATE_H_
#define FLEET_NODE_AGENT_SLOT_STATE_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/restart_policy.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/failure_kind.h"

namespace fleet::agent {

// All times are steady ones (fleet::Clock::Now) unless they say otherwise.

// Why a worker is replaced by one of its own generation.
// kAdopted: it was being replaced when an earlier agent died.
// kUser: somebody has ordered it for this instance.
enum class RenewalCause { kNone, kMemory, kCron, kWatch, kAdopted, kUser };

// One process, from the order to start it until nothing of its tree is left.
struct Worker {
  WorkerId id = 0;
  int slot = 0;
  int64_t generation = 0;
  pid_t pid = 0;  // 0: not known to have started.
  absl::Time started_at;
  absl::Time start_time;  // Calendar time, for people; set by the caller.

  bool ready = false;
  // Ready without a break for min_ready_time, as of the last pass.
  bool available = false;
  bool was_ready = false;
  bool was_available = false;
  absl::Time ready_since;    // When `ready`.
  absl::Time unready_since;  // When not: its start, or when it ceased to be.

  bool stopping = false;  // Told to end, or killed.
  bool killed = false;
  bool ready_timed_out = false;  // Killed because it never got ready.
  bool condemned = false;        // Unhealthy: told to end in the next pass.
  bool exited = false;           // The main process has ended.
  absl::Time stop_since;         // When `stopping` or `exited`.

  // Another takes its place (renewal.h), for this reason.
  RenewalCause renewal = RenewalCause::kNone;
  std::string renewal_reason;
  // It ends before its successor starts, also where the app surges.
  bool renewal_stops_first = false;
  // It asked for more time to get ready or to end (EXTEND_TIMEOUT_USEC).
  absl::Time extended_until = absl::InfinitePast();

  std::string detail;       // What its readiness gate waits for.
  std::string status_text;  // Its last sd_notify STATUS=.

  // It serves, or is on its way to.
  bool live() const { return !stopping && !exited; }
};

// kRunning ⇄ kBackoff → kCrashLoop | kExited; back to kRunning by a new
// generation, a risen start nonce, or a stop. The numbers are written to disk
// (slot_run.h): add at the end only.
enum class SlotPhase { kRunning, kBackoff, kCrashLoop, kExited };

// The place of one instance.
struct Slot {
  // What it runs, and is started with again after a crash. A step moves it on
  // when the new worker is available.
  int64_t generation = 0;
  SlotPhase phase = SlotPhase::kRunning;
  // A step is at work here: no restarts of the old generation.
  bool replacing = false;
  RestartRecord restart;
  absl::Time next_start = absl::InfinitePast();
  // Since when no worker of `generation` has been ready; InfiniteFuture: one
  // is.
  absl::Time down_since = absl::InfiniteFuture();
  // How its last worker ended by itself; `last_failure` is kNone if that was
  // meant to be so, or one has been ready since.
  std::string last_exit;
  std::optional<int> last_exit_code;
  absl::Duration last_uptime;
  FailureKind last_failure = FailureKind::kNone;
  std::vector<std::string> last_stderr;
  // Workers whose end is in all of this; the newest last. A later agent, which
  // may be told of such an end once more, does not count it again.
  static constexpr size_t kMaxCounted = 4;
  std::vector<WorkerId> counted;
  // Workers in a row that were soon over max_memory_restart, and when the next
  // one may be replaced for that.
  int soon_over_memory = 0;
  absl::Time next_memory_renewal = absl::InfinitePast();
  // All of its processes: the one that serves, its replacement, and those that
  // are on their way out.
  std::map<WorkerId, Worker> workers;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SLOT_STATE_H_
