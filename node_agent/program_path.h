// Finds the files that a worker is made of.
#ifndef FLEET_NODE_AGENT_PROGRAM_PATH_H_
#define FLEET_NODE_AGENT_PROGRAM_PATH_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet::agent {

// All look at the file system now, and may be called from any thread. Errors
// say what was looked for, where, and what to do.

// `cwd` with every symbolic link resolved: NOT_FOUND, FAILED_PRECONDITION
// when it is no folder.
absl::StatusOr<std::string> ResolveFolder(const std::string& cwd);

// `name` with a slash: relative to `cwd`. Without: from the folders of `path`,
// a colon-separated list. `role` is for messages: "interpreter".
absl::StatusOr<std::string> FindExecutable(const std::string& role,
                                           const std::string& name,
                                           const std::string& path,
                                           const std::string& cwd);

// A script that an interpreter will read, relative to `cwd`. With
// `guess_extension` the name may lack ".js" or be a folder, as node allows.
absl::StatusOr<std::string> FindScript(const std::string& name,
                                       const std::string& cwd,
                                       bool guess_extension);

// `name` itself when it is absolute.
std::string JoinPath(const std::string& folder, const std::string& name);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROGRAM_PATH_H_
