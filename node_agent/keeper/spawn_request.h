// The variable part of a Spawn message.
#ifndef FLEET_NODE_AGENT_KEEPER_SPAWN_REQUEST_H_
#define FLEET_NODE_AGENT_KEEPER_SPAWN_REQUEST_H_

#include <cstddef>

#include "node_agent/keeper/child.h"
#include "node_agent/keeper/packet_socket.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// Reads a Spawn message and owns what its ChildSpec points to.
class SpawnRequest {
 public:
  enum class Result {
    kOk,
    kBad,       // Not as wire.h says.
    kNoMemory,  // Or no descriptor; errno says.
  };

  SpawnRequest() = default;
  ~SpawnRequest();
  SpawnRequest(const SpawnRequest&) = delete;
  SpawnRequest& operator=(const SpawnRequest&) = delete;

  // Changes the packet's bytes; both must stay until the child is started.
  Result Parse(Packet& packet);

  const Spawn& fixed() const { return fixed_; }
  const char* tag() const { return tag_; }
  size_t tag_size() const { return tag_size_; }
  ChildSpec& child() { return child_; }
  // Confinement::mounts_of; 0 also without a confinement.
  pid_t mounts_of() const { return confinement_.fixed.mounts_of; }
  // Of the message's descriptors: what it is to be held as, or "".
  const char* fd_name(size_t index) const { return names_[index]; }
  // Where in the packet that descriptor is.
  size_t fd_position(size_t index) const { return first_fd_ + index; }

 private:
  Result LoadPayload(Packet& packet);
  bool ParseFds(const Packet& packet);
  bool ParseGroups();
  Result ParseStrings();
  bool ParseConfinement();
  // The next string of the payload, or nullptr.
  char* NextString();
  bool FillStrings(char** to, size_t count);

  bool FillTexts(const char** to, size_t count);

  Spawn fixed_{};
  ConfinementSpec confinement_{};
  ChildSpec child_;
  size_t first_fd_ = 0;
  char* payload_ = nullptr;
  size_t at_ = 0;
  char* mapped_ = nullptr;     // The payload from a memfd.
  char** pointers_ = nullptr;  // Arguments, variables, names.
  char** names_ = nullptr;
  const char* tag_ = nullptr;
  size_t tag_size_ = 0;
};

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_SPAWN_REQUEST_H_
