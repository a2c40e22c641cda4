#include "proto/rpc/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace fleet {
namespace {

using ::testing::ElementsAre;

class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() {
    EXPECT_EQ(pipe(a_.data()), 0);
    EXPECT_EQ(pipe(b_.data()), 0);
  }
  ~EventLoopTest() override {
    for (int fd : {a_[0], a_[1], b_[0], b_[1]}) close(fd);
  }
  static void Fill(int fd) { EXPECT_EQ(write(fd, "x", 1), 1); }
  void Turn() { loop_.RunOnce(absl::ZeroDuration()); }

  FakeClock clock_;
  EventLoop loop_{clock_};
  std::array<int, 2> a_;
  std::array<int, 2> b_;
  std::vector<std::string> seen_;
};

TEST_F(EventLoopTest, TimersRunInOrderOfTimeOnceDue) {
  loop_.AddTimerAfter(absl::Seconds(2), [this] { seen_.push_back("2s"); });
  loop_.AddTimerAfter(absl::Seconds(1), [this] { seen_.push_back("1s"); });
  loop_.AddTimerAfter(absl::Seconds(1), [this] { seen_.push_back("1s too"); });
  loop_.AddTimerAfter(absl::Seconds(9), [this] { seen_.push_back("9s"); });
  Turn();
  EXPECT_TRUE(seen_.empty());
  clock_.Advance(absl::Seconds(3));
  Turn();
  Turn();
  EXPECT_THAT(seen_, ElementsAre("1s", "1s too", "2s"));
}

TEST_F(EventLoopTest, WallClockJumpFiresNoTimer) {
  loop_.AddTimerAfter(absl::Seconds(1), [this] { seen_.push_back("t"); });
  clock_.JumpWall(absl::Hours(1000));
  Turn();
  EXPECT_TRUE(seen_.empty());
}

TEST_F(EventLoopTest, SaysWhenItHasSomethingToDo) {
  EXPECT_EQ(loop_.NextDue(), absl::InfiniteFuture());
  absl::Time when = clock_.Now() + absl::Seconds(2);
  loop_.AddTimer(when, [] {});
  EXPECT_EQ(loop_.NextDue(), when);
  loop_.Post([] {});
  EXPECT_EQ(loop_.NextDue(), absl::InfinitePast());
  Turn();
  EXPECT_EQ(loop_.NextDue(), when);
}

TEST_F(EventLoopTest, CancelledTimerNeverRuns) {
  EventLoop::TimerId second = 0;
  loop_.AddTimerAfter(absl::Seconds(1), [&] {
    seen_.push_back("first");
    EXPECT_TRUE(loop_.CancelTimer(second));
  });
  second =
      loop_.AddTimerAfter(absl::Seconds(1), [&] { seen_.push_back("second"); });
  clock_.Advance(absl::Seconds(1));
  Turn();
  EXPECT_THAT(seen_, ElementsAre("first"));
  EXPECT_FALSE(loop_.CancelTimer(second));
  EXPECT_FALSE(loop_.CancelTimer(0));
}

TEST_F(EventLoopTest, TimerThatRenewsItselfWithoutDelayStarvesNobody) {
  int runs = 0;
  EventLoop::Task renew = [&] {
    ++runs;
    loop_.AddTimerAfter(absl::ZeroDuration(), renew);
  };
  renew();
  Turn();
  Turn();
  EXPECT_EQ(runs, 3);
}

TEST_F(EventLoopTest, DescriptorsReportUntilDrained) {
  loop_.AddFd(a_[0], EPOLLIN, [this](uint32_t events) {
    EXPECT_EQ(events, static_cast<uint32_t>(EPOLLIN));
    seen_.push_back("a");
  });
  Turn();
  EXPECT_TRUE(seen_.empty());
  Fill(a_[1]);
  Turn();
  Turn();
  EXPECT_THAT(seen_, ElementsAre("a", "a"));
  loop_.ModifyFd(a_[0], 0);
  Turn();
  EXPECT_THAT(seen_, ElementsAre("a", "a"));
}

TEST_F(EventLoopTest, WhatACallbackRemovesIsNotCalledInTheSameTurn) {
  auto remove_both = [this](uint32_t) {
    seen_.push_back("one of two");
    loop_.RemoveFd(a_[0]);
    loop_.RemoveFd(b_[0]);
  };
  loop_.AddFd(a_[0], EPOLLIN, remove_both);
  loop_.AddFd(b_[0], EPOLLIN, remove_both);
  Fill(a_[1]);
  Fill(b_[1]);
  Turn();
  Turn();
  EXPECT_THAT(seen_, ElementsAre("one of two"));
}

TEST_F(EventLoopTest, ReusedDescriptorGetsNoEventOfItsPredecessor) {
  loop_.AddFd(a_[0], EPOLLIN, [this](uint32_t) {
    seen_.push_back("a");
    loop_.RemoveFd(a_[0]);
    if (loop_.OnLoopThread() && seen_.size() == 1) {
      loop_.RemoveFd(b_[0]);
      loop_.AddFd(b_[0], EPOLLOUT,
                  [this](uint32_t) { seen_.push_back("new"); });
    }
  });
  loop_.AddFd(b_[0], EPOLLIN, [](uint32_t) {});
  Fill(a_[1]);
  Turn();
  EXPECT_THAT(seen_, ElementsAre("a"));
}

TEST_F(EventLoopTest, PostedTasksRunInOrderAfterDescriptors) {
  loop_.AddFd(a_[0], EPOLLIN, [this](uint32_t) { seen_.push_back("fd"); });
  Fill(a_[1]);
  loop_.Post([this] {
    seen_.push_back("1");
    loop_.Post([this] { seen_.push_back("3"); });
  });
  loop_.Post([this] { seen_.push_back("2"); });
  Turn();
  EXPECT_THAT(seen_, ElementsAre("fd", "1", "2"));
  loop_.RemoveFd(a_[0]);
  Turn();
  EXPECT_THAT(seen_, ElementsAre("fd", "1", "2", "3"));
}

TEST_F(EventLoopTest, WhatACallbackPostsRunsInItsTurn) {
  loop_.AddFd(a_[0], EPOLLIN, [this](uint32_t) {
    loop_.Post([this] { seen_.push_back("posted"); });
  });
  Fill(a_[1]);
  Turn();
  EXPECT_THAT(seen_, ElementsAre("posted"));
}

TEST_F(EventLoopTest, OtherThreadsPostAndStop) {
  int sum = 0;
  std::thread other([&] {
    EXPECT_FALSE(loop_.OnLoopThread());
    for (int i = 0; i < 1000; ++i) {
      loop_.Post([&sum] { ++sum; });
    }
    loop_.Post([this] { loop_.Stop(); });
  });
  loop_.Run();
  other.join();
  EXPECT_EQ(sum, 1000);
}

}  // namespace
}  // namespace fleet
