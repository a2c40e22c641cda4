// The last part of a Spawn message (wire.h): limits and hardening.
#ifndef FLEET_NODE_AGENT_KEEPER_CONFINEMENT_WIRE_H_
#define FLEET_NODE_AGENT_KEEPER_CONFINEMENT_WIRE_H_

#include <cstddef>
#include <cstdint>

namespace fleet::keeper {

// Bounds.
inline constexpr size_t kMaxRlimits = 8;
inline constexpr size_t kMaxCgroups = 8;
inline constexpr size_t kMaxReadOnlyPaths = 64;

// What is taken from a process before it runs, and what it may use. After it,
// in the same payload: Rlimit rlimits[n_rlimits], then strings, each with its
// NUL: n_cgroups files cgroup.procs, n_read_only paths.
struct Confinement {
  static constexpr uint32_t kNoNewPrivileges = 1;
  static constexpr uint32_t kPrivateTmp = 2;
  static constexpr uint32_t kCapabilities = 4;  // Only those of `capabilities`.
  static constexpr uint32_t kNice = 8;
  static constexpr uint32_t kUmask = 16;
  static constexpr uint32_t kOomScore = 32;
  uint64_t capabilities;  // A bit for each number.
  uint32_t set;           // Of the bits above.
  uint32_t umask;
  int32_t nice;
  int32_t oom_score_adj;
  uint32_t n_rlimits;
  uint32_t n_cgroups;
  uint32_t n_read_only;
  // The process (of the keeper's) whose mount namespace it enters, where a
  // private /tmp and read-only paths are already; 0: it gets its own.
  int32_t mounts_of;
};

struct Rlimit {
  int32_t resource;  // Of setrlimit(2).
  uint32_t reserved;
  uint64_t soft;
  uint64_t hard;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_CONFINEMENT_WIRE_H_
