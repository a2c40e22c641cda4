// What a message between agent and keeper may hold (wire.h).
#ifndef FLEET_NODE_AGENT_KEEPER_WIRE_LIMITS_H_
#define FLEET_NODE_AGENT_KEEPER_WIRE_LIMITS_H_

#include <cstddef>

namespace fleet::keeper {

inline constexpr size_t kMaxPacket = 32 * 1024;
inline constexpr size_t kMaxPayload = 2 * 1024 * 1024;  // Of Spawn.
inline constexpr size_t kMaxTag = 4096;
inline constexpr size_t kMaxName = 255;
inline constexpr size_t kMaxChildFds = 200;
inline constexpr size_t kMaxGroups = 1024;
inline constexpr size_t kMaxStrings = 64 * 1024;  // argv and env.
inline constexpr size_t kMaxProcesses = 4096;
inline constexpr size_t kMaxHeld = 8192;
inline constexpr size_t kMaxStep = 16;
inline constexpr size_t kMaxVersionText = 32;
// Descriptors in one packet: those of the child, the memfd, and the socket of
// kAnswerBinds.
inline constexpr size_t kMaxPacketFds = kMaxChildFds + 2;

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_WIRE_LIMITS_H_
