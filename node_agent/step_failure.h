// How a step ends badly.
#ifndef FLEET_NODE_AGENT_STEP_FAILURE_H_
#define FLEET_NODE_AGENT_STEP_FAILURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "node_agent/app_state.h"

namespace fleet::agent {

// For the reconciler's own files; all pure.

struct StepFailure {
  FailureKind kind = FailureKind::kNone;
  int slot = -1;  // -1: the step as a whole.
  // "was not ready within 1m: …"; the instance's name is put before it.
  std::string what;
  std::vector<std::string> stderr_tail;
  // Whose last words they are when it lives still; 0: stderr_tail has them.
  WorkerId speaker = 0;
};

// A step that is overtaken, or fails, leaves slots whose old worker is gone and
// whose new one, of this generation, serves, but not long enough to be
// available. It is what the slot runs from now on: stopped when the next step
// has something in its place.
void KeepWhatServes(AppState& app, int64_t generation);

// Ends the active step. Slots stay at the generation they have; replacements
// that are not available yet are no longer wanted, unless nothing else serves
// there.
void FailStep(AppState& app, StepFailure failure);

// Each stands after the name of an instance. `message` is the exit's own.
// "ended before it was available: exit code 1 after 350ms"
std::string ExitText(FailureKind kind, const std::string& message,
                     absl::Duration uptime);
// "was not ready within 1m: GET /health on port 3000: 503"
std::string NotReadyText(absl::Duration limit, const std::string& detail);

// An exit's message as it stands where the instance is named anyway.
std::string WithoutName(const std::string& app, int slot,
                        const std::string& message);

FailureKind FailureOf(const WorkerExit& exit);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_STEP_FAILURE_H_
