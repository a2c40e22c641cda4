// The sockets of one address of one app.
#ifndef FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_
#define FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node_agent/held_note.h"
#include "node_agent/keeper_client.h"
#include "node_agent/listen_socket.h"
#include "node_agent/reuseport_program.h"
#include "node_agent/slot_group.h"

namespace fleet::agent {

// One socket per slot in a reuseport group, or one for all slots. Each is held
// by the keeper as "sock/<app uid>/<address>/<slot>", and the group's order as
// "order/<app uid>/<address>".
//
// The program on the group is replaced with every change: first out of the
// program, then closed; first opened, then (when its worker is ready) in.
//
// SocketRegistry owns it. Loop thread only. At most kMaxSlots slots.
class AddressSockets {
 public:
  static constexpr int kMaxSlots = 1024;

  AddressSockets(KeeperClient& keeper, std::string app_uid, std::string key);

  // Takes back a socket that the keeper held.
  void Adopt(int slot, UniqueFd fd);
  void AdoptOrder(UniqueFd note);
  // After the last of these: settles the order.
  void FinishAdopt();

  // Opens what is missing of slots 0 … slots-1 (and of `slot`). On failure
  // what was open stays, and `*error_number` is the errno.
  absl::Status Open(const ListenAddress& address, const OpenOptions& options,
                    bool shared, int slots, int* error_number);
  // -1: not open. A shared socket is every slot's.
  int FdOf(int slot) const;

  void SetLive(const std::set<int>& live);
  // A connection from `source_port` is for `slot` until Unpin.
  void Pin(uint16_t source_port, int slot);
  void Unpin(uint16_t source_port);

  int QueueLength(int slot) const;
  // Shuts the socket down, whoever else has it: it leaves the group now, and
  // what is in its queue is reset.
  void Close(int slot);
  void CloseAll();
  // A worker may have shut its socket down: listens anew.
  void Repair(int slot);

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
  std::string SocketName(int slot) const;
  absl::Status OpenOne(const ListenAddress& address, const OpenOptions& options,
                       int slot, int* error_number);
  void NoteName();
  void Joined(int slot);
  void Left(int slot);
  void ApplyProgram();

  KeeperClient& keeper_;
  const std::string app_uid_;
  const std::string key_;
  bool shared_ = false;
  std::string host_;
  int port_ = 0;
  std::map<int, UniqueFd> sockets_;  // By slot.
  SlotGroup group_;
  // False: the order is not known for sure; the kernel hashes over all.
  bool order_known_ = true;
  HeldNote order_note_;
  std::set<int> live_;
  std::map<uint16_t, int> pins_;  // Slot by source port.
  ReuseportChoice applied_;
  bool has_program_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ADDRESS_SOCKETS_H_
