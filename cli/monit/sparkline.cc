#include "cli/monit/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fleet::cli {
namespace {

constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄",
                                                "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> kAscii = {"_", ".", ",", "-",
                                               "~", "=", "*", "#"};

}  // namespace

std::string Sparkline(const std::deque<double>& values, size_t width,
                      double top, bool utf8) {
  const size_t count = std::min(values.size(), width);
  const auto first = values.end() - static_cast<std::ptrdiff_t>(count);
  double full = top;
  if (full <= 0 && count > 0) full = *std::max_element(first, values.end());
  std::string line(width - count, ' ');
  for (auto value = first; value != values.end(); ++value) {
    double level = full > 0 ? std::floor(*value / full * kBlocks.size()) : 0;
    level = std::clamp(level, 0.0, kBlocks.size() - 1.0);
    line += (utf8 ? kBlocks : kAscii)[static_cast<size_t>(level)];
  }
  return line;
}

}  // namespace fleet::cli
