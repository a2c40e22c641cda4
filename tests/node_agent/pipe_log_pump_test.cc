#include "node_agent/pipe_log_pump.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The file with its rotated predecessors, in the order of writing.
std::string ReadRotated(const std::string& path, int files) {
  std::string text;
  for (int i = files; i >= 1; --i) {
    text += ReadAll(path + "." + std::to_string(i));
  }
  return text + ReadAll(path);
}

class PipeLogPumpTest : public testing::Test {
 protected:
  PipeLogPumpTest() : loop_(clock_) { MakePump(); }

  void MakePump() {
    pump_.reset();
    pump_ = std::make_unique<PipeLogPump>(loop_,
                                          LogPumpOptions{dir_.path() + "/l"});
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
  void Turn(int turns = 3) {
    for (int i = 0; i < turns; ++i) loop_.RunOnce(absl::ZeroDuration());
  }
  std::string Path(const std::string& name) const {
    return dir_.path() + "/l/web/" + name;
  }

  TempDir dir_;
  FakeClock clock_;
  EventLoop loop_;
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

// The pump ends anywhere in a random stream, and another goes on.
TEST_F(PipeLogPumpTest, NothingIsLostOrDoubledAcrossPumps) {
  policy_.max_size_bytes = 20000;
  policy_.max_files = 100;
  std::mt19937 random(4711);
  UniqueFd kept;
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_, 0, &kept);
  std::string all;
  for (int i = 0; i < 2000; ++i) {
    std::string piece(random() % 300, static_cast<char>('a' + i % 26));
    if (random() % 3 != 0) piece += '\n';
    all += piece;
    Write(out, piece);
    if (random() % 4 == 0) Turn(1);
    if (random() % 20 == 0) {
      MakePump();
      pump_->Add(1, "web", 0, LogStreamKind::kOut, policy_,
                 UniqueFd(fcntl(kept.get(), F_DUPFD_CLOEXEC, 3)));
    }
  }
  pump_->Finish(1);
  EXPECT_EQ(ReadRotated(Path("0-out.log"), 100), all);
}

// The same with a process that is killed wherever it is.
TEST_F(PipeLogPumpTest, NothingIsLostOrDoubledWhenThePumpIsKilled) {
  policy_.max_size_bytes = 100000;
  policy_.max_files = 100;
  std::array<int, 2> fds;
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  std::string all;
  int line = 0;
  for (int round = 0; round < 40; ++round) {
    pid_t pid = fork();
    if (pid == 0) {
      close(fds[1]);
      SystemClock clock;
      EventLoop loop(clock);
      PipeLogPump pump(loop, {dir_.path() + "/l"});
      pump.Add(1, "web", 0, LogStreamKind::kOut, policy_, UniqueFd(fds[0]));
      loop.Run();
      _exit(0);
    }
    for (int i = 0; i < 800; ++i) {
      std::string text = "line " + std::to_string(line++) + " of many\n";
      all += text;
      ASSERT_EQ(write(fds[1], text.data(), text.size()),
                static_cast<ssize_t>(text.size()));
    }
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  pump_->Add(1, "web", 0, LogStreamKind::kOut, policy_, UniqueFd(fds[0]));
  pump_->Finish(1);
  close(fds[1]);
  EXPECT_EQ(ReadRotated(Path("0-out.log"), 100), all);
}

TEST_F(PipeLogPumpTest, FollowersGetWholeLines) {
  std::vector<std::string> lines;
  LogPump::Subscription all =
      pump_->Subscribe(LogQuery{{"web"}}, [&](const LogRecord& record) {
        lines.push_back(record.app + "." + std::to_string(record.slot) + " " +
                        record.text);
      });
  int others = 0;
  pump_->Subscribe(LogQuery{{"other"}}, [&](const LogRecord&) { ++others; });
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_, 4);
  Write(out, "on");
  Turn();
  Write(out, "e\ntwo\nthr");
  Turn();
  EXPECT_THAT(lines, ElementsAre("web.4 one", "web.4 two"));
  pump_->Unsubscribe(all);
  Write(out, "ee\n");
  Turn();
  EXPECT_EQ(lines.size(), 2U);
  EXPECT_EQ(others, 0);
}

TEST_F(PipeLogPumpTest, FollowerMayLeaveWithinItsCallback) {
  int seen = 0;
  LogPump::Subscription id = 0;
  id = pump_->Subscribe(LogQuery{{"web"}}, [&](const LogRecord&) {
    ++seen;
    pump_->Unsubscribe(id);
  });
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  Write(out, "1\n2\n3\n");
  Turn();
  EXPECT_EQ(seen, 1);
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
  EXPECT_EQ(pump_->dropped_bytes(), 0);
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
  EXPECT_EQ(pump_->dropped_bytes(), 5);
  std::filesystem::remove(policy_.out_file);
  clock_.Advance(absl::Seconds(6));
  Write(out, "written\n");
  Turn();
  EXPECT_EQ(ReadAll(policy_.out_file), "written\n");
  EXPECT_EQ(pump_->Problem("web"), "");
}

TEST_F(PipeLogPumpTest, FullDiskStopsNobody) {
  policy_.out_file = "/dev/full";
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  for (int i = 0; i < 100; ++i) {
    Write(out, std::string(50000, 'x') + "\n");
    Turn();
  }
  EXPECT_EQ(pump_->dropped_bytes(), 100 * 50001);
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

TEST_F(PipeLogPumpTest, LastMergesStreamsByTime) {
  UniqueFd out = Add(1, LogStreamKind::kOut, policy_);
  UniqueFd err = Add(1, LogStreamKind::kErr, policy_);
  for (int i = 0; i < 3; ++i) {
    Write(out, "out " + std::to_string(i) + "\n");
    Turn();
    clock_.Advance(absl::Seconds(1));
    Write(err, "err " + std::to_string(i) + "\n");
    Turn();
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<std::string> texts;
  for (const LogRecord& record : pump_->Last(LogQuery{{"web"}, 2})) {
    texts.push_back(record.text);
  }
  EXPECT_THAT(texts, ElementsAre("out 1", "err 1", "out 2", "err 2"));
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
  EXPECT_LT(ReadAll(Path("0-out.log")).size(), 100000U);
}

}  // namespace
}  // namespace fleet::agent
