#include "node_agent/log_file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/log_time_table.h"
#include "tests/node_agent/log_text.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::array<int, 2> fds;
    if (pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) != 0) abort();
    read_.Reset(fds[0]);
    write_.Reset(fds[1]);
    Open(dir_.path() + "/x.log");
  }

  void Open(const std::string& path) {
    path_ = path;
    file_ = std::make_unique<LogFile>(path, dir_.path() + "/times",
                                      [this](LogFile&) { ++rotations_; });
    file_->set_limits(limits_);
    writer_ = file_->AddWriter();
  }
  LogNow Now() const { return {clock_.Now(), clock_.WallNow()}; }
  // The bytes that were lost.
  size_t Write(const std::string& bytes) {
    if (write(write_.get(), bytes.data(), bytes.size()) < 0) abort();
    return file_->Move(read_.get(), bytes, writer_, Now());
  }

  TempDir dir_;
  FakeClock clock_;
  UniqueFd read_;
  UniqueFd write_;
  std::string path_;
  LogFile::Limits limits_ = {1000, 3, {}, false, false};
  int rotations_ = 0;
  std::unique_ptr<LogFile> file_;
  LogFile::Writer writer_ = 0;
};

TEST_F(LogFileTest, RotatesWhenADayIsOver) {
  limits_.interval = absl::Hours(24);
  file_->set_limits(limits_);
  absl::Time midnight =
      absl::FromCivil(absl::CivilDay(absl::ToCivilDay(clock_.WallNow(),
                                                      absl::LocalTimeZone())) +
                          1,
                      absl::LocalTimeZone());
  clock_.JumpWall(midnight - clock_.WallNow() - absl::Seconds(2));
  Write("evening\nunfin");
  clock_.Advance(absl::Seconds(1));
  Write("ished ");
  clock_.Advance(absl::Seconds(2));
  Write("line\n");
  Write("morning\n");
  EXPECT_EQ(ReadAll(path_ + ".1"), "evening\nunfinished line\n");
  EXPECT_EQ(ReadAll(path_), "morning\n");
  EXPECT_EQ(rotations_, 1);
  // Also an agent that was away at midnight.
  clock_.Advance(absl::Hours(30));
  clock_.JumpWall(absl::Now() + absl::Hours(48) - clock_.WallNow());
  Open(path_);
  Write("later\n");
  EXPECT_EQ(ReadAll(path_), "later\n");
  EXPECT_EQ(ReadAll(path_ + ".1"), "morning\n");
}

// A worker that may write to the folder puts a link where its log was.
TEST_F(LogFileTest, IsNotWrittenThroughAWorkersLink) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Write("before\n");
  const std::string precious = dir_.path() + "/precious";
  std::ofstream(precious) << "data";
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(precious, path_);
  ASSERT_EQ(lchown(path_.c_str(), 65534, 65534), 0);
  clock_.Advance(absl::Seconds(2));
  EXPECT_GT(Write("root::0:0:\n"), 0u);
  EXPECT_EQ(ReadAll(precious), "data");
  // Its own file again.
  std::filesystem::remove(path_);
  clock_.Advance(absl::Minutes(2));
  Write("after\n");
  EXPECT_THAT(ReadAll(path_), HasSubstr("after\n"));
}

TEST_F(LogFileTest, ClockThatIsSetBackRotatesNothing) {
  limits_.interval = absl::Hours(1);
  file_->set_limits(limits_);
  Write("one\n");
  clock_.JumpWall(-absl::Hours(24 * 365));
  Write("two\n");
  EXPECT_EQ(rotations_, 0);
}

TEST_F(LogFileTest, SerialsAndTimesFollowTheFiles) {
  Write("one\n");
  uint64_t first = file_->times().serial();
  file_->Rotate(Now());
  Write("two\n");
  EXPECT_EQ(file_->times().serial(), first + 1);
  file_->RemoveWriter(writer_);
  struct stat info {};
  ASSERT_EQ(stat((path_ + ".1").c_str(), &info), 0);
  LogTimeTable table = LogTimeTable::Open(
      LogTimes::PathOf(dir_.path() + "/times", {info.st_dev, info.st_ino}));
  EXPECT_EQ(table.serial(), first);
  EXPECT_EQ(table.TimeAt(0), clock_.WallNow());
  // Another agent, whose file is gone, goes on counting.
  std::filesystem::rename(path_, path_ + ".1");
  Open(path_);
  Write("three\n");
  EXPECT_EQ(file_->times().serial(), first + 2);
}

// As logrotate does: without a word to us, or with one.
TEST_F(LogFileTest, LeavesARenamedFileAtTheEndOfALine) {
  Write("one\ntw");
  std::filesystem::rename(path_, path_ + "-20240209");
  clock_.Advance(absl::Seconds(2));
  Write("o\n");
  Write("three\n");
  EXPECT_EQ(ReadAll(path_ + "-20240209"), "one\ntwo\n");
  EXPECT_EQ(ReadAll(path_), "three\n");
  std::filesystem::rename(path_, path_ + "-20240210");
  file_->Reopen();
  Write("four\n");
  EXPECT_EQ(ReadAll(path_), "four\n");
  EXPECT_EQ(ReadAll(path_ + "-20240210"), "three\n");
}

TEST_F(LogFileTest, EmptyTakesTheRotatedOnesToo) {
  Write("one\n");
  file_->Rotate(Now());
  Write("two\n");
  auto removed = file_->Empty();
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->files, 2);
  EXPECT_EQ(removed->bytes, 8);
  EXPECT_EQ(ReadAll(path_), "");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".1"));
  Write("three\n");
  EXPECT_EQ(ReadAll(path_), "three\n");
}

TEST_F(LogFileTest, NoneIsKeptWhereNoneIsWanted) {
  limits_.max_files = 0;
  file_->set_limits(limits_);
  Write("one\n");
  file_->Rotate(Now());
  Write("two\n");
  EXPECT_EQ(ReadAll(path_), "two\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".1"));
}

TEST_F(LogFileTest, FewerAreKeptFromTheNextRotationOn) {
  for (int i = 0; i < 4; ++i) {
    Write(std::to_string(i) + "\n");
    file_->Rotate(Now());
  }
  EXPECT_TRUE(std::filesystem::exists(path_ + ".3"));
  limits_.max_files = 1;
  file_->set_limits(limits_);
  Write("last\n");
  file_->Rotate(Now());
  EXPECT_EQ(ReadAll(path_ + ".1"), "last\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".2"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".3"));
}

// A kill within a rotation leaves a gap.
TEST_F(LogFileTest, GapInTheNumbersIsFilled) {
  std::ofstream(path_ + ".2") << "older\n";
  std::ofstream(path_ + ".3") << "oldest\n";
  Write("one\n");
  file_->Rotate(Now());
  EXPECT_EQ(ReadAll(path_ + ".1"), "one\n");
  EXPECT_EQ(ReadAll(path_ + ".2"), "older\n");
  EXPECT_EQ(ReadAll(path_ + ".3"), "oldest\n");
  EXPECT_EQ(RotatedLogs(path_).size(), 3U);
}

// A file system of its own, which is full soon.
class SmallDiskTest : public LogFileTest {
 protected:
  SmallDiskTest() {
    disk_ = dir_.path() + "/disk";
    std::filesystem::create_directory(disk_);
    mounted_ = mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=256k") == 0;
    if (mounted_) Open(disk_ + "/x.log");
  }
  ~SmallDiskTest() override {
    file_.reset();
    if (mounted_) umount(disk_.c_str());
  }

  std::string disk_;
  bool mounted_ = false;
};

TEST_F(SmallDiskTest, SaysWhatIsMissingWhenThereIsRoomAgain) {
  if (!mounted_) GTEST_SKIP() << "cannot mount a tmpfs here";
  limits_.max_size = 0;
  file_->set_limits(limits_);
  Write("first\n");
  std::ofstream(disk_ + "/filler") << std::string(250 << 10, 'x');
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Write("lost\n"), 5U);
  EXPECT_EQ(Write("lost too\n"), 9U);
  EXPECT_THAT(
      file_->problem(),
      HasSubstr("x.log: No space left on device (less than 5.12 KB are "
                "left, which logs leave to everything else); 14 bytes"));
  std::filesystem::remove(disk_ + "/filler");
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Write("written\n"), 0U);
  EXPECT_EQ(file_->problem(), "");
  EXPECT_EQ(file_->lost_bytes(), 14);
  EXPECT_THAT(ReadAll(path_),
              StartsWith("first\n[fleet] 14 bytes of output are missing here: "
                         "cannot write "));
  EXPECT_TRUE(ReadAll(path_).ends_with("\nwritten\n"));
}

TEST_F(SmallDiskTest, TornLineIsEndedAndTheNoticeIsJsonInAJsonFile) {
  if (!mounted_) GTEST_SKIP() << "cannot mount a tmpfs here";
  limits_.max_size = 0;
  limits_.json = true;
  file_->set_limits(limits_);
  ASSERT_TRUE(file_->Prepare(Now()));
  std::string text(300 << 10, 'y');
  size_t lost =
      file_->WriteAt(file_->Spot(writer_, false), text, writer_, Now());
  EXPECT_GT(lost, 0U);
  std::filesystem::resize_file(path_, 100);
  clock_.Advance(absl::Seconds(2));
  ASSERT_TRUE(file_->Prepare(Now()));
  EXPECT_THAT(ReadAll(path_).substr(100), StartsWith("\n{\"timestamp\":\""));
  EXPECT_THAT(ReadAll(path_), HasSubstr("\"type\":\"fleet\",\"message\":\""));
}

}  // namespace
}  // namespace fleet::agent
