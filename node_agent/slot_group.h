// The order of the sockets in a kernel reuseport group.
#ifndef FLEET_NODE_AGENT_SLOT_GROUP_H_
#define FLEET_NODE_AGENT_SLOT_GROUP_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "node_agent/slot_lane.h"

namespace fleet::agent {

// A program on the group names a socket by its index, and the kernel tells
// nobody which that is. So its rule is followed here: a socket that joins (by
// listen, or by bind for UDP) comes last; when one leaves, the last takes its
// place (net/core/sock_reuseport.c).
//
// Pure, one per address. At most 4,096 sockets.
class SlotGroup {
 public:
  void Join(SlotLane at) { order_.push_back(at); }
  // False: it was not in the group.
  bool Leave(SlotLane at);

  // -1: not in the group.
  int IndexOf(SlotLane at) const;
  // Sockets by index.
  const std::vector<SlotLane>& order() const { return order_; }
  size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }

  // "0,1,0.1", and back; what is no socket is left out.
  std::string ToText() const;
  static SlotGroup FromText(std::string_view text);

 private:
  std::vector<SlotLane> order_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SLOT_GROUP_H_
