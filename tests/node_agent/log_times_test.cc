#include "node_agent/log_times.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "node_agent/log_time_table.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1700000000);
constexpr LogFileId kFile = {7, 42};

class LogTimesTest : public testing::Test {
 protected:
  LogTimeTable Table() {
    return LogTimeTable::Open(LogTimes::PathOf(folder_, kFile));
  }
  std::optional<double> SecondsAt(int64_t offset) {
    auto time = Table().TimeAt(offset);
    if (!time.has_value()) return std::nullopt;
    return absl::ToDoubleSeconds(*time - kStart);
  }

  TempDir dir_;
  std::string folder_ = dir_.path() + "/times";
  LogTimes times_{folder_};
};

TEST_F(LogTimesTest, TellsWhenABytesWasWritten) {
  times_.Open(kFile, 0, 5);
  times_.Add(0, kStart);
  times_.Add(100, kStart + absl::Seconds(1));
  times_.Add(200, kStart + absl::Seconds(1.001));  // Too close to the last.
  times_.Add(300, kStart + absl::Seconds(2));
  EXPECT_EQ(Table().count(), 0U);
  times_.Flush();
  EXPECT_EQ(Table().serial(), 5U);
  EXPECT_EQ(SecondsAt(0), 0);
  EXPECT_EQ(SecondsAt(99), 0);
  EXPECT_EQ(SecondsAt(250), 1);
  EXPECT_EQ(SecondsAt(9000), 2);
  EXPECT_EQ(Table().OffsetAt(kStart), 0);
  EXPECT_EQ(Table().OffsetAt(kStart + absl::Seconds(1)), 0);
  EXPECT_EQ(Table().OffsetAt(kStart + absl::Seconds(1.5)), 100);
  EXPECT_EQ(Table().OffsetAt(kStart + absl::Hours(1)), 300);
}

TEST_F(LogTimesTest, NextAgentGoesOn) {
  times_.Open(kFile, 0, 5);
  times_.Add(10, kStart);
  times_.Flush();
  // Killed within a mark.
  std::ofstream(LogTimes::PathOf(folder_, kFile), std::ios::app) << "torn";
  LogTimes next(folder_);
  next.Open(kFile, 500, 9);
  EXPECT_EQ(next.serial(), 5U);
  next.Add(500, kStart + absl::Seconds(3));
  next.Flush();
  EXPECT_EQ(Table().count(), 2U);
  EXPECT_EQ(SecondsAt(499), 0);
  EXPECT_EQ(SecondsAt(500), 3);
}

TEST_F(LogTimesTest, MarksOfAnotherFileOfThatNumberDoNotCount) {
  times_.Open(kFile, 0, 5);
  times_.Add(1000, kStart);
  times_.Flush();
  LogTimes next(folder_);
  next.Open(kFile, 20, 9);
  EXPECT_EQ(next.serial(), 9U);
  next.Add(20, kStart + absl::Seconds(1));
  next.Flush();
  EXPECT_EQ(SecondsAt(19), std::nullopt);
  EXPECT_EQ(SecondsAt(20), 1);
  // Emptied: its readers see another file.
  next.Clear();
  next.Add(0, kStart + absl::Seconds(2));
  next.Flush();
  EXPECT_EQ(Table().serial(), 10U);
  EXPECT_EQ(Table().count(), 1U);
}

TEST_F(LogTimesTest, IsBoundedAndStaysTrue) {
  times_.Open(kFile, 0, 1);
  constexpr int kLines = 100'000;
  for (int i = 0; i < kLines; ++i) {
    times_.Add(i * 10, kStart + absl::Milliseconds(20) * i);
  }
  times_.Flush();
  LogTimeTable table = Table();
  EXPECT_LE(table.count(), LogTimes::kMaxMarks);
  EXPECT_GT(table.count(), LogTimes::kMaxMarks / 4);
  EXPECT_LT(std::filesystem::file_size(LogTimes::PathOf(folder_, kFile)),
            200'000U);
  absl::Duration gap = absl::Nanoseconds(table.gap_nanos());
  EXPECT_LE(gap, absl::Seconds(1));
  for (int i = 0; i < kLines; i += 997) {
    absl::Duration off =
        kStart + absl::Milliseconds(20) * i - *table.TimeAt(i * 10);
    EXPECT_GE(off, absl::ZeroDuration());
    EXPECT_LT(off, 2 * gap + absl::Milliseconds(40)) << i;
  }
}

TEST_F(LogTimesTest, ClockThatIsSetBackIsFollowed) {
  times_.Open(kFile, 0, 1);
  times_.Add(0, kStart + absl::Hours(24 * 365));
  times_.Add(10, kStart);
  times_.Add(20, kStart + absl::Seconds(10));
  times_.Flush();
  EXPECT_EQ(SecondsAt(15), 0);
  // What seems to be of the future may be wanted.
  EXPECT_EQ(Table().OffsetAt(kStart + absl::Seconds(5)), 0);
}

TEST_F(LogTimesTest, FolderThatCannotBeWrittenHarmsNothing) {
  std::ofstream(dir_.path() + "/file") << "x";
  LogTimes times(dir_.path() + "/file/times");
  times.Open(kFile, 0, 1);
  for (int i = 0; i < 1000; ++i) times.Add(i, kStart + absl::Seconds(i));
  times.Flush();
  EXPECT_FALSE(times.pending());
}

}  // namespace
}  // namespace fleet::agent
