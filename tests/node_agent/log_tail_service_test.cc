#include "node_agent/log_tail_service.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node_agent/live_log_reader.h"
#include "node_agent/pipe_log_pump.h"
#include "node_agent/thread_log_reader.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// With the real reader on its thread, and real files.
class LogTailServiceTest : public testing::Test {
 protected:
  LogTailServiceTest()
      : loop_(clock_),
        pump_(loop_, transit_, {dir_.path(), "h"}),
        reader_(loop_, pump_, dir_.path()),
        live_(loop_, pump_, reader_),
        service_(live_, pump_, "host-1") {
    std::filesystem::create_directory(dir_.path() + "/web");
    service_.SetSender({[this](v1::LogChunk& chunk) {
                          if (room_ == 0) return false;
                          --room_;
                          bytes_ += chunk.ByteSizeLong();
                          chunks_.push_back(std::move(chunk));
                          return true;
                        },
                        [this](v1::CommandResult result) {
                          results_.push_back(std::move(result));
                        }});
  }

  void Write(const std::string& text) {
    std::ofstream(dir_.path() + "/web/0-out.log", std::ios::app) << text;
  }
  v1::Command Tail(const std::string& id) {
    v1::Command command;
    command.set_id(id);
    command.mutable_tail()->add_apps("web");
    command.mutable_tail()->set_lines(-1);
    return command;
  }
  bool Await(const std::function<bool()>& done) {
    return RunUntil(loop_, done);
  }
  int Lines() const {
    int lines = 0;
    for (const v1::LogChunk& chunk : chunks_) lines += chunk.lines_size();
    return lines;
  }

  TempDir dir_;
  SystemClock clock_;
  EventLoop loop_;
  LogTransit transit_{{}, nullptr};
  PipeLogPump pump_;
  ThreadLogReader reader_;
  LiveLogReader live_;
  LogTailService service_;
  int room_ = 1'000'000;
  size_t bytes_ = 0;
  std::vector<v1::LogChunk> chunks_;
  std::vector<v1::CommandResult> results_;
};

TEST_F(LogTailServiceTest, SendsLinesAndThenTheResult) {
  Write("one\ntwo\n");
  service_.Run(Tail("t"));
  ASSERT_TRUE(Await([&] { return !results_.empty(); }));
  ASSERT_EQ(Lines(), 2);
  const v1::LogLine& line = chunks_[0].lines(1);
  EXPECT_EQ(line.text(), "two");
  EXPECT_EQ(line.host(), "host-1");
  EXPECT_EQ(line.app(), "web");
  EXPECT_EQ(line.stream(), v1::LOG_STREAM_OUT);
  EXPECT_TRUE(chunks_.back().caught_up());
  EXPECT_EQ(results_[0].id(), "t");
  EXPECT_EQ(results_[0].code(), 0);
}

TEST_F(LogTailServiceTest, SendsNoMoreThanItsWindow) {
  std::string line(99, 'x');
  std::string text;
  for (int i = 0; i < 50000; ++i) text += line + "\n";
  Write(text);
  v1::Command command = Tail("t");
  command.mutable_tail()->set_window_bytes(300'000);
  service_.Run(command);
  ASSERT_TRUE(Await([&] { return bytes_ >= 300'000; }));
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(2));
  EXPECT_LT(bytes_, 600'000U);
  EXPECT_TRUE(results_.empty());
  v1::Command more;
  more.mutable_more()->set_id("t");
  more.mutable_more()->set_bytes(1 << 30);
  service_.Run(more);
  ASSERT_TRUE(Await([&] { return !results_.empty(); }));
  EXPECT_EQ(Lines(), 50000);
}

TEST_F(LogTailServiceTest, WaitsForRoomWithOneBatch) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  Write(text);
  room_ = 0;
  service_.Run(Tail("t"));
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(2));
  EXPECT_TRUE(chunks_.empty());
  ASSERT_TRUE(Await([&] {
    room_ = 1;
    service_.Flush();
    return !results_.empty();
  }));
  EXPECT_EQ(Lines(), 20000);
}

TEST_F(LogTailServiceTest, FollowsUntilItIsCancelled) {
  v1::Command command = Tail("t");
  command.mutable_tail()->set_follow(true);
  service_.Run(command);
  ASSERT_TRUE(Await([&] { return !chunks_.empty(); }));
  EXPECT_TRUE(chunks_[0].caught_up());
  std::array<int, 2> fds;
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK), 0);
  UniqueFd out(fds[1]);
  pump_.Add(1, "web", 0, LogStreamKind::kOut, {}, UniqueFd(fds[0]));
  absl::Time before = clock_.WallNow();
  ASSERT_EQ(write(out.get(), "live\n", 5), 5);
  ASSERT_TRUE(Await([&] { return Lines() == 1; }));
  EXPECT_EQ(chunks_.back().lines(0).text(), "live");
  EXPECT_GE(chunks_.back().lines(0).time().seconds(),
            absl::ToUnixSeconds(before));
  v1::Command cancel;
  cancel.mutable_cancel()->set_id("t");
  service_.Run(cancel);
  ASSERT_EQ(write(out.get(), "more\n", 5), 5);
  for (int i = 0; i < 20; ++i) loop_.RunOnce(absl::Milliseconds(2));
  EXPECT_EQ(Lines(), 1);
}

TEST_F(LogTailServiceTest, RefusesABadPatternAndTooManyReaders) {
  v1::Command bad = Tail("bad");
  bad.mutable_tail()->mutable_filter()->set_grep("(");
  service_.Run(bad);
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].code(),
            static_cast<int>(absl::StatusCode::kInvalidArgument));
  for (size_t i = 0; i <= LogTailService::kMaxTails; ++i) {
    v1::Command command = Tail("t" + std::to_string(i));
    command.mutable_tail()->set_follow(true);
    service_.Run(command);
  }
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_[1].code(),
            static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(results_[1].message(), HasSubstr("32 readers"));
}

TEST_F(LogTailServiceTest, EmptiesFiles) {
  Write("one\ntwo\n");
  v1::Command command;
  command.set_id("e");
  command.mutable_empty_logs()->add_apps("web");
  service_.Run(command);
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].code(), 0);
  EXPECT_EQ(results_[0].log_files(), 1);
  EXPECT_EQ(results_[0].log_bytes(), 8);
}

// ------------------------------------------------- what is kept in no file

class UnkeptLogsTest : public LogTailServiceTest {
 protected:
  // The write end of an output of web.0.
  UniqueFd AddOutput(const LogPolicy& policy, WorkerId owner = 1) {
    int ends[2];
    FLEET_CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    pump_.Add(owner, "web", 0, LogStreamKind::kOut, policy, UniqueFd(ends[0]));
    return UniqueFd(ends[1]);
  }
  static void Say(const UniqueFd& fd, const std::string& text) {
    ASSERT_EQ(write(fd.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  v1::Command Follow(const std::string& id) {
    v1::Command command = Tail(id);
    command.mutable_tail()->set_follow(true);
    return command;
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const v1::LogChunk& chunk : chunks_) {
      for (const v1::LogLine& line : chunk.lines()) {
        texts.push_back(line.text());
      }
    }
    return texts;
  }
  std::string Notes() const {
    std::string notes;
    for (const v1::LogChunk& chunk : chunks_) {
      for (const std::string& note : chunk.notes()) notes += note + "\n";
    }
    return notes;
  }
  bool CaughtUp() const {
    return std::any_of(chunks_.begin(), chunks_.end(),
                       [](const auto& chunk) { return chunk.caught_up(); });
  }
};

TEST_F(UnkeptLogsTest, AreFollowedLineByLine) {
  LogPolicy policy;
  policy.disabled = true;
  UniqueFd out = AddOutput(policy);
  Say(out, "before anybody looked\n");
  ASSERT_TRUE(Await([&] { return pump_.Counters(1).bytes > 0; }));
  service_.Run(Follow("t"));
  ASSERT_TRUE(Await([&] { return CaughtUp(); }));
  EXPECT_THAT(Notes(), HasSubstr("web keeps no logs"));
  Say(out, "one\ntw");
  ASSERT_TRUE(Await([&] { return Texts().size() == 1; }));
  Say(out, "o\n");
  ASSERT_TRUE(Await([&] { return Texts().size() == 2; }));
  EXPECT_THAT(Texts(), ElementsAre("one", "two"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() + "/web"));
}

TEST_F(UnkeptLogsTest, OfAFileThatIsNoPlainOneAreFollowedToo) {
  LogPolicy policy;
  policy.out_file = "/dev/null";
  UniqueFd out = AddOutput(policy);
  service_.Run(Follow("t"));
  ASSERT_TRUE(Await([&] { return CaughtUp(); }));
  Say(out, "into nothing\n");
  ASSERT_TRUE(Await([&] { return !Texts().empty(); }));
  EXPECT_THAT(Texts(), ElementsAre("into nothing"));
}

TEST_F(UnkeptLogsTest, AreFilteredAndOnlyThoseThatAreAskedFor) {
  LogPolicy policy;
  policy.disabled = true;
  UniqueFd out = AddOutput(policy);
  v1::Command grep = Follow("grep");
  grep.mutable_tail()->mutable_filter()->set_grep("err");
  v1::Command other = Follow("other");
  other.mutable_tail()->clear_apps();
  other.mutable_tail()->add_apps("api");
  service_.Run(grep);
  service_.Run(other);
  ASSERT_TRUE(Await([&] { return CaughtUp(); }));
  Say(out, "fine\nerror 1\nfine\nerror 2\n");
  ASSERT_TRUE(Await([&] { return Texts().size() >= 2; }));
  EXPECT_THAT(Texts(), ElementsAre("error 1", "error 2"));
}

TEST_F(UnkeptLogsTest, ForWhomDoesNotFollowANoteIsAll) {
  LogPolicy policy;
  policy.disabled = true;
  UniqueFd out = AddOutput(policy);
  service_.Run(Tail("t"));
  ASSERT_TRUE(Await([&] { return !results_.empty(); }));
  EXPECT_THAT(Notes(), HasSubstr("only logs -f shows"));
}

TEST_F(UnkeptLogsTest, ASlowReaderCostsABoundedBuffer) {
  LogPolicy policy;
  policy.disabled = true;
  UniqueFd out = AddOutput(policy);
  service_.Run(Follow("t"));
  ASSERT_TRUE(Await([&] { return CaughtUp(); }));
  room_ = 0;
  const std::string line(999, 'x');
  const int lines = 3 * static_cast<int>(LiveLogReader::kMaxBytes) / 1000;
  for (int i = 0; i < lines; ++i) {
    ASSERT_TRUE(Await([&] {
      return write(out.get(), (line + "\n").data(), line.size() + 1) > 0;
    }));
  }
  ASSERT_TRUE(Await([&] { return pump_.Counters(1).bytes == lines * 1000; }));
  room_ = 1'000'000;
  service_.Flush();
  ASSERT_TRUE(Await([&] {
    return std::any_of(chunks_.begin(), chunks_.end(), [](const auto& chunk) {
      return chunk.skipped_bytes() > 0;
    });
  }));
  EXPECT_LT(Lines(), lines / 2);
}

}  // namespace
}  // namespace fleet::agent
