#include "node_agent/line_ring.h"

#include <algorithm>

namespace fleet::agent {

void LineRing::Add(std::string_view line) {
  if (line.size() > kMaxBytes) line.remove_prefix(line.size() - kMaxBytes);
  lines_.emplace_back(line);
  bytes_ += line.size();
  while (lines_.size() > kMaxLines || bytes_ > kMaxBytes) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
  }
}

std::vector<std::string> LineRing::Last(size_t count) const {
  size_t n = std::min(count, lines_.size());
  return {lines_.end() - static_cast<std::ptrdiff_t>(n), lines_.end()};
}

}  // namespace fleet::agent
