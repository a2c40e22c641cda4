// What a host does for a rollout, and what it says of it.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_
#define FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/failure_kind.h"

namespace fleet::controller {

// fleet/v1/app.proto says what each of these means.
enum class StepReportPhase { kNone, kApplying, kVerifying, kDone, kFailed };

// An agent's account of the generation it accepted last. kNone: it has not
// said anything of this app.
struct StepReport {
  int64_t generation = 0;
  // Of the target it accepted.
  int64_t revision = 0;
  StepReportPhase phase = StepReportPhase::kNone;
  int slots_done = 0;
  int slots_total = 0;
  int slot = -1;
  int flaps = 0;
  FailureKind failure = FailureKind::kNone;
  std::string reason;
  // At most 20 lines are kept.
  std::vector<std::string> stderr_tail;

  bool operator==(const StepReport&) const = default;
};

// PENDING → ADMITTED → APPLYING → VERIFYING → DONE
// PENDING → SKIPPED; SKIPPED(unreachable | cordoned) → PENDING when the host is
//     back; it becomes SKIPPED(removed) when the fleet forgets the host
// ADMITTED | APPLYING | VERIFYING | UNKNOWN → any other of these four (as the
//     host says), DONE, FAILED, SKIPPED(removed | ended)
// FAILED → PENDING (retry); FAILED(lost) → DONE when it turns out so
// DONE → FAILED when it gets worse while its wave bakes
// In a rollback, whatever was touched → REVERTING → REVERTED | REVERT_FAILED |
//     SKIPPED(removed | ended); REVERT_FAILED → REVERTING (retry);
//     REVERT_FAILED(lost) → REVERTED when it turns out so
// Otherwise DONE, REVERTED and SKIPPED(removed | ended) stay.
enum class HostStepPhase {
  kPending,
  kAdmitted,
  kApplying,
  kVerifying,
  kDone,
  kFailed,
  kUnknown,
  kSkipped,
  kReverting,
  kReverted,
  kRevertFailed,
};

enum class SkipReason {
  kNone,
  // Not connected when its turn came; nothing was sent to it.
  kUnreachable,
  // Forgotten by the fleet.
  kRemoved,
  // The rollout ended before the host did.
  kEnded,
  // Cordoned when its turn came; nothing was sent to it.
  kCordoned,
};

// One host's part of a rollout.
struct HostStep {
  // Fixed when the rollout is made. The zone is empty where the policy names
  // no label, or the host has none.
  std::string host;
  std::string zone;
  // From 0. It may get into an earlier one in place of a host that is skipped.
  int wave = 0;

  HostStepPhase phase = HostStepPhase::kPending;
  SkipReason skip = SkipReason::kNone;
  // A target of this rollout was made for it; a rollback brings it back.
  bool touched = false;
  // It has failed because it was out of reach for too long, not by its own
  // account.
  bool lost = false;
  // DONE in a wave that bakes, or REVERTING: not connected since `unknown_at`.
  bool away = false;
  // For a person. Empty when there is nothing to say.
  std::string reason;
  int attempt = 1;
  // What the host is brought to.
  int64_t generation = 0;
  // Calendar times; InfinitePast: not yet.
  absl::Time admit_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();
  // Points on the rollout's own clock (RolloutState::clock) at which it was
  // admitted (for either direction) and was last lost from sight.
  absl::Duration admitted_at;
  absl::Duration unknown_at;
  // What the host last said of this step. Rebuilt from reports; kept in the
  // store only as of the last change of phase.
  StepReport progress;

  // While its wave bakes. Restarts of its workers when that was first looked at
  // (-1: not yet); and, not stored, since when (a point on the clock) some were
  // not ready (InfiniteDuration: all are).
  int64_t restarts_before = -1;
  absl::Duration unready_at = absl::InfiniteDuration();
};

// It holds one of the rollout's max_parallel slots: ADMITTED, APPLYING,
// VERIFYING, UNKNOWN or REVERTING.
bool InFlight(HostStepPhase phase);
// Nothing more is expected of it (a retry, a return or a rollback may change
// that).
bool Ended(HostStepPhase phase);
// FLEET_CHECK'ed on every change.
bool LegalTransition(HostStepPhase from, HostStepPhase to);

// "PENDING", "ADMITTED" …
const char* Name(HostStepPhase phase);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_
