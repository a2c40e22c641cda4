// The parts of the logs that only compute or look for files.
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/line_ring.h"
#include "node_agent/log_paths.h"
#include "node_agent/log_query.h"
#include "node_agent/log_selection.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;

TEST(LineRingTest, KeepsTheLastLines) {
  LineRing ring;
  for (int i = 0; i < 250; ++i) ring.Add(std::to_string(i) + "\n");
  EXPECT_THAT(ring.Last(2), ElementsAre("248", "249"));
  EXPECT_EQ(ring.Last(1000).size(), LineRing::kMaxLines);
}

TEST(LineRingTest, KeepsNoMoreThanItsBytes) {
  LineRing ring;
  ring.Add("first\n");
  ring.Add(std::string(LineRing::kMaxBytes + 10, 'x') + "end\n");
  ASSERT_EQ(ring.Last(10).size(), 1U);
  EXPECT_EQ(ring.Last(1)[0].size(), LineRing::kMaxBytes);
  EXPECT_TRUE(ring.Last(1)[0].ends_with("end"));
}

TEST(WithoutFramesTest, AShortTraceIsWhole) {
  const std::vector<std::string> lines = {"Error: no", "    at f", "}"};
  EXPECT_EQ(WithoutFrames(lines, 3), lines);
}

TEST(WithoutFramesTest, OfALongOneTheErrorIsKept) {
  const std::vector<std::string> lines = {
      "before", "Error: no", "    at f", "\tat g", "at rest", "    at h", "}"};
  EXPECT_THAT(WithoutFrames(lines, 5),
              ElementsAre("before", "Error: no", "at rest", "    at h", "}"));
  EXPECT_THAT(WithoutFrames(lines, 3),
              ElementsAre("Error: no", "at rest", "}"));
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
    LogQuery query;
    query.apps = c.terms;
    LogSelection selection(query);
    EXPECT_EQ(selection.Matches({c.app, c.slot, LogStreamKind::kOut}),
              c.matches)
        << c.app << " " << c.slot;
  }
  LogQuery query;
  query.apps = {"all"};
  query.out = false;
  LogSelection errors(query);
  EXPECT_FALSE(errors.Matches({"web", 0, LogStreamKind::kOut}));
  EXPECT_TRUE(errors.Matches({"web", 0, LogStreamKind::kErr}));
}

TEST(LogPathsTest, FindsStandardAndOwnPlacesAgain) {
  TempDir dir;
  LogPaths paths(dir.path() + "/logs");
  LogPolicy standard;
  LogPolicy own;
  own.out_file = dir.path() + "/own-%i.log";
  LogPolicy merged;
  merged.merge = true;
  EXPECT_THAT(paths.Resolve({"web", 2, LogStreamKind::kErr}, standard),
              ElementsAre(dir.path() + "/logs/web/2-err.log"));
  EXPECT_THAT(paths.Resolve({"web", 2, LogStreamKind::kOut}, own),
              ElementsAre(dir.path() + "/own-2.log"));
  EXPECT_THAT(paths.Resolve({"all-in-one", 1, LogStreamKind::kOut}, merged),
              ElementsAre(dir.path() + "/logs/all-in-one/out.log"));
  std::ofstream(dir.path() + "/logs/web/2-err.log") << "x";
  std::ofstream(dir.path() + "/logs/web/2-err.log.1") << "x";
  LogQuery query;
  query.apps = {"web.2"};
  std::vector<LogPlace> found = paths.Find(LogSelection(query));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, dir.path() + "/logs/web/2-err.log");
  EXPECT_EQ(found[1].path, dir.path() + "/own-2.log");
  EXPECT_EQ(found[1].origin.slot, 2);
  // Back in the standard place, the other file is left alone.
  EXPECT_THAT(paths.Resolve({"web", 2, LogStreamKind::kOut}, standard),
              ElementsAre(dir.path() + "/logs/web/2-out.log"));
  EXPECT_FALSE(std::filesystem::is_symlink(dir.path() + "/logs/web/2-out.log"));
}

TEST(LogPathsTest, FileOfBothOutputsComesOnTop) {
  TempDir dir;
  LogPaths paths(dir.path());
  LogPolicy policy;
  policy.log_file = "auto";
  EXPECT_THAT(paths.Resolve({"web", 2, LogStreamKind::kErr}, policy),
              ElementsAre(dir.path() + "/web/2-err.log",
                          dir.path() + "/web/2-all.log"));
  policy.merge = true;
  EXPECT_THAT(
      paths.Resolve({"web", 2, LogStreamKind::kOut}, policy),
      ElementsAre(dir.path() + "/web/out.log", dir.path() + "/web/all.log"));
  policy.log_file = "/var/log/%i.log";
  policy.out_file = "/var/log/2.log";
  EXPECT_THAT(paths.Resolve({"web", 2, LogStreamKind::kOut}, policy),
              ElementsAre("/var/log/2.log"));
}

}  // namespace
}  // namespace fleet::agent
