#include "node_agent/start_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace fleet::agent {
namespace {

// Memory that this program's code takes, in kB.
int64_t CodeInMemory() {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool code = false;
  int64_t sum = 0;
  while (std::getline(maps, line)) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first >> second;
    // "55d0c0000000-55d0c0100000 r-xp …" begins a mapping, "Rss: 4 kB" is in
    // it.
    if (!first.ends_with(':')) {
      code = second.starts_with("r-x") && line.ends_with(self);
    } else if (code && first == "Rss:") {
      sum += std::stoll(second);
    }
  }
  return sum;
}

TEST(StartPages, AreGivenBackAndComeAgainWhenUsed) {
  const int64_t before = CodeInMemory();
  ASSERT_GT(before, 0);
  ReleaseStartPages();
  const int64_t after = CodeInMemory();
  EXPECT_GT(after, 0) << "this very function";
  EXPECT_LT(after, before);
}

}  // namespace
}  // namespace fleet::agent
