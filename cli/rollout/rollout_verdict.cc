#include "cli/rollout/rollout_verdict.h"

#include "cli/rollout/rollout_words.h"
#include "proto/rpc/proto_time.h"

namespace fleet::cli {
namespace {

constexpr absl::Duration kLongestSettling = absl::Minutes(1);

}  // namespace

Verdict VerdictOf(const v1::Rollout& rollout, absl::Time now) {
  if (rollout.phase() == v1::ROLLOUT_PHASE_SUCCEEDED) {
    return Verdict::kSucceeded;
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_SUPERSEDED) {
    return Verdict::kSuperseded;
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_ROLLED_BACK) {
    return Verdict::kRolledBack;
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_ROLLBACK_FAILED) {
    return Verdict::kFailed;
  }
  if (rollout.phase() == v1::ROLLOUT_PHASE_ABORTED) {
    return rollout.failed() ? Verdict::kFailed : Verdict::kAborted;
  }
  const v1::Hold* hold = FindHold(rollout, v1::HOLD_KIND_FAILURE);
  if (hold == nullptr) return Verdict::kGoing;
  const bool settled = CountHosts(rollout).in_flight == 0 ||
                       now - FromProto(hold->since()) > kLongestSettling;
  return settled ? Verdict::kFailed : Verdict::kGoing;
}

ExitCode ExitCodeOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGoing:
      return ExitCode::kTimeout;
    case Verdict::kSucceeded:
      return ExitCode::kSuccess;
    case Verdict::kFailed:
    case Verdict::kRolledBack:
      return ExitCode::kRolloutFailed;
    case Verdict::kAborted:
    case Verdict::kSuperseded:
      return ExitCode::kRolloutEnded;
  }
  return ExitCode::kError;
}

}  // namespace fleet::cli
