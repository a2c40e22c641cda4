// One of the sockets that a slot has at an address.
#ifndef FLEET_NODE_AGENT_SLOT_LANE_H_
#define FLEET_NODE_AGENT_SLOT_LANE_H_

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::agent {

// A worker and its replacement are in one slot and in two lanes of it, so that
// each has a listening socket of its own and connections can be sent to the
// one and not to the other. Lanes are opened as they are needed; a slot that
// has never been reloaded has lane 0 alone.
//
// A value.
struct SlotLane {
  int slot = 0;
  int lane = 0;

  auto operator<=>(const SlotLane&) const = default;

  // "3" in lane 0, "3.1" in the next; and back.
  std::string ToText() const;
  static std::optional<SlotLane> FromText(std::string_view text);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_SLOT_LANE_H_
