#include "cli/commands/explain_conflict.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/render/text_style.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

absl::Status ExplainConflict(const absl::Status& status) {
  const ErrorReason reason = ReasonOf(status);
  const auto rollout = reason.metadata.find("rollout");
  if (reason.reason != "ROLLOUT_IN_PROGRESS" ||
      rollout == reason.metadata.end()) {
    return status;
  }
  const std::string& uid = rollout->second;
  const std::string follow =
      absl::StrCat("fleetctl rollout status ", uid, " --wait");
  const auto line = [&follow](const std::string& command, const char* what) {
    return absl::StrCat("\n  ", PaddedRight(command, follow.size()), "    ",
                        what);
  };
  return ErrorWithReason(
      status.code(),
      absl::StrCat(status.message(), line(follow, "follow it"),
                   line("fleetctl rollout abort " + uid,
                        "end it; hosts stay as they are"),
                   line("--supersede", "end it in favour of this one")),
      reason);
}

}  // namespace fleet::cli
