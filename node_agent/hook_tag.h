// What the keeper remembers of a hook for the agent.
#ifndef FLEET_NODE_AGENT_HOOK_TAG_H_
#define FLEET_NODE_AGENT_HOOK_TAG_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "node_agent/hook_runtime.h"

namespace fleet::agent {

struct HookTag {
  HookKey key;
  std::string app;
  absl::Time start_time;  // Calendar time.
  absl::Duration timeout;
};

// As the keeper's tag, and back. Nothing: it is none of ours. Pure.
std::string EncodeHookTag(const HookTag& tag);
std::optional<HookTag> DecodeHookTag(const std::string& text);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOOK_TAG_H_
