// The parts of the log pump that only compute or read.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/line_ring.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_selection.h"
#include "node_agent/log_tail.h"
#include "node_agent/time_marks.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;

TEST(LineRingTest, KeepsTheLastLines) {
  LineRing ring;
  for (int i = 0; i < 250; ++i) ring.Add(std::to_string(i));
  EXPECT_THAT(ring.Last(2), ElementsAre("248", "249"));
  EXPECT_EQ(ring.Last(1000).size(), LineRing::kMaxLines);
}

TEST(LineRingTest, KeepsNoMoreThanItsBytes) {
  LineRing ring;
  ring.Add("first");
  ring.Add(std::string(LineRing::kMaxBytes + 10, 'x') + "end");
  ASSERT_EQ(ring.Last(10).size(), 1U);
  EXPECT_EQ(ring.Last(1)[0].size(), LineRing::kMaxBytes);
  EXPECT_TRUE(ring.Last(1)[0].ends_with("end"));
}

TEST(TimeMarksTest, CoversAWholeFileWithFewMarks) {
  TimeMarks marks;
  absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_FALSE(marks.TimeOf(5).has_value());
  for (int i = 1; i <= 10000; ++i) {
    marks.Add(i * 10, start + absl::Seconds(i));
  }
  EXPECT_FALSE(marks.TimeOf(9).has_value());
  EXPECT_EQ(marks.TimeOf(10), start + absl::Seconds(1));
  // The older, the coarser.
  for (int i : {10, 500, 5000, 9000, 9900, 10000}) {
    absl::Duration off = start + absl::Seconds(i) - *marks.TimeOf(i * 10);
    EXPECT_GE(off, absl::ZeroDuration());
    EXPECT_LT(off, absl::Seconds(1 + (10000 - i) / 10)) << i;
  }
}

TEST(LogSelectionTest, MatchesNamesGlobsAndInstances) {
  struct Case {
    std::vector<std::string> terms;
    const char* app;
    int slot;
    bool matches;
  };
  const std::vector<Case> cases = {
      {{"web"}, "web", 3, true},
      {{"web"}, "webs", 3, false},
      {{"w*"}, "web", 0, true},
      {{"all"}, "any", 1, true},
      {{"web.3"}, "web", 3, true},
      {{"web.3"}, "web", 2, false},
      {{"a.b"}, "a.b", 0, true},
      {{"a.b.1"}, "a.b", 1, true},
      {{"w*.1"}, "web", 1, true},
      {{"all.1"}, "web", 0, false},
      {{"x", "web"}, "web", 0, true},
      {{}, "web", 0, false},
      {{"web.2"}, "web", LogSelection::kAnySlot, true},
  };
  for (const Case& c : cases) {
    LogSelection selection(LogQuery{c.terms});
    EXPECT_EQ(selection.Matches(c.app, c.slot, LogStreamKind::kOut), c.matches)
        << c.app << " " << c.slot;
  }
  LogSelection errors(LogQuery{{"all"}, 15, false, true});
  EXPECT_FALSE(errors.Matches("web", 0, LogStreamKind::kOut));
  EXPECT_TRUE(errors.Matches("web", 0, LogStreamKind::kErr));
}

class LogTailTest : public testing::Test {
 protected:
  void Write(const std::string& suffix, const std::string& text) {
    std::ofstream(path_ + suffix) << text;
  }
  std::vector<std::string> Texts(size_t count,
                                 const TimeMarks* marks = nullptr) {
    std::vector<std::string> texts;
    for (const TailLine& line : ReadLogTail(path_, count, 1 << 20, marks)) {
      texts.push_back(line.text);
    }
    return texts;
  }

  TempDir dir_;
  std::string path_ = dir_.path() + "/x.log";
};

TEST_F(LogTailTest, ReadsBackIntoRotatedFiles) {
  Write("", "5\n6");
  Write(".1", "3\n4\n");
  Write(".2", "1\n2\n");
  EXPECT_THAT(Texts(1), ElementsAre("6"));
  EXPECT_THAT(Texts(2), ElementsAre("5", "6"));
  EXPECT_THAT(Texts(3), ElementsAre("4", "5", "6"));
  EXPECT_THAT(Texts(5), ElementsAre("2", "3", "4", "5", "6"));
  EXPECT_EQ(Texts(100).size(), 6U);
}

TEST_F(LogTailTest, MissingFileHasNoLines) { EXPECT_TRUE(Texts(5).empty()); }

TEST_F(LogTailTest, FindsLineStartsAcrossBlocks) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  Write("", text);
  std::vector<std::string> texts = Texts(15000);
  ASSERT_EQ(texts.size(), 15000U);
  EXPECT_EQ(texts.front(), "line 5000");
  EXPECT_EQ(texts.back(), "line 19999");
}

TEST_F(LogTailTest, TakesTimesFromMarksAndNeverGoesBack) {
  Write("", "old\nnew\nnewer\n");
  TimeMarks marks;
  absl::Time start = absl::FromUnixSeconds(1700000000);
  marks.Add(4, start);
  marks.Add(8, start + absl::Seconds(5));
  std::vector<TailLine> lines = ReadLogTail(path_, 10, 1 << 20, &marks);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].time, start);
  EXPECT_EQ(lines[1].time, start);
  EXPECT_EQ(lines[2].time, start + absl::Seconds(5));
}

TEST(LogPathsTest, FindsStandardAndOwnPlacesAgain) {
  TempDir dir;
  LogPaths paths(dir.path() + "/logs");
  LogPolicy standard;
  LogPolicy own;
  own.out_file = dir.path() + "/own-%i.log";
  LogPolicy merged;
  merged.merge = true;
  EXPECT_EQ(paths.Resolve("web", 2, LogStreamKind::kErr, standard),
            dir.path() + "/logs/web/2-err.log");
  EXPECT_EQ(paths.Resolve("web", 2, LogStreamKind::kOut, own),
            dir.path() + "/own-2.log");
  EXPECT_EQ(paths.Resolve("all-in-one", 1, LogStreamKind::kOut, merged),
            dir.path() + "/logs/all-in-one/out.log");
  std::ofstream(dir.path() + "/logs/web/2-err.log") << "x";
  std::ofstream(dir.path() + "/logs/web/2-err.log.1") << "x";
  std::vector<LogPlace> found = paths.Find(LogSelection(LogQuery{{"web.2"}}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, dir.path() + "/logs/web/2-err.log");
  EXPECT_EQ(found[1].path, dir.path() + "/own-2.log");
  EXPECT_EQ(found[1].slot, 2);
  // Back in the standard place, the other file is left alone.
  EXPECT_EQ(paths.Resolve("web", 2, LogStreamKind::kOut, standard),
            dir.path() + "/logs/web/2-out.log");
  EXPECT_FALSE(std::filesystem::is_symlink(dir.path() + "/logs/web/2-out.log"));
}

}  // namespace
}  // namespace fleet::agent
