// What a host does for a rollout, and what it says of it.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_
#define FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fleet::controller {

// fleet/v1/app.proto says what each of these means.
enum class StepReportPhase { kNone, kApplying, kVerifying, kDone, kFailed };
enum class FailureKind {
  kNone,
  kStart,
  kExit,
  kReadyTimeout,
  kFlapping,
  kListen,
  kSpec,
};

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
// PENDING → SKIPPED; SKIPPED(unreachable) → PENDING when the host is back
// ADMITTED | APPLYING | VERIFYING | UNKNOWN → any other of these four (as the
//     host says), DONE, FAILED, SKIPPED(removed | ended)
// FAILED → PENDING (retry); FAILED(lost) → DONE when it turns out so
// DONE, SKIPPED(removed | ended) stay.
enum class HostStepPhase {
  kPending,
  kAdmitted,
  kApplying,
  kVerifying,
  kDone,
  kFailed,
  kUnknown,
  kSkipped,
};

enum class SkipReason {
  kNone,
  // Not connected when its turn came; nothing was sent to it.
  kUnreachable,
  // Forgotten by the fleet.
  kRemoved,
  // The rollout ended before the host did.
  kEnded,
};

// One host's part of a rollout.
struct HostStep {
  std::string host;
  HostStepPhase phase = HostStepPhase::kPending;
  SkipReason skip = SkipReason::kNone;
  // FAILED because it was out of reach for too long, not by its own account.
  bool lost = false;
  // For a person. Empty when there is nothing to say.
  std::string reason;
  int attempt = 1;
  // What the host is brought to.
  int64_t generation = 0;
  // Calendar times; InfinitePast: not yet.
  absl::Time admit_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();
  // Points on the rollout's own clock (RolloutState::clock) at which it was
  // admitted and last became UNKNOWN.
  absl::Duration admitted_at;
  absl::Duration unknown_at;
  // What the host last said of this step. Rebuilt from reports; kept in the
  // store only as of the last change of phase.
  StepReport progress;
};

// It holds one of the rollout's max_parallel slots: ADMITTED, APPLYING,
// VERIFYING or UNKNOWN.
bool InFlight(HostStepPhase phase);
// Nothing more is expected of it (a retry or a return may change that).
bool Ended(HostStepPhase phase);
// FLEET_CHECK'ed on every change.
bool LegalTransition(HostStepPhase from, HostStepPhase to);

// "PENDING", "ADMITTED" …
const char* Name(HostStepPhase phase);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOST_STEP_H_
