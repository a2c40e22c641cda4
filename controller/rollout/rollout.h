// A rollout as the engine sees it: plain values. planner.h says what happens by
// itself, commands.h what people ask for.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_
#define FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/host_step.h"
#include "controller/rollout/rollout_clock.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

enum class RolloutKind { kReload, kRestart, kDeploy };

// QUEUED → ROLLING | ABORTED | SUPERSEDED
// ROLLING → SUCCEEDED | ABORTED | SUPERSEDED
// Terminal phases absorb.
enum class RolloutPhase {
  kQueued,
  kRolling,
  kSucceeded,
  kAborted,
  kSuperseded,
};

bool Terminal(RolloutPhase phase);
bool LegalTransition(RolloutPhase from, RolloutPhase to);
const char* Name(RolloutPhase phase);
const char* Name(RolloutKind kind);

enum class HoldKind { kUser, kFailure };

// Why no host is admitted now.
struct Hold {
  HoldKind kind = HoldKind::kUser;
  std::string reason;
  absl::Time since;  // Calendar time.

  bool operator==(const Hold&) const = default;
};

// How workers are brought to a generation on a host.
struct StepPolicy {
  ReloadStrategy strategy = ReloadStrategy::kDefault;
  absl::Duration min_ready_time = absl::Seconds(3);
  absl::Duration ready_deadline = absl::Seconds(60);
  int max_flaps = 2;

  bool operator==(const StepPolicy&) const = default;
};

// As resolved when the rollout was made: percentages are counts of its hosts.
struct Policy {
  int max_parallel = 1;
  int max_failures = 0;
  OnFailure on_failure = OnFailure::kPause;
  absl::Duration progress_deadline = absl::Minutes(10);
  absl::Duration unknown_grace = absl::Minutes(2);
  StepPolicy step;
  // Per slot, beside min_ready_time and ready_deadline: the app's
  // kill_timeout. Part of the host's deadline.
  absl::Duration stop_time = absl::Seconds(30);
};

// The part of a rollout that changes, beside its steps.
struct RolloutState {
  RolloutPhase phase = RolloutPhase::kQueued;
  // At most one of each kind.
  std::vector<Hold> holds;
  // Ends as ABORTED once no step is in flight; admits nobody.
  bool aborting = false;
  std::string abort_reason;
  // For a person: how it ended, or what it waits for. Empty: nothing special.
  std::string message;
  // The newest generation it gave out; a retry raises it.
  int64_t generation = 0;
  // Only rises.
  int failures = 0;
  // Failures up to the last retry or resume; the limit does not count them.
  int forgiven = 0;
  // Counts unpaused time. Every deadline is a point on it.
  RolloutClock clock;
  absl::Duration progress_at;
  int64_t last_seq = 0;
  absl::Time end_time = absl::InfinitePast();  // Calendar time.
};

struct Rollout {
  // Fixed when it is made.
  std::string uid;
  std::string app;
  std::string app_uid;
  RolloutKind kind = RolloutKind::kReload;
  int64_t from_revision = 0;
  int64_t to_revision = 0;
  Policy policy;
  absl::Time create_time;  // Calendar time.
  std::string actor;
  std::string request_id;

  RolloutState state;
  // Frozen set and order: the order in which hosts are admitted.
  std::vector<HostStep> steps;
};

// Something that happened. `seq` starts at 1 and has no gaps.
struct RolloutEvent {
  int64_t seq = 0;
  absl::Time time;   // Calendar time.
  std::string host;  // Empty: about the rollout as a whole.
  HostStepPhase host_phase = HostStepPhase::kPending;
  RolloutPhase phase = RolloutPhase::kQueued;
  std::string message;
  std::string actor;  // Empty: the engine itself.
};

// Steps by phase.
struct StepCounts {
  int pending = 0;
  int in_flight = 0;
  int done = 0;
  int failed = 0;
  int skipped = 0;

  void Add(HostStepPhase phase, int n);
};
StepCounts Count(const std::vector<HostStep>& steps);

bool HasHold(const RolloutState& state, HoldKind kind);

// What is left until the progress deadline.
absl::Duration ProgressRemaining(const Rollout& rollout, absl::Time now);

// Changes with every event: send it back to change only what you have seen.
std::string Etag(const Rollout& rollout);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_
