// The log pump whose agent is killed: nothing is lost or doubled.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "node_agent/pipe_log_pump.h"
#include "tests/node_agent/log_text.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

// What each form makes of a line, undone: the lines that were written.
std::vector<std::string> Lines(const std::string& text,
                               const LogPolicy& policy) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (policy.json) {
      line = nlohmann::json::parse(line)["message"];
    } else if (!policy.date_format.empty()) {
      EXPECT_TRUE(line.starts_with("t: ")) << line;
      line.erase(0, 3);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<LogPolicy> EveryForm(const std::string& folder) {
  std::vector<LogPolicy> policies(5);
  policies[1].date_format = "[t]";
  policies[2].json = true;
  policies[3].log_file = folder + "/both.log";
  policies[4].log_file = folder + "/both.log";
  policies[4].json = true;
  for (LogPolicy& policy : policies) {
    policy.max_size_bytes = 20000;
    policy.max_files = 1000;
  }
  return policies;
}

class LogKillTest : public testing::TestWithParam<int> {
 protected:
  LogKillTest() : policy_(EveryForm(dir_.path())[GetParam()]) {
    if (pipe2(fds_.data(), O_CLOEXEC) != 0) abort();
    fcntl(fds_[0], F_SETFL, O_NONBLOCK);
    LogTransit made({}, [this](const std::string& name, int fd) {
      kept_.emplace_back(name, UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)));
    });
  }
  ~LogKillTest() override { close(fds_[1]); }

  // The next agent, with what its keeper has.
  struct Agent {
    explicit Agent(const LogKillTest& test, const Clock& clock)
        : loop(clock),
          transit(test.Held(), nullptr),
          pump(loop, transit, {test.dir_.path() + "/l", "host-1"}) {
      pump.Add(1, "web", 0, LogStreamKind::kOut, test.policy_,
               UniqueFd(fcntl(test.fds_[0], F_DUPFD_CLOEXEC, 3)));
    }
    EventLoop loop;
    LogTransit transit;
    PipeLogPump pump;
  };
  std::vector<Inventory::Held> Held() const {
    std::vector<Inventory::Held> held;
    for (const auto& [name, fd] : kept_) {
      held.push_back({name, UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3))});
    }
    return held;
  }
  void Write(const std::string& text) {
    ASSERT_EQ(write(fds_[1], text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  void ExpectAll(const std::vector<std::string>& lines) {
    std::string path = dir_.path() + "/l/web/0-out.log";
    EXPECT_EQ(Lines(ReadRotated(path, 1000), policy_), lines);
    if (policy_.log_file.empty()) return;
    EXPECT_EQ(Lines(ReadRotated(policy_.log_file, 1000), policy_), lines);
  }

  TempDir dir_;
  std::array<int, 2> fds_;
  std::vector<std::pair<std::string, UniqueFd>> kept_;
  LogPolicy policy_;
};

// Random chunks, rotations, and agents that end between any two turns.
TEST_P(LogKillTest, NothingIsLostOrDoubledAcrossAgents) {
  std::mt19937 random(4711);
  FakeClock clock;
  auto agent = std::make_unique<Agent>(*this, clock);
  std::vector<std::string> lines;
  std::string begun;
  for (int i = 0; i < 2000; ++i) {
    std::string piece(random() % 300, static_cast<char>('a' + i % 26));
    begun += piece;
    if (random() % 3 != 0) {
      piece += '\n';
      lines.push_back(std::exchange(begun, ""));
    }
    Write(piece);
    clock.Advance(absl::Milliseconds(2));
    if (random() % 4 == 0) agent->loop.RunOnce(absl::ZeroDuration());
    if (random() % 20 == 0) {
      agent.reset();
      agent = std::make_unique<Agent>(*this, clock);
    }
    // A pipe holds few of such small writes.
    for (int turn = 0; i % 40 == 0 && turn < 5; ++turn) {
      agent->loop.RunOnce(absl::ZeroDuration());
    }
  }
  Write("\n");
  lines.push_back(begun);
  agent->pump.Finish(1);
  ExpectAll(lines);
}

// The same with processes that are killed wherever they are.
TEST_P(LogKillTest, NothingIsLostOrDoubledWhenAgentsAreKilled) {
  std::vector<std::string> lines;
  for (int round = 0; round < 30; ++round) {
    pid_t pid = fork();
    if (pid == 0) {
      SystemClock clock;
      Agent agent(*this, clock);
      agent.loop.Run();
      _exit(0);
    }
    for (int i = 0; i < 800; ++i) {
      lines.push_back("line " + std::to_string(lines.size()) + " of many");
      Write(lines.back() + "\n");
    }
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  SystemClock clock;
  Agent(*this, clock).pump.Finish(1);
  ExpectAll(lines);
}

// Killed within the writing of a batch, at any byte of its text.
TEST_P(LogKillTest, BatchOfAKilledAgentIsWrittenOnce) {
  if (GetParam() == 0) GTEST_SKIP() << "goes without a batch";
  std::string path = dir_.path() + "/l/web/0-out.log";
  FakeClock clock;
  {
    Agent first(*this, clock);
    Write("before\n");
    first.pump.Finish(1);
  }
  std::string before = ReadAll(path);
  Write("one\ntwo\n");
  Agent(*this, clock).pump.Finish(1);
  std::string text = ReadAll(path).substr(before.size());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  LogTransit::Note note = {1, LogStreamKind::kOut, clock.WallNow(), {}};
  note.targets.push_back(
      {{info.st_dev, info.st_ino}, static_cast<int64_t>(before.size()), false});
  if (!policy_.log_file.empty()) {
    ASSERT_EQ(stat(policy_.log_file.c_str(), &info), 0);
    note.targets.push_back({{info.st_dev, info.st_ino},
                            static_cast<int64_t>(before.size()),
                            false});
  }
  for (size_t written = 0; written <= text.size(); ++written) {
    {
      Write("one\ntwo\n");
      LogTransit killed(Held(), nullptr);
      ASSERT_EQ(killed.Begin(note, fds_[0], 8), 8U);
    }
    std::filesystem::resize_file(path, before.size() + written);
    if (note.targets.size() > 1) {
      std::filesystem::resize_file(policy_.log_file, before.size());
    }
    clock.Advance(absl::Seconds(1));
    Agent(*this, clock).pump.Finish(1);
    ASSERT_EQ(ReadAll(path), before + text) << written;
    if (note.targets.size() > 1) {
      ASSERT_EQ(ReadAll(policy_.log_file), before + text) << written;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, LogKillTest, testing::Range(0, 5));

}  // namespace
}  // namespace fleet::agent
