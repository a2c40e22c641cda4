#include "cli/exit_code.h"

#include <string>

#include "proto/rpc/status.h"

namespace fleet::cli {

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
