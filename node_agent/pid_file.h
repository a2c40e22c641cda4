// The file that says which process an instance is.
#ifndef FLEET_NODE_AGENT_PID_FILE_H_
#define FLEET_NODE_AGENT_PID_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace fleet::agent {

// `path` of the spec for a slot: `%i` is its number; without it, and with
// several instances, "-<slot>" stands before the extension. Pure.
std::string PidFilePath(const std::string& path, int slot, int instances);

// Replaces the file as a whole, also one that is a link. Local files.
absl::Status WritePidFile(const std::string& path, pid_t pid);
// Removes it unless it has another process's number by now: during a reload the
// new worker's is there already.
void RemovePidFile(const std::string& path, pid_t pid);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PID_FILE_H_
