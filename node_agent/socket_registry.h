// Every listening socket of this host's apps.
#ifndef FLEET_NODE_AGENT_SOCKET_REGISTRY_H_
#define FLEET_NODE_AGENT_SOCKET_REGISTRY_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node_agent/address_sockets.h"
#include "node_agent/keeper_client.h"
#include "node_agent/listen_address.h"

namespace fleet::agent {

// A slot's socket, which stays the registry's.
struct SlotSocket {
  int fd = -1;
  // What the registry knows the address by.
  std::string key;
};

// Opens the sockets of an app, an address and a slot, keeps them open through
// every death of workers and agents, and says which slots get connections.
//
// The runtime owns it. Loop thread only. At most 256 addresses an app.
class SocketRegistry {
 public:
  // Wildcard addresses are opened at `bind_address` alone, unless it is empty.
  SocketRegistry(KeeperClient& keeper, std::string bind_address);

  // Takes what is a socket (or the order of some) out of an inventory; false:
  // it is none. FinishAdopt after the last.
  bool Adopt(Inventory::Held& held);
  void FinishAdopt();
  // For messages about conflicts. Open does it too.
  void NameApp(const std::string& app_uid, const std::string& name);

  struct OpenRequest {
    std::string app_uid;
    std::string app;
    ListenAddress address;
    bool shared = false;
    // Sockets for slots 0 … slots-1 are opened, and one for `slot`.
    int slots = 1;
    int slot = 0;
    // Owner of a Unix socket's path; -1: the agent's own.
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
  };
  // The slot's socket, opened now or before. An error names the address and
  // who has it; `*error_number` is the errno. A port that the app got by
  // asking for any is also found by its number.
  absl::StatusOr<SlotSocket> Open(const OpenRequest& request,
                                  int* error_number);

  // Which slots have a worker that is ready. None: all get connections.
  void SetLive(const std::string& app_uid, const std::set<int>& live);

  // An address of the app on this TCP port, or nullptr.
  AddressSockets* FindPort(const std::string& app_uid, int port);
  std::vector<std::string> Keys(const std::string& app_uid) const;
  bool HasSockets(const std::string& app_uid) const;
  // Some address has a socket per slot.
  bool HasSlotSockets(const std::string& app_uid) const;
  // Connections that wait in the slot's own queues; those of sockets that all
  // slots share are not counted.
  int QueueLength(const std::string& app_uid, int slot) const;
  // After a worker's end: listens anew where it has shut a socket down.
  void Repair(const std::string& app_uid, int slot);

  void CloseSlot(const std::string& app_uid, int slot);
  void CloseAddress(const std::string& app_uid, const std::string& key);
  void CloseApp(const std::string& app_uid);

  const std::string& bind_address() const { return bind_address_; }

 private:
  struct App {
    std::string name;
    std::map<std::string, AddressSockets> addresses;  // By key.
    std::set<int> live;
  };

  AddressSockets& AddressOf(const std::string& app_uid, const std::string& key);
  std::string KeyOf(const App& app, const ListenAddress& address) const;
  absl::Status DescribeFailure(const OpenRequest& request,
                               const absl::Status& status,
                               int error_number) const;
  std::string OwnerAmongApps(const std::string& app_uid,
                             const ListenAddress& wanted) const;

  KeeperClient& keeper_;
  const std::string bind_address_;
  std::map<std::string, App> apps_;  // By uid.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SOCKET_REGISTRY_H_
