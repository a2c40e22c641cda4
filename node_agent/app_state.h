// One app on this host, as the agent's deciding code sees it: what is wanted,
// what runs, and how far the two are apart. Plain values without behaviour;
// app_reconciler.h changes them.
#ifndef FLEET_NODE_AGENT_APP_STATE_H_
#define FLEET_NODE_AGENT_APP_STATE_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/restart_policy.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// All times are steady ones (fleet::Clock::Now) unless they say otherwise.

struct StepPolicy {
  ReloadStrategy strategy = ReloadStrategy::kDefault;
  absl::Duration min_ready_time = absl::Seconds(3);
  absl::Duration ready_deadline = absl::Seconds(60);
  int max_flaps = 2;
};

// What the controller wants. fleet/v1/agent_service.proto says what each field
// means; `instances` is resolved to a count.
struct AppTarget {
  std::string app;
  std::string app_uid;
  int64_t serial = 0;
  int64_t generation = 0;  // 0: no target has been accepted yet.
  int64_t revision = 0;
  std::shared_ptr<const AppSpec> spec;
  bool stopped = false;
  bool removed = false;
  int instances = 1;
  StepPolicy step;
  int64_t start_nonce = 0;
  // Why the spec cannot be carried out here; empty: it can.
  std::string spec_error;
};

// What the workers of one generation are started from.
struct Generation {
  int64_t revision = 0;
  std::shared_ptr<const AppSpec> spec;
};

enum class FailureKind {
  kNone,
  kStart,
  kExit,
  kReadyTimeout,
  kFlapping,
  kListen,
  kSpec,
};

// kNone → kApplying ⇄ kVerifying → kDone | kFailed. The last two stay until
// the next generation.
enum class StepPhase { kNone, kApplying, kVerifying, kDone, kFailed };

// How far the newest generation has come.
struct StepState {
  int64_t generation = 0;
  StepPhase phase = StepPhase::kNone;
  FailureKind failure = FailureKind::kNone;
  std::string reason;
  std::vector<std::string> stderr_tail;
  int slot = -1;  // In hand; -1: none.
  int flaps = 0;

  bool active() const {
    return phase == StepPhase::kApplying || phase == StepPhase::kVerifying;
  }
  bool operator==(const StepState&) const = default;
};

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
  bool exited = false;           // The main process has ended.
  absl::Time stop_since;         // When `stopping` or `exited`.

  std::string detail;       // What its readiness gate waits for.
  std::string status_text;  // Its last sd_notify STATUS=.

  // It serves, or is on its way to.
  bool live() const { return !stopping && !exited; }
};

// kRunning ⇄ kBackoff → kCrashLoop | kExited; back to kRunning by a new
// generation, a risen start nonce, or a stop.
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
  FailureKind last_failure = FailureKind::kNone;
  std::vector<std::string> last_stderr;
  // All of its processes: the one that serves, its replacement, and those that
  // are on their way out.
  std::map<WorkerId, Worker> workers;
};

// Slots are bounded by the target's instances (and what of a larger count is
// still ending), workers by twice that, generations by those that the target,
// slots and workers have.
struct AppState {
  AppTarget target;
  StepState step;
  std::map<int64_t, Generation> generations;
  std::map<int, Slot> slots;
  std::unordered_map<WorkerId, int> slot_of_worker;
  // The host is being shut down: as if stopped, but nothing of it is kept.
  bool shutting_down = false;
  // Its sockets are closed.
  bool released = true;
  // Changed since the last plan, which passes it on.
  bool step_ended = false;
  bool slots_moved = false;

  bool wants_workers() const {
    return !target.stopped && !target.removed && !shutting_down;
  }
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_STATE_H_
