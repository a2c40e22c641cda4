// The simulation itself: the same seed is the same story.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <set>
#include <string>
#include <vector>

#include "tests/sim/link.h"
#include "tests/sim/story.h"
#include "tests/sim/timeline.h"

namespace fleet::sim {
namespace {

std::vector<std::string> TraceOf(uint64_t seed) {
  std::vector<std::string> lines;
  Story story(seed);
  story.SetSink([&lines](const std::string& line) { lines.push_back(line); });
  lines.push_back(story.Run());
  return lines;
}

TEST(Story, TheSameSeedGivesTheSameTrace) {
  spdlog::set_level(spdlog::level::off);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<std::string> first = TraceOf(seed);
    const std::vector<std::string> second = TraceOf(seed);
    ASSERT_GT(first.size(), 50u);
    for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
      ASSERT_EQ(first[i], second[i]) << "seed " << seed << ", line " << i;
    }
    ASSERT_EQ(first.size(), second.size()) << "seed " << seed;
  }
}

TEST(Story, SeedsDiffer) {
  spdlog::set_level(spdlog::level::off);
  EXPECT_NE(TraceOf(1), TraceOf(2));
}

TEST(Fate, DrawsEveryKindOfHappening) {
  std::set<std::string> names;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    for (const Happening& h : Fate::Draw(Random(seed), absl::Minutes(5))) {
      names.insert(Fate::Name(h));
    }
  }
  EXPECT_GE(names.size(), 30u);
}

class PipeTest : public testing::Test {
 protected:
  void Send(const std::string& what, absl::Duration delay) {
    pipe_.Send(timeline_, delay, [this, what] { arrived_ += what; });
  }
  void Pass(absl::Duration time) {
    const absl::Time end = timeline_.now() + time;
    while (timeline_.Step(end)) {
    }
  }

  Timeline timeline_{Random(1)};
  Pipe pipe_;
  std::string arrived_;
};

TEST_F(PipeTest, KeepsTheOrderWhateverTheDelays) {
  Send("a", absl::Seconds(2));
  Send("b", absl::Seconds(1));
  Pass(absl::Seconds(1));
  EXPECT_EQ(arrived_, "");
  Pass(absl::Seconds(1));
  EXPECT_EQ(arrived_, "ab");
}

TEST_F(PipeTest, HoldsWhatArrivesWhileItIsBlocked) {
  Send("a", absl::Seconds(1));
  pipe_.Block();
  Pass(absl::Seconds(2));
  Send("b", absl::Seconds(1));
  EXPECT_EQ(arrived_, "");
  pipe_.Unblock(timeline_);
  Pass(absl::Seconds(5));
  EXPECT_EQ(arrived_, "ab");
}

}  // namespace
}  // namespace fleet::sim
