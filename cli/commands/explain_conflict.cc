#include "cli/commands/explain_conflict.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

absl::Status ExplainConflict(const absl::Status& status) {
  const ErrorReason reason = ReasonOf(status);
  const auto rollout = reason.metadata.find("rollout");
  if (reason.reason != "ROLLOUT_IN_PROGRESS" ||
      rollout == reason.metadata.end()) {
    return status;
  }
  return ErrorWithReason(
      status.code(),
      absl::StrCat(
          status.message(), "\n  fleetctl rollout status ", rollout->second,
          " --wait    follow it\n  fleetctl rollout abort ", rollout->second,
          "            end it; hosts stay as they are\n"
          "  --supersede                              end it in "
          "favour of this one"),
      reason);
}

}  // namespace fleet::cli
