// How a rollout stands, for a script.
#ifndef FLEET_CLI_ROLLOUT_ROLLOUT_VERDICT_H_
#define FLEET_CLI_ROLLOUT_ROLLOUT_VERDICT_H_

#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

enum class Verdict {
  // Nothing to say yet; somebody's pause counts as going on.
  kGoing,
  kSucceeded,
  // Paused by a failure with no host in work, or ended by one.
  kFailed,
  // Failed, or undone, and back at the proven revision.
  kRolledBack,
  kAborted,
  kSuperseded,
};

// Hosts in work when a failure pauses it are waited for, but no longer than a
// minute. `now` is calendar time.
Verdict VerdictOf(const v1::Rollout& rollout, absl::Time now);

// kGoing is kTimeout: the caller waits no longer.
ExitCode ExitCodeOf(Verdict verdict);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ROLLOUT_ROLLOUT_VERDICT_H_
