#include "node_agent/time_marks.h"

#include <algorithm>
#include <iterator>

namespace fleet::agent {
namespace {

// Closer marks say nothing to a person.
constexpr int64_t kMinGapNanos = 10'000'000;

}  // namespace

void TimeMarks::Add(int64_t offset, absl::Time time) {
  int64_t nanos = absl::ToUnixNanos(time);
  if (!marks_.empty()) {
    if (offset <= marks_.back().offset) return;
    // Also when the wall clock was set back: times never fall.
    if (nanos - marks_.back().nanos < kMinGapNanos) return;
  }
  if (marks_.size() == kMaxMarks) DropOne(nanos);
  marks_.push_back({offset, nanos});
}

// The gap that is left, relative to how long ago it was.
void TimeMarks::DropOne(int64_t now) {
  size_t best = 1;
  double best_loss = 0;
  for (size_t i = 1; i + 1 < marks_.size(); ++i) {
    auto gap = static_cast<double>(marks_[i + 1].nanos - marks_[i - 1].nanos);
    double loss = gap / static_cast<double>(now - marks_[i].nanos);
    if (i == 1 || loss < best_loss) {
      best = i;
      best_loss = loss;
    }
  }
  marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(best));
}

std::optional<absl::Time> TimeMarks::TimeOf(int64_t offset) const {
  auto after = std::upper_bound(
      marks_.begin(), marks_.end(), offset,
      [](int64_t wanted, const Mark& mark) { return wanted < mark.offset; });
  if (after == marks_.begin()) return std::nullopt;
  return absl::FromUnixNanos(std::prev(after)->nanos);
}

std::optional<absl::Time> TimeMarks::First() const {
  if (marks_.empty()) return std::nullopt;
  return absl::FromUnixNanos(marks_.front().nanos);
}

}  // namespace fleet::agent
