// A hook that runs once per rollout.
#ifndef FLEET_CONTROLLER_ROLLOUT_HOOK_RUN_H_
#define FLEET_CONTROLLER_ROLLOUT_HOOK_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::controller {

// kNone → kRunning → kDone | kFailed; kFailed → kNone (retry), → kDone (a
// person goes on without it).
enum class HookPhase { kNone, kRunning, kDone, kFailed };

// Where it stands.
struct HookRun {
  HookPhase phase = HookPhase::kNone;
  // Whose agent runs it.
  std::string host;
  int attempt = 1;
  // Point on the rollout's clock at which it was ordered.
  absl::Duration started_at;
  std::string reason;
  // At most 50 lines.
  std::vector<std::string> output;

  bool operator==(const HookRun&) const = default;
};

// An agent's account of a hook, by the order's id.
struct HookReport {
  std::string id;
  HookPhase phase = HookPhase::kNone;
  std::string reason;
  std::vector<std::string> output;

  bool operator==(const HookReport&) const = default;
};

// "Run this once." The rest of the host's target stays as it is. With an empty
// id: "If you have not begun the one before, do not."
struct HookOrder {
  std::string host;
  // The rollout, which hook, the attempt: an agent runs an id at most once.
  std::string id;
  // "pre_rollout", "post_rollout".
  std::string name;
  Hook hook;
  // With whose spec it is run.
  int64_t revision = 0;
  std::string rollout;

  bool operator==(const HookOrder&) const = default;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_HOOK_RUN_H_
