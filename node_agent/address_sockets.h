// The sockets of one address of one app.
#ifndef FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_
#define FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/held_note.h"
#include "node_agent/keeper_client.h"
#include "node_agent/lane_plan.h"
#include "node_agent/listen_socket.h"
#include "node_agent/reuseport_program.h"
#include "node_agent/slot_group.h"
#include "node_agent/straggler_relay.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// One socket per slot and lane in a reuseport group, or one for all. Each is
// held by the keeper as "sock/<app uid>/<address>/<slot>[.<lane>]", and the
// group's order as "order/<app uid>/<address>".
//
// The program on the group is replaced with every change: first out of the
// program, then closed; first opened, then (when its worker may serve) in.
// While nobody serves, connections wait in the slots' home lanes.
//
// TCP lanes that nobody attends are watched: what still comes there is carried
// to a lane that serves (straggler_relay.h). So are all for a worker's
// shutdown(), which takes a socket out of the group behind our back.
//
// Should the order ever be unknown (two sockets left the group unseen), the
// kernel hashes over all, slots get no further lane (a worker and its
// replacement share one), and those nobody attends are closed.
//
// SocketRegistry owns it. Loop thread only. At most kMaxSlots slots.
class AddressSockets {
 public:
  static constexpr int kMaxSlots = 1024;

  // All outlive it.
  struct Surroundings {
    EventLoop& loop;
    KeeperClient& keeper;
    StragglerRelay& relay;
  };

  AddressSockets(const Surroundings& around, std::string app_uid,
                 std::string key);
  ~AddressSockets();
  AddressSockets(const AddressSockets&) = delete;
  AddressSockets& operator=(const AddressSockets&) = delete;

  // Takes back a socket that the keeper held.
  void Adopt(SlotLane at, UniqueFd fd);
  void AdoptOrder(UniqueFd note);
  // After the last of these: settles the order.
  void FinishAdopt();

  // Opens `at`, and lane 0 of those of the slots 0 … slots-1 that have none.
  // On failure what was open stays, and `*error_number` is the errno.
  absl::Status Open(const ListenAddress& address, const OpenOptions& options,
                    bool shared, int slots, SlotLane at, int* error_number);
  // -1: not open. A shared socket is every lane's; a lane that could not be
  // opened has the slot's lowest.
  int FdOf(SlotLane at) const;
  // The two lanes have one socket.
  bool SameSocket(SlotLane a, SlotLane b) const {
    return Resolve(a) == Resolve(b);
  }

  void SetPlan(const LanePlan& plan);
  // A connection from `source_port` is for `at` until Unpin.
  void Pin(uint16_t source_port, SlotLane at);
  void Unpin(uint16_t source_port);

  // Connections that wait there, or for UDP whether anything does.
  int QueueLength(SlotLane at) const;
  // Shuts the slot's sockets down, whoever else has them: they leave the group
  // now. What is in their queues is carried on as far as there is room, or
  // reset.
  void Close(int slot);
  void CloseAll();
  // A worker may have shut its socket down: listens anew.
  void Repair(SlotLane at);

  const std::string& key() const { return key_; }
  // `wanted` cannot be opened beside it.
  bool Overlaps(const ListenAddress& wanted) const;
  int port() const { return port_; }
  // Where it really is, as a number.
  const std::string& host() const { return host_; }
  bool udp() const;
  bool shared() const { return shared_; }
  bool empty() const { return sockets_.empty(); }

 private:
  struct Socket {
    UniqueFd fd;
    // Epoll events that it is watched for; nothing: it is not.
    std::optional<uint32_t> watched;
    EventLoop::TimerId rescue_timer = 0;
  };

  std::string SocketName(SlotLane at) const;
  absl::Status OpenOne(const ListenAddress& address, const OpenOptions& options,
                       SlotLane at, int* error_number);
  bool HasSlot(int slot) const;
  // What `at` really is here: itself, or what it shares.
  SlotLane Resolve(SlotLane at) const;
  // One that is in the group: what a worker has shut down is in none.
  int MemberFd() const;
  void NoteName();
  void NoteOrder();
  void CloseLane(SlotLane at);

  // address_program.cc: who gets connections.
  int HomeOf(int slot) const;
  bool IsAttended(SlotLane at) const;
  ReuseportChoice Choose() const;
  void ApplyProgram();
  void CloseUnattended();

  // address_program.cc: what the sockets themselves say.
  void Watch(SlotLane at, Socket& socket);
  void Unwatch(Socket& socket);
  void OnEvents(SlotLane at, uint32_t events);
  void OnShutDown(SlotLane at, Socket& socket);
  void RescueLater(SlotLane at, Socket& socket);
  void Rescue(SlotLane at);

  const Surroundings around_;
  const std::string app_uid_;
  const std::string key_;
  bool shared_ = false;
  std::string host_;
  int port_ = 0;
  std::map<SlotLane, Socket> sockets_;
  SlotGroup group_;
  bool order_known_ = true;
  HeldNote order_note_;
  LanePlan plan_;
  std::map<uint16_t, SlotLane> pins_;  // By source port.
  // As of the last ApplyProgram.
  bool any_serving_ = false;
  ReuseportChoice applied_;
  bool has_program_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_
