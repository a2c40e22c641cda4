// Completions for shells, from the command table.
#ifndef FLEET_CLI_COMPLETION_SCRIPT_H_
#define FLEET_CLI_COMPLETION_SCRIPT_H_

#include <string>
#include <string_view>

namespace fleet::cli {

// For "bash", "zsh" or "fish"; empty for another shell. Apps and rollouts are
// asked from the controller when they are completed.
std::string CompletionScript(std::string_view shell);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMPLETION_SCRIPT_H_
