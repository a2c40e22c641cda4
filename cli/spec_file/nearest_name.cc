#include "cli/spec_file/nearest_name.h"

#include <algorithm>
#include <cctype>

namespace fleet::cli {
namespace {

std::string Folded(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    folded += c == '-' ? '_' : static_cast<char>(std::tolower(c));
  }
  return folded;
}

// Optimal string alignment: Levenshtein with swaps of neighbours.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string NearestName(std::string_view name,
                        const std::vector<std::string>& candidates) {
  constexpr size_t kLongestName = 64;
  if (name.size() > kLongestName) return "";
  const std::string wanted = Folded(name);
  // In a short word two letters are most of it.
  const size_t most =
      wanted.size() <= 4 ? 1 : std::max<size_t>(2, wanted.size() / 3);
  size_t best = most + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(wanted, Folded(candidate));
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace fleet::cli
