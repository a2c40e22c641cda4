#include "node_agent/time_marks.h"

#include <algorithm>

namespace fleet::agent {
namespace {

// Closer marks say nothing to a person.
constexpr absl::Duration kResolution = absl::Milliseconds(10);

}  // namespace

void TimeMarks::Add(int64_t offset, absl::Time time) {
  if (!marks_.empty()) {
    if (offset <= marks_.back().offset) return;
    // The wall clock may have been set back.
    time = std::max(time, marks_.back().time);
    if (time - marks_.back().time < kResolution) return;
  }
  if (marks_.size() == kMaxMarks) {
    for (size_t i = 1; 2 * i < kMaxMarks; ++i) marks_[i] = marks_[2 * i];
    marks_.resize(kMaxMarks / 2);
  }
  marks_.push_back({offset, time});
}

std::optional<absl::Time> TimeMarks::TimeOf(int64_t offset) const {
  auto after = std::upper_bound(
      marks_.begin(), marks_.end(), offset,
      [](int64_t wanted, const Mark& mark) { return wanted < mark.offset; });
  if (after == marks_.begin()) return std::nullopt;
  return std::prev(after)->time;
}

std::optional<absl::Time> TimeMarks::First() const {
  if (marks_.empty()) return std::nullopt;
  return marks_.front().time;
}

}  // namespace fleet::agent
