#include "cli/exit_code.h"

#include <string>

#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr ExitMeaning kExitCodes[] = {
    {ExitCode::kSuccess, "It succeeded."},
    {ExitCode::kError, "An error."},
    {ExitCode::kUsage, "The command line is wrong."},
    {ExitCode::kRolloutFailed, "The rollout failed, or a failure paused it."},
    {ExitCode::kNotPermitted, "Not permitted."},
    {ExitCode::kRolloutEnded, "The rollout was aborted or superseded."},
    {ExitCode::kTimeout, "--timeout passed; the rollout goes on."},
    {ExitCode::kUnreachable, "The controller cannot be reached."},
    {ExitCode::kConflict, "Another rollout of the app is under way."},
    {ExitCode::kInterrupted, "Interrupted; the rollout goes on."},
};

}  // namespace

std::span<const ExitMeaning> ExitMeanings() { return kExitCodes; }

ExitCode ExitCodeOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status).reason;
  if (reason == "ROLLOUT_IN_PROGRESS" || reason == "ETAG_MISMATCH") {
    return ExitCode::kConflict;
  }
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kSuccess;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kNotPermitted;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::
        kDoNotUseReservedForFutureExpansionUseDefaultInSwitchInstead_:
      return ExitCode::kError;
  }
  return ExitCode::kError;
}

}  // namespace fleet::cli
