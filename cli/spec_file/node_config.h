// PM2's configuration files that are JavaScript.
#ifndef FLEET_CLI_SPEC_FILE_NODE_CONFIG_H_
#define FLEET_CLI_SPEC_FILE_NODE_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/spec_file/value.h"

namespace fleet::cli {

// What the module at `path` exports (CommonJS or ES; a function is called, a
// promise awaited), evaluated by the user's own `node`, found along PATH, in
// a child process. Blocks, at most 30 s.
//
// NOT_FOUND: there is no node. INVALID_ARGUMENT: node's own message, which
// names file and line.
absl::StatusOr<Value> EvaluateNodeConfig(const std::string& path);

// The same for the text of PM2's `.json` files, which PM2 reads as
// JavaScript, so that comments may stand in them.
absl::StatusOr<Value> EvaluateRelaxedJson(const std::string& path);

// Node's message without the frames of its stack and what node adds itself.
std::string TrimNodeMessage(const std::string& message);

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_NODE_CONFIG_H_
