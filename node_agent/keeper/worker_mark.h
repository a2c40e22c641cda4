// Whose a process is, as the kernel carries it on.
#ifndef FLEET_NODE_AGENT_KEEPER_WORKER_MARK_H_
#define FLEET_NODE_AGENT_KEEPER_WORKER_MARK_H_

#include <cstdint>

namespace fleet::keeper {

// What a child and all that comes of it is known by, whatever it does to its
// environment, its session and its parents: the hard and soft limit
// RLIMIT_RTTIME is this bit and the id of its Spawn. It limits nothing (so many
// microseconds are 292,000 years), every process inherits it, and prlimit(2)
// tells it. A child whose limit was set by somebody else has none.
inline constexpr uint64_t kMarkBit = uint64_t{1} << 63;

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_WORKER_MARK_H_
