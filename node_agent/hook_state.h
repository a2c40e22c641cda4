// Commands around a rollout on this host, as the agent's deciding code sees
// them. Plain values; hook_step.h changes them.
#ifndef FLEET_NODE_AGENT_HOOK_STATE_H_
#define FLEET_NODE_AGENT_HOOK_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet::agent {

// "Run this, at most once."
struct HookOrder {
  // Whatever has it is the same run, also after a restart of either side.
  // Empty: there is nothing to run.
  std::string id;
  std::string name;  // "pre_reload", "post_rollout" …
  Hook hook;
  // For its environment.
  int64_t generation = 0;
  int64_t revision = 0;
  std::string rollout;
  // With whose user, cwd and environment it runs; or why it cannot.
  std::shared_ptr<const AppSpec> spec;
  std::string spec_error;
};

// How a hook ended.
struct HookEnd {
  bool success = false;
  std::string reason;               // "exit code 1 after 2.3s".
  std::vector<std::string> output;  // Its last lines, at most kMaxHookLines.
};
inline constexpr int kMaxHookLines = 50;
inline constexpr size_t kMaxHookLine = 500;  // Bytes.

// kRunning → kDone | kFailed.
enum class HookPhase { kRunning, kDone, kFailed };

// What has become of an order; in the journal before it is begun.
struct HookRecord {
  std::string id;
  std::string name;
  HookPhase phase = HookPhase::kRunning;
  HookEnd end;            // Unless it runs.
  absl::Time start_time;  // Calendar times.
  absl::Time end_time = absl::InfinitePast();
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOOK_STATE_H_
