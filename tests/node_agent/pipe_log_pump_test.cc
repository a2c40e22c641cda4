#include "node_agent/pipe_log_pump.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/node_agent/log_text.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PipeLogPumpTest : public testing::Test {
 protected:
  PipeLogPumpTest() : loop_(clock_) { MakePump(); }

  void MakePump() {
    pump_.reset();
    pump_ = std::make_unique<PipeLogPump>(
        loop_, transit_, LogPumpOptions{dir_.path() + "/l", "host-1"});
  }

  // The write end; `kept` gets a duplicate of the read end, as the keeper has.
  UniqueFd Add(WorkerId owner, LogStreamKind stream, const LogPolicy& policy,
               int slot = 0, UniqueFd* kept = nullptr) {
    std::array<int, 2> fds;
    if (pipe2(fds.data(), O_CLOEXEC) != 0) abort();
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    if (kept != nullptr) kept->Reset(fcntl(fds[0], F_DUPFD_CLOEXEC, 3));
    pump_->Add(owner, "web", slot, stream, policy, UniqueFd(fds[0]));
    return UniqueFd(fds[1]);
  }
  static void Write(const UniqueFd& fd, const std::string& text) {
    ASSERT_EQ(write(fd.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  // Time passes: nobody writes so often that it is read by the clock.
  void Turn(int turns = 3) {
    for (int i = 0; i < turns; ++i) {
      clock_.Advance(absl::Milliseconds(2));
      loop_.RunOnce(absl::ZeroDuration());
    }
  }
  std::string Path(const std::string& name) const {
    return dir_.path() + "/l/web/" + name;
  }

  TempDir dir_;
  FakeClock clock_;
  EventLoop loop_;
  LogTransit transit_{{}, nullptr};
  std::unique_ptr<PipeLogPump> pump_;
  LogPolicy policy_;
};

TEST_F(PipeLogPumpTest, WritesBytesAsTheyCome) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  UniqueFd err = Add(1, LogStreamKind::kErr, policy_);
  Write(out, "one\ntw");
  Write(err, "bad\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "one\ntw");
  EXPECT_EQ(ReadAll(Path("0-err.log")), "bad\n");
  Write(out, "o\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "one\ntwo\n");
}

TEST_F(PipeLogPumpTest, FinishWritesWhatIsInThePipe) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "last words");
  pump_->Finish(1);
  EXPECT_EQ(ReadAll(Path("0-out.log")), "last words");
}

TEST_F(PipeLogPumpTest, EndsALineThatItsWriterLeft) {
  UniqueFd first = Add(1, LogStreamKind::kOut, policy_);
  Write(first, "panic: no newline");
  Turn();
  first.Reset();
  Turn();
  UniqueFd second = Add(2, LogStreamKind::kOut, policy_);
  Write(second, "started\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "panic: no newline\nstarted\n");
}

TEST_F(PipeLogPumpTest, AWorkerThatSaidNothingLeavesNoFile) {
  { UniqueFd silent = Add(1, LogStreamKind::kOut, policy_); }
  Turn();
  EXPECT_FALSE(std::filesystem::exists(Path("0-out.log")));
}

TEST_F(PipeLogPumpTest, KeepsLinesWholeInAFileOfTwo) {
  policy_.merge = true;
  UniqueFd a = Add(1, LogStreamKind::kOut, policy_, 0);
  UniqueFd b = Add(2, LogStreamKind::kOut, policy_, 1);
  Write(a, "a1\na-beg");
  Write(b, "b1\nb-beg");
  Turn();
  EXPECT_THAT(ReadAll(Path("out.log")), "a1\nb1\n");
  Write(b, "in\n");
  Turn();
  Write(a, "in\n");
  Turn();
  EXPECT_THAT(ReadAll(Path("out.log")), "a1\nb1\nb-begin\na-begin\n");
}

TEST_F(PipeLogPumpTest, UnfinishedLineIsWrittenAfterASecond) {
  policy_.merge = true;
  UniqueFd a = Add(1, LogStreamKind::kOut, policy_, 0);
  UniqueFd b = Add(2, LogStreamKind::kOut, policy_, 1);
  Write(a, "prompt> ");
  Turn();
  EXPECT_EQ(ReadAll(Path("out.log")), "");
  clock_.Advance(absl::Milliseconds(1100));
  Turn();
  EXPECT_EQ(ReadAll(Path("out.log")), "prompt> ");
  // Another one waits for it likewise, and then goes on in a new line.
  Write(b, "b\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("out.log")), "prompt> ");
  clock_.Advance(absl::Milliseconds(1100));
  Turn();
  EXPECT_EQ(ReadAll(Path("out.log")), "prompt> \nb\n");
}

TEST_F(PipeLogPumpTest, HungUpStreamOfASharedFileIsWrittenWhole) {
  policy_.merge = true;
  UniqueFd a = Add(1, LogStreamKind::kOut, policy_, 0);
  UniqueFd b = Add(2, LogStreamKind::kOut, policy_, 1);
  Write(a, "unfinished");
  Turn();
  a.Reset();
  Turn();
  EXPECT_EQ(ReadAll(Path("out.log")), "unfinished");
}

TEST_F(PipeLogPumpTest, RotatesBetweenLines) {
  policy_.max_size_bytes = 1000;
  policy_.max_files = 3;
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    std::string line =
        std::to_string(i) + std::string(static_cast<size_t>(i % 90), '.');
    all += line + "\n";
    Write(out, line + "\n");
    if (i % 7 == 0) Turn(1);
  }
  Turn();
  std::string kept = ReadRotated(Path("0-out.log"), 3);
  EXPECT_TRUE(all.ends_with(kept));
  EXPECT_GT(kept.size(), 2500U);
  for (const char* name :
       {"0-out.log", "0-out.log.1", "0-out.log.2", "0-out.log.3"}) {
    std::string text = ReadAll(Path(name));
    EXPECT_LE(text.size(), 1000U);
    EXPECT_TRUE(text.ends_with("\n"));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("0-out.log.4")));
}

TEST_F(PipeLogPumpTest, LongLineStaysInOneFileWithinReason) {
  policy_.max_size_bytes = 100;
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  std::string line(30000, 'x');
  Write(out, "short\n" + line);
  Turn();
  Write(out, line + "\nnext\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log.2")), "short\n");
  EXPECT_EQ(ReadAll(Path("0-out.log.1")), line + line + "\n");
  EXPECT_EQ(ReadAll(Path("0-out.log")), "next\n");
}

// ------------------------------------------------------------ text that is
// made

TEST_F(PipeLogPumpTest, LinesGetTheTime) {
  policy_.date_format = "[t]X";
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "one\ntw");
  Turn();
  absl::Time first = clock_.WallNow();
  std::string stamp = "t" + std::to_string(absl::ToUnixSeconds(first)) + ": ";
  EXPECT_EQ(ReadAll(Path("0-out.log")), stamp + "one\n");
  Write(out, "o\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), stamp + "one\n" + stamp + "two\n");
  Write(out, "last words");
  pump_->Finish(1);
  EXPECT_TRUE(ReadAll(Path("0-out.log")).ends_with(stamp + "last words\n"));
}

TEST_F(PipeLogPumpTest, FileOfBothOutputsGetsThemInOrder) {
  policy_.log_file = dir_.path() + "/both.log";
  policy_.error_file = "/dev/null";
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  UniqueFd err = Add(1, LogStreamKind::kErr, policy_);
  Write(out, "one\n");
  Turn();
  Write(err, "two\n");
  Turn();
  Write(out, "three\n");
  Turn();
  EXPECT_EQ(ReadAll(policy_.log_file), "one\ntwo\nthree\n");
  EXPECT_EQ(ReadAll(Path("0-out.log")), "one\nthree\n");
  EXPECT_EQ(pump_->lost_bytes(), 0);
}

TEST_F(PipeLogPumpTest, OneOfTwoFilesThatFailsDoesNotStopTheOther) {
  policy_.log_file = "/dev/full";
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "one\n");
  Turn();
  Write(out, "two\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "one\ntwo\n");
  EXPECT_EQ(pump_->lost_bytes(), 8);
  EXPECT_EQ(pump_->Counters(1).lost_bytes, 8);
  EXPECT_EQ(pump_->Counters(1).bytes, 8);
  EXPECT_THAT(pump_->Problem("web"), HasSubstr("/dev/full"));
}

TEST_F(PipeLogPumpTest, FilesOfTextAreRotatedBetweenLines) {
  policy_.date_format = "[t]";
  policy_.max_size_bytes = 1000;
  policy_.max_files = 100;
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  std::string all;
  for (int i = 0; i < 500; ++i) {
    std::string line = std::to_string(i) + std::string(i % 90U, '.') + "\n";
    all += "t: " + line;
    Write(out, line);
    if (i % 7 == 0) Turn(1);
  }
  Write(out, std::string(3000, 'x') + "\n");
  all += "t: " + std::string(3000, 'x') + "\n";
  Turn();
  EXPECT_EQ(ReadRotated(Path("0-out.log"), 100), all);
  EXPECT_EQ(ReadAll(Path("0-out.log")).size(), 3004U);
  EXPECT_LE(ReadAll(Path("0-out.log.1")).size(), 1000U);
  EXPECT_GT(ReadAll(Path("0-out.log.2")).size(), 850U);
}

TEST_F(PipeLogPumpTest, LineThatFillsItsPipeIsCutIntoPieces) {
  policy_.json = true;
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  fcntl(out.get(), F_SETFL, O_NONBLOCK);
  std::string line(300000, 'x');
  size_t written = 0;
  while (written < line.size()) {
    ssize_t n = write(out.get(), line.data() + written, line.size() - written);
    if (n > 0) written += static_cast<size_t>(n);
    Turn(1);
  }
  Write(out, "\n");
  Turn();
  std::istringstream pieces(ReadAll(Path("0-out.log")));
  std::string piece;
  std::string message;
  bool partial = true;
  while (std::getline(pieces, piece)) {
    auto json = nlohmann::json::parse(piece);
    message += json["message"];
    partial = json.contains("partial");
  }
  EXPECT_EQ(message, line);
  EXPECT_FALSE(partial);
}

TEST_F(PipeLogPumpTest, FullPipesAreCountedAndWidened) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, std::string(65536, 'x'));
  Turn();
  EXPECT_EQ(pump_->Counters(1).full_pipes, 1);
  EXPECT_EQ(pump_->Counters(1).bytes, 65536);
  EXPECT_GE(fcntl(out.get(), F_GETPIPE_SZ), 65536);
  Write(out, "little\n");
  Turn();
  EXPECT_EQ(pump_->Counters(1).full_pipes, 1);
  pump_->Forget(1);
  EXPECT_EQ(pump_->Counters(1).bytes, 0);
}

// Who writes a line at a time, all the time, is read once a millisecond.
TEST_F(PipeLogPumpTest, BusyWriterOfSmallBitsIsReadByTheClock) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  for (int i = 0; i < 20; ++i) {
    Write(out, "line\n");
    loop_.RunOnce(absl::ZeroDuration());
  }
  EXPECT_LT(ReadAll(Path("0-out.log")).size(), 100U);
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")).size(), 100U);
  // Not when it is quiet again, and not at its end.
  Turn();
  Write(out, "later\n");
  loop_.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(ReadAll(Path("0-out.log")).size(), 106U);
}

// ----------------------------------------------------------------- for others

TEST_F(PipeLogPumpTest, TellsAWatcherWhatWasWrittenTo) {
  std::vector<std::string> told;
  pump_->SetWatcher([&](const std::vector<std::string>& paths) {
    told.insert(told.end(), paths.begin(), paths.end());
  });
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  UniqueFd err = Add(1, LogStreamKind::kErr, policy_);
  for (int i = 0; i < 5; ++i) Write(out, "line\n");
  Write(err, "line\n");
  Turn(1);
  EXPECT_TRUE(told.empty());
  clock_.Advance(absl::Milliseconds(5));
  Turn();
  EXPECT_THAT(told, ElementsAre(Path("0-err.log"), Path("0-out.log")));
  pump_->SetWatcher(nullptr);
  Write(out, "line\n");
  Turn(9);
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(PipeLogPumpTest, EmptiesAndReopensWhatIsNamed) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  UniqueFd err = Add(1, LogStreamKind::kErr, policy_);
  Write(out, "one\n");
  Write(err, "bad\n");
  Turn();
  std::filesystem::create_directory(dir_.path() + "/l/old");
  std::ofstream(dir_.path() + "/l/old/3-out.log") << "of a stopped app\n";
  EXPECT_EQ(pump_->Empty({"other"}).files, 0);
  LogFilesDone done = pump_->Empty({"all"});
  EXPECT_EQ(done.files, 3);
  EXPECT_EQ(done.bytes, 25);
  EXPECT_EQ(ReadAll(dir_.path() + "/l/old/3-out.log"), "");
  std::filesystem::rename(Path("0-out.log"), Path("moved"));
  EXPECT_EQ(pump_->Reopen({"web.0"}).files, 2);
  Write(out, "two\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "two\n");
  EXPECT_EQ(ReadAll(Path("moved")), "");
}

TEST_F(PipeLogPumpTest, StderrTailOutlivesThePipe) {
  UniqueFd err = Add(9, LogStreamKind::kErr, policy_);
  Write(err, "Error: first\n  at line 1\nunfinished");
  Turn();
  EXPECT_THAT(pump_->StderrTail(9, 2),
              ElementsAre("  at line 1", "unfinished"));
  err.Reset();
  Turn();
  EXPECT_THAT(pump_->StderrTail(9, 2),
              ElementsAre("  at line 1", "unfinished"));
  pump_->Forget(9);
  EXPECT_TRUE(pump_->StderrTail(9, 2).empty());
}

TEST_F(PipeLogPumpTest, DisabledLogsStillFeedTheStderrTail) {
  policy_.disabled = true;
  UniqueFd err = Add(9, LogStreamKind::kErr, policy_);
  Write(err, "oops\n");
  Turn();
  EXPECT_THAT(pump_->StderrTail(9, 5), ElementsAre("oops"));
  EXPECT_FALSE(std::filesystem::exists(Path("0-err.log")));
  EXPECT_EQ(pump_->lost_bytes(), 0);
}

TEST_F(PipeLogPumpTest, WhatCannotBeWrittenIsCountedAndSaid) {
  policy_.out_file = dir_.path() + "/folder";
  std::filesystem::create_directory(policy_.out_file);
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "lost\n");
  Turn();
  EXPECT_THAT(pump_->Problem("web"), HasSubstr(policy_.out_file));
  EXPECT_THAT(pump_->Problem("web"), HasSubstr("Is a directory"));
  EXPECT_EQ(pump_->Problem("other"), "");
  EXPECT_EQ(pump_->lost_bytes(), 5);
  std::filesystem::remove(policy_.out_file);
  clock_.Advance(absl::Seconds(6));
  Write(out, "written\n");
  Turn();
  EXPECT_THAT(ReadAll(policy_.out_file),
              testing::MatchesRegex(
                  "\\[fleet\\] 5 bytes of output are missing here: cannot "
                  "open .*\nwritten\n"));
  EXPECT_EQ(pump_->Problem("web"), "");
}

TEST_F(PipeLogPumpTest, FullDiskStopsNobody) {
  policy_.out_file = "/dev/full";
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  for (int i = 0; i < 100; ++i) {
    Write(out, std::string(50000, 'x') + "\n");
    Turn();
  }
  EXPECT_EQ(pump_->lost_bytes(), 100 * 50001);
  EXPECT_THAT(pump_->Problem(""), HasSubstr("No space left"));
}

TEST_F(PipeLogPumpTest, GoesOnInAFileThatOthersTruncateOrDelete) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "one\n");
  Turn();
  std::filesystem::resize_file(Path("0-out.log"), 0);
  Write(out, "two\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "two\n");
  std::filesystem::remove(Path("0-out.log"));
  Write(out, "three\n");
  Turn();
  EXPECT_EQ(ReadAll(Path("0-out.log")), "three\n");
}

// At most a chunk a turn: the other stream is served in between.
TEST_F(PipeLogPumpTest, FastWriterStarvesNobody) {
  UniqueFd fast = Add(1, LogStreamKind::kOut, policy_, 0);
  UniqueFd slow = Add(2, LogStreamKind::kOut, policy_, 1);
  fcntl(fast.get(), F_SETPIPE_SZ, 1 << 20);
  Write(fast, std::string((1 << 20) - 1, 'x') + "\n");
  Write(slow, "here\n");
  Turn(1);
  EXPECT_EQ(ReadAll(Path("1-out.log")), "here\n");
  EXPECT_LT(ReadAll(Path("0-out.log")).size(), 300000U);
}

}  // namespace
}  // namespace fleet::agent
