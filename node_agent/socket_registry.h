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
#include "node_agent/lane_plan.h"
#include "node_agent/listen_address.h"
#include "node_agent/slot_lane.h"
#include "node_agent/straggler_relay.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// A lane's socket, which stays the registry's.
struct SlotSocket {
  int fd = -1;
  // What the registry knows the address by.
  std::string key;
};

// Opens the sockets of an app, an address, a slot and a lane, keeps them open
// through every death of workers and agents, and says which get connections.
//
// The runtime owns it. Loop thread only. At most 256 addresses an app.
class SocketRegistry {
 public:
  // Wildcard addresses are opened at `bind_address` alone, unless it is empty.
  SocketRegistry(EventLoop& loop, KeeperClient& keeper,
                 std::string bind_address);

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
    // Sockets for slots 0 … slots-1 are opened, and one for `at`.
    int slots = 1;
    SlotLane at;
    // Owner of a Unix socket's path; -1: the agent's own.
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
  };
  // The lane's socket, opened now or before. An error names the address and
  // who has it; `*error_number` is the errno. A port that the app got by
  // asking for any is also found by its number.
  absl::StatusOr<SlotSocket> Open(const OpenRequest& request,
                                  int* error_number);

  // A lane at every address that the app has, for a worker that is about to
  // start: its probes must not reach another's. As far as there is one to open.
  void OpenLane(const std::string& app_uid, SlotLane at);

  // Who gets connections.
  void SetPlan(const std::string& app_uid, const LanePlan& plan);

  // An address of the app on this TCP port, or nullptr.
  AddressSockets* FindPort(const std::string& app_uid, int port);
  std::vector<std::string> Keys(const std::string& app_uid) const;
  bool HasSockets(const std::string& app_uid) const;
  // Some address has a socket per slot.
  bool HasSlotSockets(const std::string& app_uid) const;
  // TCP ports at which slots have sockets of their own.
  std::set<int> SlotPorts(const std::string& app_uid) const;
  // Connections that wait in the lane's own queues; those of sockets that all
  // slots share are not counted.
  int QueueLength(const std::string& app_uid, SlotLane at) const;
  // After a worker's end: listens anew where it has shut a socket down.
  void Repair(const std::string& app_uid, SlotLane at);

  void CloseSlot(const std::string& app_uid, int slot);
  void CloseAddress(const std::string& app_uid, const std::string& key);
  void CloseApp(const std::string& app_uid);

  const std::string& bind_address() const { return bind_address_; }

 private:
  struct App {
    std::string name;
    std::map<std::string, AddressSockets> addresses;  // By key.
    LanePlan plan;
  };

  AddressSockets& AddressOf(const std::string& app_uid, const std::string& key);
  std::string KeyOf(const App& app, const ListenAddress& address) const;
  absl::Status DescribeFailure(const OpenRequest& request,
                               const absl::Status& status,
                               int error_number) const;
  std::string OwnerAmongApps(const std::string& app_uid,
                             const ListenAddress& wanted) const;

  StragglerRelay relay_;
  const AddressSockets::Surroundings around_;
  const std::string bind_address_;
  std::map<std::string, App> apps_;  // By uid.
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SOCKET_REGISTRY_H_
