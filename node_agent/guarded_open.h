// Opens files that are in folders where workers may write.
#ifndef FLEET_NODE_AGENT_GUARDED_OPEN_H_
#define FLEET_NODE_AGENT_GUARDED_OPEN_H_

#include <sys/types.h>

#include <string>

#include "node_agent/unique_fd.h"

namespace fleet::agent {

// As open(2), with O_CLOEXEC. Root's agent follows no symbolic link, anywhere
// in the path, by which a worker could have it write or read what is not the
// worker's: a link must be root's, or belong to the owner of what it points to.
// ELOOP otherwise. Not valid: errno says why.
UniqueFd OpenGuarded(const std::string& path, int flags, mode_t mode = 0);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_GUARDED_OPEN_H_
