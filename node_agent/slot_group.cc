#include "node_agent/slot_group.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

bool SlotGroup::Leave(SlotLane at) {
  int index = IndexOf(at);
  if (index < 0) return false;
  order_[static_cast<size_t>(index)] = order_.back();
  order_.pop_back();
  return true;
}

int SlotGroup::IndexOf(SlotLane at) const {
  auto it = std::find(order_.begin(), order_.end(), at);
  return it == order_.end() ? -1 : static_cast<int>(it - order_.begin());
}

std::string SlotGroup::ToText() const {
  return absl::StrJoin(order_, ",", [](std::string* out, SlotLane at) {
    absl::StrAppend(out, at.ToText());
  });
}

SlotGroup SlotGroup::FromText(std::string_view text) {
  SlotGroup group;
  for (absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    auto at = SlotLane::FromText(ToStd(part));
    if (at.has_value()) group.Join(*at);
  }
  return group;
}

}  // namespace fleet::agent
