// What is left of a file system for logs.
#ifndef FLEET_NODE_AGENT_LOG_SPACE_H_
#define FLEET_NODE_AGENT_LOG_SPACE_H_

#include <cstdint>
#include <string>

namespace fleet::agent {

// Bytes that logs leave alone on a file system of this size, for the agent's
// journal and for whatever else must go on: 64 MiB or 2 %, whichever is less.
int64_t LogReserve(int64_t file_system_bytes);

// Bytes that may be written to the file system of `fd`, beyond the reserve;
// negative: less than that is left. Much, where it cannot be found out.
int64_t BytesBeyondReserve(int fd, int64_t* reserve = nullptr);

// What the host is to say of a file system that has so much left: that it is
// full as far as logs are concerned, and what to do; empty: it is not. Pure.
std::string SpaceProblem(const std::string& folder, int64_t free_bytes,
                         int64_t file_system_bytes);
// The same of the one that `folder` is on.
std::string SpaceProblemOf(const std::string& folder);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LOG_SPACE_H_
