#include "node_agent/log_transit.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace fleet::agent {
namespace {

class LogTransitTest : public testing::Test {
 protected:
  LogTransitTest() {
    std::array<int, 2> fds;
    if (pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) != 0) abort();
    read_.Reset(fds[0]);
    write_.Reset(fds[1]);
    StartAgent();
  }

  // As the keeper hands over what the last agent gave it.
  void StartAgent() {
    std::vector<Inventory::Held> held;
    for (const auto& [name, fd] : kept_) {
      held.push_back({name, UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3))});
    }
    transit_ = std::make_unique<LogTransit>(
        std::move(held), [this](const std::string& name, int fd) {
          kept_.emplace_back(name, UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)));
        });
  }
  void Write(const std::string& bytes) {
    ASSERT_EQ(write(write_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  int Waiting() const {
    int bytes = 0;
    ioctl(read_.get(), FIONREAD, &bytes);
    return bytes;
  }

  UniqueFd read_;
  UniqueFd write_;
  std::vector<std::pair<std::string, UniqueFd>> kept_;
  std::unique_ptr<LogTransit> transit_;
  LogTransit::Note note_ = {4711,
                            LogStreamKind::kErr,
                            absl::FromUnixNanos(1700000000123456789),
                            {{{7, 42}, 1000, true}, {{7, 43}, 0, false}}};
};

TEST_F(LogTransitTest, TakesBytesOutOfThePipe) {
  Write("one\ntwo\n");
  EXPECT_EQ(transit_->Begin(note_, read_.get(), 4), 4U);
  EXPECT_EQ(Waiting(), 4);
  transit_->End();
  StartAgent();
  EXPECT_FALSE(transit_->left().has_value());
}

TEST_F(LogTransitTest, NextAgentHasTheBatchUntilItIsDone) {
  Write("one\ntwo\n");
  transit_->Begin(note_, read_.get(), 8);
  for (int kill = 0; kill < 3; ++kill) {
    StartAgent();
    ASSERT_TRUE(transit_->left().has_value()) << kill;
    EXPECT_EQ(transit_->left_bytes(), "one\ntwo\n");
    EXPECT_EQ(transit_->left()->owner, 4711U);
    EXPECT_EQ(transit_->left()->stream, LogStreamKind::kErr);
    EXPECT_EQ(transit_->left()->time, note_.time);
    ASSERT_EQ(transit_->left()->targets.size(), 2U);
    EXPECT_EQ(transit_->left()->targets[0].id.inode, 42U);
    EXPECT_EQ(transit_->left()->targets[0].offset, 1000);
    EXPECT_TRUE(transit_->left()->targets[0].newline);
    EXPECT_FALSE(transit_->left()->targets[1].newline);
  }
  transit_->End();
  StartAgent();
  EXPECT_FALSE(transit_->left().has_value());
  // And it can be gone on with.
  Write("three\n");
  EXPECT_EQ(transit_->Begin(note_, read_.get(), 6), 6U);
  transit_->End();
}

TEST_F(LogTransitTest, BatchOfManyWritesIsOne) {
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    std::string line = "line " + std::to_string(i) + "\n";
    Write(line);
    all += line;
  }
  EXPECT_EQ(transit_->Begin(note_, read_.get(), all.size()), all.size());
  StartAgent();
  EXPECT_EQ(transit_->left_bytes(), all);
}

}  // namespace
}  // namespace fleet::agent
