// The classic BPF program that deals new connections out to live slots.
#ifndef FLEET_NODE_AGENT_REUSEPORT_PROGRAM_H_
#define FLEET_NODE_AGENT_REUSEPORT_PROGRAM_H_

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace fleet::agent {

// All of these are indices into the reuseport group (slot_group.h).
struct ReuseportChoice {
  // Who gets connections; sorted. Empty: the kernel's own hash over all.
  std::vector<int> live;
  // Connections from this source port go to that socket, live or not: how a
  // probe reaches the slot it means. At most 64 are in force.
  struct Pin {
    uint16_t source_port = 0;
    int index = 0;
    bool operator==(const Pin&) const = default;
  };
  std::vector<Pin> pins;
  // UDP: by the packet's flow hash, so that a peer stays with its worker.
  // TCP: at random, which is evener than a hash of few peers.
  bool by_flow = false;

  bool operator==(const ReuseportChoice&) const = default;
};

// Pure. Runs of neighbouring indices cost three instructions each.
std::vector<sock_filter> BuildReuseportProgram(const ReuseportChoice& choice);

// Puts it on the group that `fd` belongs to, in place of the one before; with
// `choice.live` empty an out-of-range index makes the kernel hash over all.
absl::Status AttachReuseportProgram(int fd, const ReuseportChoice& choice);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_REUSEPORT_PROGRAM_H_
