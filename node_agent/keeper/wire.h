// What the agent and fleet-keeper say to each other.
//
// Over a SOCK_SEQPACKET Unix socket; one packet is one message: a fixed struct
// (below, in the machine's byte order: both ends are on one machine), and for
// some the variable part that it announces. A packet whose size is not exactly
// that, of an unknown type, or longer than kMaxPacket ends the connection.
//
//   agent → keeper                        keeper → agent
//   Hello                                 Welcome, Process…, Held…,
//                                         InventoryEnd
//   Spawn  (+ fds of the child,           Spawned (+ pidfd) | SpawnFailed
//           first a memfd when large)
//                                         Exited            again after each
//   Ack                                                     Hello until acked
//   Hold   (+ fd)  Drop                   Refused           only on failure
//   Adopt  (+ pidfd)      of a known id: its main process is another one now
//
// Hello is the first message of a connection; its version must be the
// keeper's. The keeper answers Refused when it serves another agent.
//
// Used by fleet-keeper and by the agent's KeeperConnection. libc only.
#ifndef FLEET_NODE_AGENT_KEEPER_WIRE_H_
#define FLEET_NODE_AGENT_KEEPER_WIRE_H_

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/wire_limits.h"

namespace fleet::keeper {

inline constexpr uint32_t kMagic = 0x4b504c46;  // "FLPK"
inline constexpr uint8_t kVersion = 3;

// Names in the keeper's state folder, and the variable that tells the agent
// its end of the socket.
inline constexpr char kLockName[] = "keeper.lock";
inline constexpr char kSocketName[] = "keeper.sock";
inline constexpr char kStateName[] = "keeper.state";
inline constexpr char kFdVariable[] = "FLEET_KEEPER_FD";
// The soft limit of descriptors that workers get, for a later keeper.
inline constexpr char kNofileVariable[] = "FLEET_KEEPER_NOFILE";

// Exit code of an agent that would only fail again (EX_CONFIG).
inline constexpr int kConfigError = 78;
// Of an agent that wants its program started anew at once: an upgrade.
inline constexpr int kStartMeAnew = 79;

enum class Type : uint8_t {
  kHello = 1,
  kSpawn = 2,
  kAck = 3,
  kHold = 4,
  kDrop = 5,
  kAdopt = 6,
  kWelcome = 65,
  kProcess = 66,
  kHeld = 67,
  kInventoryEnd = 68,
  kSpawned = 69,
  kSpawnFailed = 70,
  kExited = 71,
  kRefused = 72,
};

enum class ExitKind : uint8_t { kExited = 0, kSignaled = 1, kUnknown = 2 };

// Every message begins with this.
struct Header {
  Type type;
  uint8_t reserved[7];
};

inline constexpr Header HeaderOf(Type type) { return {type, {}}; }

struct Hello {
  Header header;
  uint32_t magic;
  uint8_t version;
  uint8_t reserved[3];
};

// After it the payload, here or (kInMemfd) in the first descriptor:
// int32_t as[n_fds]; uint32_t groups[n_groups]; then strings, each with its
// NUL: tag, executable, cwd, n_args arguments, n_env variables, n_fds names.
//
// A descriptor becomes `as` of the child, or (kNotForChild) does not go there.
// One with a name is held under it, as by Hold, from before the answer until
// the Ack of `id`: so a start is one message, and its end is one.
struct Spawn {
  static constexpr int32_t kNotForChild = -1;
  static constexpr uint32_t kInMemfd = 1;
  static constexpr uint32_t kNewSession = 2;
  static constexpr uint32_t kSetIds = 4;
  // One more descriptor comes last: a socket, over which the child sends where
  // its bind() calls are to be answered (bind_filter.h).
  static constexpr uint32_t kAnswerBinds = 8;
  // A Confinement (confinement_wire.h) comes last in the payload.
  static constexpr uint32_t kConfined = 16;
  Header header;
  uint64_t id;
  uint32_t flags;
  uint32_t uid;
  uint32_t gid;
  uint32_t n_fds;
  uint32_t n_groups;
  uint32_t n_args;
  uint32_t n_env;
  uint32_t payload_size;
};

// kHandedOver, which is no id: the agent has handed over all that it had.
struct Ack {
  static constexpr uint64_t kHandedOver = 0;
  Header header;
  uint64_t id;
};

// Hold, Drop, Held; the name follows, without NUL.
struct Name {
  Header header;
  // Of Hold and Held: dropped with the Ack of that process; 0: of none.
  uint64_t owner;
  uint32_t size;
  uint32_t reserved;
};

// Adopt, Process; the tag follows, without NUL. The pidfd comes along unless
// the process has ended.
struct ProcessInfo {
  Header header;
  uint64_t id;
  uint64_t start_ticks;
  int32_t pid;
  int32_t exit_value;
  ExitKind exit_kind;
  uint8_t ended;
  uint8_t is_child;
  uint8_t reserved;
  uint32_t tag_size;
};

struct Welcome {
  Header header;
  uint8_t version;
  // 1: this keeper has begun with no agent. Processes of the last one's that
  // are not in the inventory may live: those with an id above `newest_id`.
  uint8_t after_loss;
  uint8_t reserved[2];
  int32_t keeper_pid;
  uint64_t newest_id;
  char version_text[kMaxVersionText];  // Ends with NUL.
};

struct InventoryEnd {
  Header header;
};

struct Spawned {
  Header header;
  uint64_t id;
  uint64_t start_ticks;
  int32_t pid;
  uint32_t reserved;
};

struct SpawnFailed {
  Header header;
  uint64_t id;
  int32_t error_number;
  uint32_t reserved;
  char step[kMaxStep];  // Ends with NUL.
};

struct Exited {
  Header header;
  uint64_t id;
  int32_t value;
  ExitKind kind;
  // 1: nothing that it started lives either: the keeper gets orphans, and it
  // had no child but those it started. 0: not known.
  uint8_t tree_gone;
  uint8_t reserved[2];
  int32_t pid;  // An Adopt may have been on its way.
  uint32_t reserved2;
};

// Of the greeting (`what` is kHello), of a Hold or of an Adopt; `count` of
// them since the last Refused.
struct Refused {
  Header header;
  Type what;
  uint8_t reserved[3];
  int32_t error_number;
  uint64_t count;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_WIRE_H_
