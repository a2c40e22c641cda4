// Packets with descriptors on the keeper's socket (keeper/wire.h).
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

// One message with its descriptors. A value.
struct KeeperMessage {
  std::vector<char> bytes;
  std::vector<UniqueFd> fds;

  keeper::Type type() const { return As<keeper::Header>().type; }
  // The fixed part; `bytes` is at least as long (ReceiveMessage sees to it).
  template <typename T>
  T As() const {
    T fixed;
    std::memcpy(&fixed, bytes.data(), sizeof fixed);
    return fixed;
  }
  // What follows the fixed part.
  template <typename T>
  std::string Tail() const {
    return std::string(bytes.begin() + sizeof(T), bytes.end());
  }
  // The only descriptor, or none.
  UniqueFd TakeFd() {
    return fds.empty() ? UniqueFd() : std::move(fds.front());
  }
};

// A message of a fixed part and what follows it.
template <typename T>
std::vector<char> MessageBytes(const T& fixed, std::string_view tail = {}) {
  const char* start = reinterpret_cast<const char*>(&fixed);
  std::vector<char> bytes(start, start + sizeof fixed);
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

// INVALID_ARGUMENT: past a bound of wire.h, which it names. Otherwise errno of
// what failed. Descriptors are duplicated.
absl::StatusOr<KeeperMessage> MakeSpawnMessage(const SpawnRequest& request);

enum class SendOutcome { kSent, kWouldBlock, kLost };
// Does not block.
SendOutcome SendMessage(int socket, const std::vector<char>& bytes,
                        const std::vector<int>& fds);

// One message from the keeper, checked for its size; does not block.
// UNAVAILABLE: nothing there now. ABORTED: the other end is gone. DATA_LOSS:
// nonsense, with what was wrong.
absl::StatusOr<KeeperMessage> ReceiveMessage(int socket);

// A connection to the keeper that listens in `state_dir`.
absl::StatusOr<UniqueFd> ConnectToKeeper(const std::string& state_dir);

ProcessExit ExitOf(keeper::ExitKind kind, int value, bool tree_gone = false);

// A duplicate that is closed on exec; invalid on failure.
UniqueFd DuplicateFd(int fd);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_SOCKET_H_
