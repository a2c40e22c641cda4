// Packets with descriptors on the keeper's socket (wire.h).
#ifndef FLEET_NODE_AGENT_KEEPER_SOCKET_H_
#define FLEET_NODE_AGENT_KEEPER_SOCKET_H_

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/keeper/wire.h"
#include "node_agent/keeper_client.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

// One message, as it was or will be on the wire. A value.
struct KeeperMessage {
  std::vector<char> bytes;
  std::vector<UniqueFd> fds;

  keeper::Type type() const {
    return reinterpret_cast<const keeper::Header*>(bytes.data())->type;
  }
  // The fixed part; `bytes` is at least as long (ReceiveMessage sees to it).
  template <typename T>
  T As() const {
    T fixed;
    std::memcpy(&fixed, bytes.data(), sizeof fixed);
    return fixed;
  }
  // What follows the fixed part.
  template <typename T>
  std::string_view Tail() const {
    return {bytes.data() + sizeof(T), bytes.size() - sizeof(T)};
  }
};

// A message of a fixed part and what follows it.
template <typename T>
KeeperMessage MakeMessage(const T& fixed, std::string_view tail = {}) {
  KeeperMessage message;
  message.bytes.resize(sizeof fixed + tail.size());
  std::memcpy(message.bytes.data(), &fixed, sizeof fixed);
  if (!tail.empty()) {
    std::memcpy(message.bytes.data() + sizeof fixed, tail.data(), tail.size());
  }
  return message;
}

// INVALID_ARGUMENT: past a bound of wire.h, named. RESOURCE_EXHAUSTED or the
// like: no descriptor to be had. Descriptors are duplicated.
absl::StatusOr<KeeperMessage> MakeSpawnMessage(const SpawnRequest& request);

enum class SendResult { kSent, kWouldBlock, kLost };
// Does not block.
SendResult SendMessage(int socket, const KeeperMessage& message);

// One message from the keeper, checked for its size. UNAVAILABLE: nothing there
// now. ABORTED: the other end is gone. DATA_LOSS: nonsense, with what was
// wrong.
absl::StatusOr<KeeperMessage> ReceiveMessage(int socket);

// A connection to the keeper that listens in `state_dir`; blocks no longer
// than the kernel takes. NOT_FOUND or UNAVAILABLE: nobody does.
absl::StatusOr<UniqueFd> ConnectToKeeper(const std::string& state_dir);

// A duplicate that is closed on exec; invalid on failure.
UniqueFd DuplicateFd(int fd);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_SOCKET_H_
