// What a keeper sends to its agent.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "node_agent/keeper_socket.h"
#include "proto/rpc/status.h"
#include "tests/fuzz/input.h"

namespace fleet::agent {
namespace {

// Reads what KeeperConnection reads of it.
size_t Touch(const KeeperMessage& message) {
  switch (message.type()) {
    case keeper::Type::kProcess:
      return message.Tail<keeper::ProcessInfo>().size();
    case keeper::Type::kHeld:
      return message.Tail<keeper::Name>().size();
    case keeper::Type::kSpawned:
      return message.As<keeper::Spawned>().id;
    case keeper::Type::kSpawnFailed:
      return message.As<keeper::SpawnFailed>().id;
    case keeper::Type::kExited: {
      const auto exited = message.As<keeper::Exited>();
      return ExitOf(exited.kind, exited.value).value;
    }
    case keeper::Type::kRefused:
      return message.As<keeper::Refused>().count;
    case keeper::Type::kWelcome:
      return message.As<keeper::Welcome>().newest_id;
    case keeper::Type::kInventoryEnd:
      return 0;
    case keeper::Type::kHello:
    case keeper::Type::kSpawn:
    case keeper::Type::kAck:
    case keeper::Type::kHold:
    case keeper::Type::kDrop:
    case keeper::Type::kAdopt:
      break;
  }
  FLEET_CHECK(false);  // ReceiveMessage must not give one of ours.
  return 0;
}

}  // namespace
}  // namespace fleet::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fleet::agent::UniqueFd;
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                 ends.data()) != 0) {
    return 0;
  }
  UniqueFd agent(ends[0]);
  UniqueFd keeper(ends[1]);
  fleet::fuzz::Input input(data, size);
  size_t touched = 0;
  while (!input.empty()) {
    const std::string_view packet = input.Piece();
    if (send(keeper.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
      break;
    }
    const auto message = fleet::agent::ReceiveMessage(agent.get());
    if (message.ok()) touched += fleet::agent::Touch(*message);
  }
  return touched == SIZE_MAX ? 1 : 0;
}
