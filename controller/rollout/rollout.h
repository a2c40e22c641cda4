// A rollout as the engine sees it: plain values. planner.h says what happens by
// itself, commands.h what people ask for.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_
#define FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "controller/rollout/gate.h"
#include "controller/rollout/hook_run.h"
#include "controller/rollout/host_step.h"
#include "controller/rollout/policy.h"
#include "controller/rollout/rollout_clock.h"

namespace fleet::controller {

enum class RolloutKind { kReload, kRestart, kDeploy, kRollback };

// QUEUED → ROLLING | terminal but SUCCEEDED
// ROLLING → BAKING → ROLLING
// QUEUED | ROLLING | BAKING → ROLLING_BACK → ROLLED_BACK | ROLLBACK_FAILED
// ROLLING → SUCCEEDED
// any of these → ABORTED | SUPERSEDED
// Terminal phases absorb.
enum class RolloutPhase {
  kQueued,
  kRolling,
  kSucceeded,
  kAborted,
  kSuperseded,
  kBaking,
  kRollingBack,
  kRolledBack,
  kRollbackFailed,
};

bool Terminal(RolloutPhase phase);
bool LegalTransition(RolloutPhase from, RolloutPhase to);
const char* Name(RolloutPhase phase);
const char* Name(RolloutKind kind);

enum class HoldKind {
  kUser,
  kFailure,
  kManualGate,
  kBudget,
  kMetric,
  kLeaderless,
};
// "USER", "FAILURE" …
const char* Name(HoldKind kind);

// Why no host is admitted now.
struct Hold {
  HoldKind kind = HoldKind::kUser;
  std::string reason;
  absl::Time since;  // Calendar time.

  bool operator==(const Hold&) const = default;
};

// The part of a rollout that changes, beside its steps.
struct RolloutState {
  RolloutPhase phase = RolloutPhase::kQueued;
  // At most one of each kind.
  std::vector<Hold> holds;
  // Ends as ABORTED once no step is in flight; admits nobody.
  bool aborting = false;
  // Why it aborts or rolls back, and whether that is on_failure's doing.
  std::string end_reason;
  bool failed = false;
  // For a person: how it ended, or what it waits for. Empty: nothing special.
  std::string message;
  // The newest generation it gave out; a retry or a rollback raises it.
  int64_t generation = 0;

  // The wave whose hosts are admitted now, all before it included.
  int wave = 0;
  // With every host of it that is DONE it has passed its bake time and the
  // metric gates.
  bool baked = false;
  // A person has let the second wave start.
  bool promoted = false;
  // Of a wave that bakes: a host got worse. Empty: none has.
  std::string bake_failure;
  // Of Policy::gates; empty until a wave bakes.
  std::vector<GateState> gates;
  HookRun pre_rollout;
  HookRun post_rollout;

  // Only rises.
  int failures = 0;
  // Failures up to the last retry or resume; the limit does not count them.
  int forgiven = 0;
  // Likewise a wave of which no host got through (-1: none), and hosts that
  // are not connected.
  int forgiven_wave = -1;
  bool skip_any = false;

  // Counts unpaused time. Every deadline is a point on it.
  RolloutClock clock;
  absl::Duration progress_at;
  absl::Duration total_at;
  absl::Duration bake_until;
  // Once it has SUCCEEDED: what a host took, the median.
  absl::Duration step_time;
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
  // Where a rollback leads: a proven revision. 0: there is none.
  int64_t rollback_revision = 0;
  Policy policy;
  absl::Time create_time;  // Calendar time.
  std::string actor;
  std::string request_id;
  // Of the controller that made it.
  int64_t epoch = 0;
  // What a host is expected to take, by the app's past rollouts; ZeroDuration:
  // there were none.
  absl::Duration step_estimate;

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
  int64_t epoch = 0;  // Set by the driver.
};

// Steps by phase.
struct StepCounts {
  int pending = 0;
  int in_flight = 0;
  int done = 0;
  int failed = 0;
  int skipped = 0;
  int reverted = 0;
  int revert_failed = 0;

  void Add(HostStepPhase phase, int n);
};
StepCounts Count(const std::vector<HostStep>& steps);

bool HasHold(const RolloutState& state, HoldKind kind);
// Its clock stands: a hold is there other than BUDGET, which lasts no longer
// than the deadlines let it.
bool ClockStands(const RolloutState& state);

// What is left until the deadlines and of the bake time, at least 0.
absl::Duration ProgressRemaining(const Rollout& rollout, absl::Time now);
absl::Duration TotalRemaining(const Rollout& rollout, absl::Time now);
absl::Duration BakeRemaining(const Rollout& rollout, absl::Time now);

// It may go back to a proven revision. A rollback is never rolled back.
bool CanRollBack(const Rollout& rollout);

// Changes with every event: send it back to change only what you have seen.
std::string Etag(const Rollout& rollout);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROLLOUT_H_
