#include "node_agent/log_scan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/log_rotation.h"
#include "node_agent/log_times.h"
#include "tests/node_agent/log_text.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1700000000);

absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

class LogScanTest : public testing::Test {
 protected:
  LogScanTest() : paths_(dir_.path()) {
    std::filesystem::create_directory(dir_.path() + "/web");
    query_.apps = {"all"};
    query_.lines = -1;
  }

  std::string Path(const std::string& name) const {
    return dir_.path() + "/web/" + name;
  }
  // Adds text to a file, with the time at which it was written.
  void Write(const std::string& name, double seconds, const std::string& text) {
    std::string path = Path(name);
    std::ofstream(path, std::ios::app) << text;
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    int64_t before = info.st_size - static_cast<int64_t>(text.size());
    std::unique_ptr<LogTimes>& times = times_[info.st_ino];
    if (times == nullptr) {
      times = std::make_unique<LogTimes>(paths_.times_folder());
      times->Open({info.st_dev, info.st_ino}, before, next_serial_++);
    }
    times->Add(before, At(seconds));
    times->Flush();
  }
  void Rotate(const std::string& name, int files) {
    for (int i = files; i >= 1; --i) {
      std::rename(RotatedPath(Path(name), i, false).c_str(),
                  RotatedPath(Path(name), i + 1, false).c_str());
    }
    std::rename(Path(name).c_str(), RotatedPath(Path(name), 1, false).c_str());
  }

  std::unique_ptr<LogScan> Open() {
    auto filter = LogFilter::Make(query_);
    EXPECT_TRUE(filter.ok()) << filter.status();
    return std::make_unique<LogScan>(paths_, query_, *std::move(filter));
  }
  // All that is there now.
  LogBatch Read(LogScan& scan) {
    LogBatch all;
    for (bool more = true; more;) {
      LogBatch batch;
      more = scan.Step(batch);
      for (LogRecord& line : batch.lines) all.lines.push_back(std::move(line));
      all.skipped_bytes += batch.skipped_bytes;
      all.caught_up |= batch.caught_up;
      all.done |= batch.done;
    }
    return all;
  }
  static std::vector<std::string> Texts(const LogBatch& batch) {
    std::vector<std::string> texts;
    for (const LogRecord& line : batch.lines) texts.push_back(line.text);
    return texts;
  }
  std::vector<std::string> Texts() { return Texts(Read(*Open())); }

  TempDir dir_;
  LogPaths paths_;
  LogQuery query_;
  uint64_t next_serial_ = 1;
  std::map<ino_t, std::unique_ptr<LogTimes>> times_;
};

TEST_F(LogScanTest, MergesStreamsByTime) {
  Write("0-out.log", 1, "out 1\n");
  Write("0-err.log", 2, "err 2\n");
  Write("1-out.log", 3, "out 3\n");
  Write("0-out.log", 4, "out 4\nout 4 too\n");
  LogBatch batch = Read(*Open());
  EXPECT_THAT(Texts(batch),
              ElementsAre("out 1", "err 2", "out 3", "out 4", "out 4 too"));
  EXPECT_TRUE(batch.caught_up);
  EXPECT_TRUE(batch.done);
  EXPECT_EQ(batch.lines[1].time, At(2));
  EXPECT_EQ(batch.lines[1].origin.stream, LogStreamKind::kErr);
  EXPECT_EQ(batch.lines[2].origin.slot, 1);
  EXPECT_EQ(batch.lines[2].origin.app, "web");
  EXPECT_LT(batch.lines[3].position, batch.lines[4].position);
}

TEST_F(LogScanTest, LastLinesAreOfEachStreamAndGoBackIntoRotatedFiles) {
  Write("0-out.log", 1, "1\n2\n");
  Rotate("0-out.log", 0);
  Write("0-out.log", 2, "3\n4\n");
  Rotate("0-out.log", 1);
  Write("0-out.log", 3, "5\n6");
  Write("0-err.log", 4, "e1\ne2\n");
  const struct {
    int lines;
    std::vector<std::string> texts;
  } cases[] = {
      {0, {}},
      {1, {"6", "e2"}},
      {2, {"5", "6", "e1", "e2"}},
      {3, {"4", "5", "6", "e1", "e2"}},
      {5, {"2", "3", "4", "5", "6", "e1", "e2"}},
      {100, {"1", "2", "3", "4", "5", "6", "e1", "e2"}},
      {-1, {"1", "2", "3", "4", "5", "6", "e1", "e2"}},
  };
  for (const auto& c : cases) {
    query_.lines = c.lines;
    EXPECT_EQ(Texts(), c.texts) << c.lines;
  }
}

TEST_F(LogScanTest, SinceAndUntilGoByTheTimesOfWriting) {
  for (int i = 0; i < 10; ++i) {
    Write("0-out.log", i, "at " + std::to_string(i) + "\n");
    if (i == 3) Rotate("0-out.log", 0);
  }
  query_.since = At(2);
  query_.until = At(5.5);
  EXPECT_THAT(Texts(), ElementsAre("at 2", "at 3", "at 4", "at 5"));
  query_.lines = 2;
  EXPECT_THAT(Texts(), ElementsAre("at 4", "at 5"));
  query_.since = At(100);
  query_.until = absl::InfiniteFuture();
  EXPECT_THAT(Texts(), IsEmpty());
}

TEST_F(LogScanTest, GrepFindsTheLastLinesThatMatch) {
  for (int i = 0; i < 30000; ++i) {
    Write("0-out.log", 1,
          i % 10000 == 7 ? "ERROR " + std::to_string(i) + "\n" : "fine\n");
  }
  query_.grep = "error [0-9]+$";
  EXPECT_THAT(Texts(), IsEmpty());
  query_.ignore_case = true;
  EXPECT_THAT(Texts(), ElementsAre("ERROR 7", "ERROR 10007", "ERROR 20007"));
  query_.lines = 2;
  EXPECT_THAT(Texts(), ElementsAre("ERROR 10007", "ERROR 20007"));
  query_.lines = 3;
  query_.invert = true;
  EXPECT_THAT(Texts(), ElementsAre("fine", "fine", "fine"));
}

TEST_F(LogScanTest, PatternThatIsNoneIsRefused) {
  query_.grep = "a(b";
  EXPECT_THAT(std::string(LogFilter::Make(query_).status().message()),
              HasSubstr("\"a(b\" is no pattern: missing )"));
  query_.grep = std::string(1001, 'x');
  EXPECT_FALSE(LogFilter::Make(query_).ok());
}

TEST_F(LogScanTest, LongLineIsCutAndTheRestCounted) {
  std::string line(200000, 'x');
  Write("0-out.log", 1, "before\n" + line + "\nafter\n" + line);
  LogBatch batch = Read(*Open());
  ASSERT_EQ(batch.lines.size(), 4U);
  for (size_t i : {1U, 3U}) {
    EXPECT_EQ(batch.lines[i].text.size(), LogCursor::kMaxLine);
    EXPECT_EQ(batch.lines[i].cut_bytes,
              200000 - static_cast<int64_t>(LogCursor::kMaxLine));
  }
  EXPECT_EQ(batch.lines[2].text, "after");
  EXPECT_EQ(batch.lines[2].cut_bytes, 0);
  query_.lines = 3;
  EXPECT_EQ(Read(*Open()).lines.size(), 3U);
}

// ------------------------------------------------------------------ following

TEST_F(LogScanTest, FollowsThroughRotations) {
  query_.follow = true;
  query_.lines = 1;
  Write("0-out.log", 1, "1\n2\n");
  auto scan = Open();
  LogBatch past = Read(*scan);
  EXPECT_THAT(Texts(past), ElementsAre("2"));
  EXPECT_TRUE(past.caught_up);
  EXPECT_FALSE(past.done);
  Write("0-out.log", 2, "3\nunfin");
  scan->OnGrown({Path("0-out.log")});
  LogBatch more = Read(*scan);
  EXPECT_THAT(Texts(more), ElementsAre("3"));
  EXPECT_EQ(more.lines[0].time, At(2));
  Write("0-out.log", 3, "ished\n");
  Rotate("0-out.log", 0);
  Write("0-out.log", 4, "4\n");
  Rotate("0-out.log", 1);
  Write("0-out.log", 5, "5\n");
  scan->OnGrown({Path("0-out.log")});
  EXPECT_THAT(Texts(Read(*scan)), ElementsAre("unfinished", "4", "5"));
  EXPECT_THAT(Texts(Read(*scan)), IsEmpty());
}

TEST_F(LogScanTest, FollowsFilesThatAreNew) {
  query_.follow = true;
  auto scan = Open();
  EXPECT_TRUE(Read(*scan).caught_up);
  Write("0-out.log", 1, "first\n");
  scan->OnGrown({Path("0-out.log")});
  EXPECT_THAT(Texts(Read(*scan)), ElementsAre("first"));
  Write("1-err.log", 2, "second\n");
  Write("0-out.log", 3, "third\n");
  scan->OnGrown({Path("0-out.log"), Path("1-err.log"), "/not/asked/for.log"});
  EXPECT_THAT(Texts(Read(*scan)), ElementsAre("second", "third"));
}

TEST_F(LogScanTest, FollowsAFileThatIsEmptied) {
  query_.follow = true;
  Write("0-out.log", 1, "one\ntwo\n");
  auto scan = Open();
  Read(*scan);
  std::filesystem::resize_file(Path("0-out.log"), 0);
  times_.begin()->second->Clear();
  Write("0-out.log", 2, "three\n");
  scan->OnGrown({Path("0-out.log")});
  EXPECT_THAT(Texts(Read(*scan)), ElementsAre("three"));
}

TEST_F(LogScanTest, OneThatIsTooFarBehindSkipsToWhatIsNew) {
  query_.follow = true;
  query_.lines = 0;
  Write("0-out.log", 1, "old\n");
  auto scan = Open();
  Read(*scan);
  std::string line(99, 'x');
  std::string text;
  while (text.size() < 17 << 20) text += line + "\n";
  Write("0-out.log", 2, text);
  Rotate("0-out.log", 0);
  Write("0-out.log", 3, "new\n");
  scan->OnGrown({Path("0-out.log")});
  LogBatch batch = Read(*scan);
  EXPECT_EQ(batch.skipped_bytes, static_cast<int64_t>(text.size()));
  EXPECT_THAT(Texts(batch), ElementsAre("new"));
}

// Each line comes once, whatever is rotated while it is read.
TEST_F(LogScanTest, RandomWritingRotatingAndReadingLosesNothing) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::string name = std::to_string(seed) + "-out.log";
    query_.apps = {"web." + std::to_string(seed)};
    query_.follow = true;
    query_.lines = -1;
    std::vector<std::string> written;
    std::vector<std::string> read;
    std::unique_ptr<LogScan> scan;
    int files = 0;
    for (int i = 0; i < 300; ++i) {
      written.push_back(std::string(random() % 2000, 'a') + std::to_string(i));
      Write(name, i, written.back() + "\n");
      if (random() % 10 == 0) Rotate(name, files++);
      if (scan == nullptr && random() % 20 == 0) scan = Open();
      if (scan == nullptr || random() % 5 != 0) continue;
      scan->OnGrown({Path(name)});
      for (unsigned steps = random() % 4; steps > 0; --steps) {
        LogBatch batch;
        scan->Step(batch);
        for (LogRecord& line : batch.lines) read.push_back(line.text);
      }
    }
    if (scan == nullptr) scan = Open();
    scan->OnGrown({Path(name)});
    for (std::string& text : Texts(Read(*scan))) read.push_back(text);
    ASSERT_EQ(read, written) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fleet::agent
