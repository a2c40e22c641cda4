// Node's cluster protocol with one worker, as its primary.
#ifndef FLEET_NODE_AGENT_NODE_CLUSTER_H_
#define FLEET_NODE_AGENT_NODE_CLUSTER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/held_note.h"
#include "node_agent/listen_address.h"
#include "node_agent/node_message.h"
#include "node_agent/socket_registry.h"

namespace fleet::agent {

// What the first worker said of an address (its TLS ticket keys) and all later
// ones are given, so that a client may resume its session with any of them.
// One per app, kept by the keeper. Loop thread only; at most 64 KiB.
class NodeSharedData {
 public:
  explicit NodeSharedData(HeldNote note);

  // `own` when nothing is known of `key`; then it is what is known.
  std::string Share(const std::string& key, const std::string& own);
  void Drop() { note_.Drop(); }

 private:
  HeldNote note_;
  std::map<std::string, std::string> data_;
};

// Answers a worker's questions for sockets and follows what it has open.
// Source: Node's lib/internal/cluster/child.js; every message is in
// node_message.h. Loop thread only.
class NodeCluster {
 public:
  // Where answers come from and go to.
  class Host {
   public:
    virtual ~Host() = default;
    // The worker's own socket for the address; on failure `*error_number` is
    // the errno that its app will see.
    virtual absl::StatusOr<SlotSocket> OpenSocket(const ListenAddress& address,
                                                  int* error_number) = 0;
    // listen({fd: n}): the address that its spec declares in that place.
    virtual absl::StatusOr<ListenAddress> DeclaredAddress(int fd) = 0;
    virtual void SendToWorker(const std::string& line, int fd) = 0;
    virtual void OnSocketRefused(const absl::Status& why) = 0;
  };

  NodeCluster(Host& host, NodeSharedData& data);

  void OnMessage(const NodeMessage& message);
  // act:disconnect: closes its servers, ends its connections, and exits.
  void SendDisconnect();

  // Addresses (ListenAddress::Key) that the worker has open now.
  std::set<std::string> OpenAddresses() const;
  // What a later agent must know: one "key address" a line. Also restores.
  std::string ToText() const;
  void FromText(const std::string& text);

  bool listening() const { return listening_; }
  // It listened and has closed everything, or has begun to disconnect.
  bool leaving() const {
    return disconnecting_ || (listening_ && open_.empty());
  }

 private:
  void OnQuery(const NodeMessage& message);
  absl::StatusOr<ListenAddress> AddressOf(const NodeQuery& query);
  void Refuse(const NodeMessage& message, const std::string& key,
              int error_number, const absl::Status& why);

  Host& host_;
  NodeSharedData& data_;
  int64_t next_seq_ = 0;
  bool listening_ = false;
  bool disconnecting_ = false;
  std::map<std::string, std::string> open_;  // Address by the worker's key.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_NODE_CLUSTER_H_
