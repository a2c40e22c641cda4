// A metric gate of a wave that bakes: what was asked, what was answered.
#ifndef FLEET_CONTROLLER_ROLLOUT_GATE_H_
#define FLEET_CONTROLLER_ROLLOUT_GATE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::controller {

enum class GateVerdict { kNone, kPass, kFail, kInconclusive };

// Where a gate of the policy stands. Verdict, answer and times are stored; a
// controller that starts looks again.
struct GateState {
  GateVerdict verdict = GateVerdict::kNone;
  std::string answer;
  // Calendar times: of the last look, and since when it has found the same.
  absl::Time time = absl::InfinitePast();
  absl::Time since = absl::InfinitePast();
  // The verdict is of a look that was taken once the bake time was over.
  bool final = false;

  // Not stored. Steady time of the next look; number of the look that is not
  // answered yet (0: none), and whether it is a final one.
  absl::Time look_at = absl::InfinitePast();
  // What the last look found, before window and no_data were applied, and the
  // steady time since which it is so.
  GateVerdict found = GateVerdict::kNone;
  absl::Time found_at = absl::InfinitePast();
  // The last look was taken once the bake time was over.
  bool looked_over = false;
  int64_t asked = 0;
  bool asked_final = false;
};

// For a gate whose answer comes from outside: "look number `look` is due".
struct GateLook {
  size_t gate = 0;  // In Policy::gates.
  int64_t look = 0;

  bool operator==(const GateLook&) const = default;
};

// What came of it.
struct GateAnswer {
  int64_t look = 0;  // 0: nothing yet.
  GateVerdict verdict = GateVerdict::kNone;
  std::string text;

  bool operator==(const GateAnswer&) const = default;
};

// It is answered by the fleet's own samples.
bool IsSample(GateSource source);

// Whether a value is within the gate's limits.
bool Within(const MetricGate& gate, double value);

const char* Name(GateVerdict verdict);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_GATE_H_
