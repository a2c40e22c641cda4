// What happens in a scenario, as its file says it.
#ifndef FLEET_TESTS_SCENARIOS_SCRIPT_H_
#define FLEET_TESTS_SCENARIOS_SCRIPT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet::sim {

// One thing that is done: `words` at a time, or as soon as `host` is in `phase`
// of the newest rollout.
struct Cue {
  absl::Duration at;
  std::string host;   // Empty: at `at`.
  std::string phase;  // "VERIFYING"
  std::vector<std::string> words;
};

// The settings before the first cue, the cues in order, and what it goes on
// until. docs/testing.md lists the words.
struct Script {
  std::vector<std::vector<std::string>> settings;
  std::vector<Cue> cues;
  std::string until = "ended";
  absl::Duration within = absl::Hours(3);
};

// Lines that are indented by four spaces, of a file's text up to the line
// "----". INVALID_ARGUMENT names the line.
absl::StatusOr<Script> ParseScript(const std::string& text);

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SCENARIOS_SCRIPT_H_
