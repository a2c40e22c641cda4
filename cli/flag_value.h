// How the value of a flag is read.
#ifndef FLEET_CLI_FLAG_VALUE_H_
#define FLEET_CLI_FLAG_VALUE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {

// Used by the flag table. Each sets its target; INVALID_ARGUMENT "expected
// WHAT, found WHAT" leaves it as it was.
absl::Status SetShare(std::string& target, const std::string& value,
                      int minimum);
absl::Status SetOutput(CommandLine& line, const std::string& value);
absl::Status SetSort(CommandLine& line, const std::string& value);
absl::Status SetOnFailure(CommandLine& line, const std::string& value);
absl::Status SetOrder(CommandLine& line, const std::string& value);
absl::Status SetPromotion(CommandLine& line, const std::string& value);
absl::Status SetNumber(std::optional<int>& target, const std::string& value);
absl::Status AddGate(CommandLine& line, const std::string& value);
absl::Status SetRevision(CommandLine& line, const std::string& value);
absl::Status SetSequence(int64_t& target, const std::string& value);
absl::Status SetLines(CommandLine& line, const std::string& value);
absl::Status AddWords(std::vector<std::string>& words,
                      const std::string& value);
absl::Status AddExitCodes(CommandLine& line, const std::string& value);
absl::Status SetSince(CommandLine& line, const std::string& value);
absl::Status SetRecords(CommandLine& line, const std::string& value);
absl::Status Expected(std::string_view what, const std::string& found);

// Of a flag that PM2 does not have: nobody means 5 ms by "--timeout 5".
template <typename Target>
absl::Status SetDuration(Target& target, const std::string& value) {
  const auto parsed = ParseDuration(value);
  const bool bare = !value.empty() && absl::ascii_isdigit(value.back());
  if (!parsed.ok() || (bare && *parsed != absl::ZeroDuration())) {
    return Expected("a duration with its unit, such as 30s or 5m", value);
  }
  target = *parsed;
  return absl::OkStatus();
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_FLAG_VALUE_H_
