// When a worker that lives does not serve.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "node_agent/liveness_monitor.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

// Probes that wait for the test to answer them; time that the test moves.
class LivenessTest : public testing::Test {
 protected:
  class Run : public ProbeRun {};

  void Make(const Liveness& liveness) {
    monitor_ = std::make_unique<LivenessMonitor>(
        loop_, liveness,
        [this](const ProbeRequest& request, ProbeDone done) {
          asked_.push_back(request);
          done_ = std::move(done);
          return std::make_unique<Run>();
        },
        [this](const std::string& why) { told_.push_back(why); });
  }
  static Liveness Http(int failure_threshold, int success_threshold = 1) {
    Liveness liveness;
    liveness.http = HttpProbe{8080, "/live", 0};
    liveness.interval = absl::Seconds(10);
    liveness.failure_threshold = failure_threshold;
    liveness.success_threshold = success_threshold;
    return liveness;
  }
  void Pass(absl::Duration d) {
    clock_.Advance(d);
    Turn();
  }
  void Turn() {
    loop_.RunOnce(absl::ZeroDuration());
    loop_.RunOnce(absl::ZeroDuration());
  }
  // Each of '+' and '-' is an answer; the next look comes 10 s later.
  void Answer(const std::string& answers) {
    for (char answer : answers) {
      ASSERT_TRUE(done_) << "no probe is under way";
      std::exchange(done_, nullptr)({answer == '+', "GET /live: 503"});
      Turn();
      Pass(absl::Seconds(10));
    }
  }

  FakeClock clock_;
  EventLoop loop_{clock_};
  std::vector<ProbeRequest> asked_;
  ProbeDone done_;
  std::vector<std::string> told_;
  std::unique_ptr<LivenessMonitor> monitor_;
};

TEST_F(LivenessTest, LooksOnceTheWorkerWasReady) {
  Make(Http(1));
  Pass(absl::Hours(1));
  EXPECT_TRUE(asked_.empty());
  monitor_->OnReady();
  Turn();
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0].http.path, "/live");
  EXPECT_EQ(asked_[0].port, 8080);
}

TEST_F(LivenessTest, WaitsForTheInitialDelay) {
  Liveness liveness = Http(1);
  liveness.initial_delay = absl::Seconds(30);
  Make(liveness);
  monitor_->OnReady();
  Pass(absl::Seconds(29));
  EXPECT_TRUE(asked_.empty());
  Pass(absl::Seconds(1));
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(LivenessTest, LooksAgainAnIntervalAfterEachAnswer) {
  Make(Http(3));
  monitor_->OnReady();
  Turn();
  Pass(absl::Seconds(60));
  EXPECT_EQ(asked_.size(), 1u);  // Not answered yet.
  Answer("+");
  EXPECT_EQ(asked_.size(), 2u);
}

struct ThresholdCase {
  int failure_threshold;
  int success_threshold;
  std::string answers;
  bool unhealthy;
};

TEST_F(LivenessTest, Thresholds) {
  for (const ThresholdCase& c : std::vector<ThresholdCase>{
           {1, 1, "+", false},
           {1, 1, "-", true},
           {3, 1, "--", false},
           {3, 1, "---", true},
           {3, 1, "--+--", false},
           {3, 1, "--+---", true},
           // One success does not end a series of failures here.
           {3, 2, "--+-", true},
           {3, 2, "--++--", false},
       }) {
    told_.clear();
    Make(Http(c.failure_threshold, c.success_threshold));
    monitor_->OnReady();
    Turn();
    Answer(c.answers);
    EXPECT_EQ(!told_.empty(), c.unhealthy) << c.answers;
  }
}

TEST_F(LivenessTest, TellsOnceAndWhy) {
  Make(Http(2));
  monitor_->OnReady();
  Turn();
  Answer("--");
  EXPECT_EQ(told_, std::vector<std::string>{"GET /live: 503 (2 times)"});
  Pass(absl::Hours(1));
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(LivenessTest, AWorkerThatIsToStopIsLeftInPeace) {
  Make(Http(1));
  monitor_->OnReady();
  Turn();
  monitor_->Stop();
  std::exchange(done_, nullptr)({false, "x"});
  Pass(absl::Hours(1));
  EXPECT_TRUE(told_.empty());
}

TEST_F(LivenessTest, TheWatchdogRunsFromReadyOn) {
  Liveness liveness;
  liveness.watchdog = absl::Seconds(5);
  Make(liveness);
  Pass(absl::Hours(1));
  EXPECT_TRUE(told_.empty());
  monitor_->OnReady();
  Pass(absl::Seconds(4));
  monitor_->OnWatchdog();
  Pass(absl::Seconds(4));
  EXPECT_TRUE(told_.empty());
  Pass(absl::Seconds(1));
  EXPECT_EQ(told_, std::vector<std::string>{"no WATCHDOG=1 within 5s"});
}

TEST_F(LivenessTest, AWorkerMaySetItsOwnWatchdog) {
  Make(Liveness());
  monitor_->OnReady();
  monitor_->SetWatchdog(absl::Seconds(2));
  Pass(absl::Seconds(1));
  monitor_->SetWatchdog(absl::ZeroDuration());
  Pass(absl::Hours(1));
  EXPECT_TRUE(told_.empty());
  monitor_->SetWatchdog(absl::Seconds(2));
  Pass(absl::Seconds(2));
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(LivenessTest, AWorkerMayCallItselfHung) {
  Make(Liveness());
  monitor_->OnWatchdogTrigger();
  Turn();
  EXPECT_EQ(told_, std::vector<std::string>{"it said WATCHDOG=trigger"});
}

}  // namespace
}  // namespace fleet::agent
