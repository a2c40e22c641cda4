#include "node_agent/start_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {
namespace {

// Has the kernel map all of it.
void UseAllCode() {
  extern const char begin __asm__("__executable_start");
  extern const char end __asm__("etext");
  const auto first = reinterpret_cast<uintptr_t>(&begin);
  const auto length = reinterpret_cast<uintptr_t>(&end) - first;
  ASSERT_EQ(madvise(reinterpret_cast<void*>(first), length, MADV_POPULATE_READ),
            0);
}

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
  UseAllCode();
  const int64_t before = CodeInMemory();
  ASSERT_GT(before, 0);
  ReleaseStartPages();
  const int64_t after = CodeInMemory();
  EXPECT_GT(after, 0) << "this very function";
  EXPECT_LT(after, before);
}

TEST(SettledRelease, GivesBackOnceAfterTheLastOfSeveralChanges) {
  FakeClock clock;
  EventLoop loop(clock);
  SettledRelease release(loop);
  release.OnChange();
  clock.Advance(SettledRelease::kAfter / 2);
  release.OnChange();
  clock.Advance(SettledRelease::kAfter * 3 / 4);
  loop.RunOnce(absl::ZeroDuration());
  EXPECT_NE(loop.NextDue(), absl::InfiniteFuture())
      << "the second change has not settled";

  UseAllCode();
  const int64_t before = CodeInMemory();
  clock.Advance(SettledRelease::kAfter / 4);
  loop.RunOnce(absl::ZeroDuration());
  EXPECT_LT(CodeInMemory(), before);
  EXPECT_EQ(loop.NextDue(), absl::InfiniteFuture()) << "it comes again";
}

}  // namespace
}  // namespace fleet::agent
