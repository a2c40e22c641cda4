#include "node_agent/slot_group.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::agent {

bool SlotGroup::Leave(int slot) {
  int index = IndexOf(slot);
  if (index < 0) return false;
  order_[static_cast<size_t>(index)] = order_.back();
  order_.pop_back();
  return true;
}

int SlotGroup::IndexOf(int slot) const {
  auto it = std::find(order_.begin(), order_.end(), slot);
  return it == order_.end() ? -1 : static_cast<int>(it - order_.begin());
}

std::string SlotGroup::ToText() const { return absl::StrJoin(order_, ","); }

SlotGroup SlotGroup::FromText(std::string_view text) {
  SlotGroup group;
  for (absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    int slot = 0;
    if (absl::SimpleAtoi(part, &slot)) group.Join(slot);
  }
  return group;
}

}  // namespace fleet::agent
