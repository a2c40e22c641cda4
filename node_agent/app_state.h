// One app on this host, as the agent's deciding code sees it: what is wanted,
// what runs, and how far the two are apart. Plain values without behaviour;
// app_reconciler.h changes them.
#ifndef FLEET_NODE_AGENT_APP_STATE_H_
#define FLEET_NODE_AGENT_APP_STATE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/hook_state.h"
#include "node_agent/slot_state.h"
#include "node_agent/worker_runtime.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// All times are steady ones (fleet::Clock::Now) unless they say otherwise.

struct StepPolicy {
  ReloadStrategy strategy = ReloadStrategy::kDefault;
  absl::Duration min_ready_time = absl::Seconds(3);
  absl::Duration ready_deadline = absl::Seconds(60);
  int max_flaps = 2;
  bool keep_matching = false;
  Hook pre_reload;
  Hook post_reload;
  std::string rollout;  // Its uid, for hooks; empty: there is none.
};

// What was ordered for one instance (fleet.v1.SlotOrder).
struct SlotOrder {
  bool stopped = false;
  int64_t start_nonce = 0;
};

// What the controller wants. fleet/v1/agent_service.proto says what each field
// means; `instances` is resolved to a count.
struct AppTarget {
  std::string app;
  std::string app_uid;
  int64_t serial = 0;
  // 0: no target has been accepted yet, or one that is but for its once_hook.
  int64_t generation = 0;
  int64_t revision = 0;
  std::shared_ptr<const AppSpec> spec;
  bool stopped = false;
  bool removed = false;
  int instances = 1;
  StepPolicy step;
  int64_t start_nonce = 0;
  HookOrder once_hook;
  std::map<int, SlotOrder> slot_orders;
  // Why the spec cannot be carried out here; empty: it can.
  std::string spec_error;

  // People have stopped this instance.
  bool stops(int slot) const {
    auto order = slot_orders.find(slot);
    return order != slot_orders.end() && order->second.stopped;
  }
};

// What the workers of one generation are started from.
struct Generation {
  int64_t revision = 0;
  std::shared_ptr<const AppSpec> spec;
  // Workers that ran its revision already when it began are of it, too.
  bool keeps_matching = false;
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

// Renewals that are under way (renewal.h).
struct RenewalState {
  // A worker that was started for one has become available.
  bool proven = false;
  // In a row, and when the next may be tried after that.
  int failures = 0;
  absl::Time next = absl::InfinitePast();
};

// Something that happened to an app and should be seen by people.
struct AppEvent {
  enum class Kind { kCrash, kCrashLoop, kUnhealthy, kRenewal, kRenewalFailed };
  Kind kind = Kind::kCrash;
  absl::Time time;
  int slot = -1;  // -1: the app as a whole.
  std::string text;
};

// Slots are bounded by the target's instances (and what of a larger count is
// still ending), workers by twice that, generations by those that the target,
// slots and workers have, events by kMaxEvents, hooks by what the target has
// (three) and one that still runs.
struct AppState {
  static constexpr size_t kMaxEvents = 20;

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
  // The step failed by this worker, which lives: its last words are still to be
  // added. 0: they are there.
  WorkerId step_speaker = 0;
  bool slots_moved = false;
  RenewalState renewal;
  std::vector<HookRecord> hooks;  // In the order in which they were begun.
  // Nothing of it may be started or reloaded for the first time yet, because
  // of this other app ("db: db.0 is starting"); empty: nothing holds it.
  std::string held_by;
  bool was_held = false;  // In the last pass.
  // Something of it has run since it was last stopped.
  bool has_run = false;
  std::deque<AppEvent> events;  // The newest last.
  int64_t events_recorded = 0;

  bool wants_workers() const {
    return !target.stopped && !target.removed && !shutting_down;
  }
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_APP_STATE_H_
