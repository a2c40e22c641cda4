// One end of a packet socket, with descriptors.
#ifndef FLEET_NODE_AGENT_KEEPER_PACKET_SOCKET_H_
#define FLEET_NODE_AGENT_KEEPER_PACKET_SOCKET_H_

#include <cstddef>

#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// A received message. Owns the descriptors that are not -1.
struct Packet {
  alignas(8) char bytes[kMaxPacket];
  size_t size = 0;
  int fds[kMaxPacketFds];
  size_t n_fds = 0;
  // Some descriptors did not arrive: the keeper is at its limit of them.
  bool fds_lost = false;

  // Gives one away.
  int TakeFd(size_t index);
  void CloseFds();
};

enum class ReceiveResult { kPacket, kNothing, kClosed, kOversized };
enum class SendResult { kSent, kFull, kClosed };

// Neither waits.
ReceiveResult ReceivePacket(int socket, Packet& packet);
// `fixed` and then `tail`; `fd` goes along unless it is -1.
SendResult SendPacket(int socket, const void* fixed, size_t fixed_size,
                      const char* tail, size_t tail_size, int fd);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_PACKET_SOCKET_H_
