// The file that Node cluster workers load to end their connections well.
#ifndef FLEET_NODE_AGENT_DRAIN_PRELOAD_H_
#define FLEET_NODE_AGENT_DRAIN_PRELOAD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fleet::agent {

// The text of drain_preload.js, which is part of the program.
std::string_view DrainPreloadScript();

// Writes it to `path`, readable for everybody, by rename: a worker that starts
// meanwhile reads the old or the new one whole. Only when it differs.
absl::Status WriteDrainPreload(const std::string& path);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_DRAIN_PRELOAD_H_
