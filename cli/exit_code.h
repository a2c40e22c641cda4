// What fleetctl's exit says to a script.
#ifndef FLEET_CLI_EXIT_CODE_H_
#define FLEET_CLI_EXIT_CODE_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace fleet::cli {

enum class ExitCode {
  kSuccess = 0,
  kError = 1,
  kUsage = 2,
  // The rollout failed, or is paused by a failure.
  kRolloutFailed = 3,
  kNotPermitted = 4,
  // The rollout was aborted or superseded.
  kRolloutEnded = 5,
  // --timeout passed; what was started goes on.
  kTimeout = 6,
  kUnreachable = 7,
  // Another rollout is under way, or somebody else changed the same thing.
  kConflict = 8,
  kInterrupted = 130,
};

struct ExitMeaning {
  ExitCode code;
  // A sentence.
  std::string_view text;
};

// Every code, for --help and the pages made from it.
std::span<const ExitMeaning> ExitMeanings();

// Of a call or a local step that failed.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace fleet::cli

#endif  // FLEET_CLI_EXIT_CODE_H_
