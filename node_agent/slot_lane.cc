#include "node_agent/slot_lane.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

std::string SlotLane::ToText() const {
  return lane == 0 ? absl::StrCat(slot) : absl::StrCat(slot, ".", lane);
}

std::optional<SlotLane> SlotLane::FromText(std::string_view text) {
  SlotLane at;
  size_t dot = text.find('.');
  if (!absl::SimpleAtoi(ToAbsl(text.substr(0, dot)), &at.slot)) {
    return std::nullopt;
  }
  if (dot != std::string_view::npos &&
      !absl::SimpleAtoi(ToAbsl(text.substr(dot + 1)), &at.lane)) {
    return std::nullopt;
  }
  if (at.slot < 0 || at.lane < 0) return std::nullopt;
  return at;
}

}  // namespace fleet::agent
