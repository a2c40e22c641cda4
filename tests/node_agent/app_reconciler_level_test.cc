// What holds between steps: restarts, run state, scale.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;

class App : public testing::Test {
 protected:
  // As `fleetctl stop` and `start` do.
  Orders Stop() { return SetStopped(true); }
  Orders Start() { return SetStopped(false); }
  Orders SetStopped(bool stopped) {
    ++scene_.target().serial;
    scene_.target().stopped = stopped;
    return scene_.Accept();
  }

  ReconcileScene scene_;
};

TEST_F(App, ACrashedWorkerIsRestartedAtOnce) {
  scene_.Settle();
  scene_.Pass(absl::Minutes(1));
  EXPECT_EQ(scene_.Exit(1, 1, 1), (Orders{"start 1@1"}));
  EXPECT_EQ(scene_.slot(1).restart.restarts, 1);
  EXPECT_EQ(scene_.slot(1).last_exit, "exit code 1");
}

TEST_F(App, UnstableExitsWaitLongerAndLonger) {
  scene_.Settle();
  scene_.Pass(absl::Minutes(1));
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.Exit(0, 1, 1), Orders{});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kBackoff);
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(99)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"start 0@1"}));
  scene_.Exit(0, 1, 1);
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(199)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"start 0@1"}));
}

TEST_F(App, ACrashLoopEndsWhenTheStartNonceRises) {
  scene_.spec().restart.max_restarts = 1;
  scene_.Settle();
  scene_.Pass(absl::Minutes(1));
  scene_.Exit(0, 1, 1);
  EXPECT_EQ(scene_.Exit(0, 1, 1), Orders{});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kCrashLoop);
  EXPECT_EQ(scene_.Pass(absl::Hours(24)), Orders{});
  ++scene_.target().serial;
  ++scene_.target().start_nonce;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 0@1"}));
}

TEST_F(App, AStopExitCodeEndsAWorkerForGood) {
  scene_.spec().restart.stop_exit_codes = {0};
  scene_.Settle();
  EXPECT_EQ(scene_.Exit(0, 1, 0), Orders{});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kExited);
}

TEST_F(App, ARestartedWorkerThatIsNeverReadyIsKilledAndCounts) {
  scene_.Settle();
  scene_.Pass(absl::Minutes(1));
  scene_.Exit(0, 1, 1);
  EXPECT_EQ(scene_.Pass(absl::Seconds(59)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(1)), (Orders{"kill 0@1"}));
  EXPECT_EQ(scene_.Exit(0, 1, 9), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.slot(0).restart.unstable_exits, 1);
  EXPECT_EQ(scene_.slot(0).last_failure, FailureKind::kReadyTimeout);
}

TEST_F(App, AWorkerThatCeasesToBeReadyIsLeftAlone) {
  scene_.Settle();
  EXPECT_EQ(scene_.Unready(0, 1), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(SlotsDone(scene_.app()), 1);
}

TEST_F(App, AStoppedAppStopsAllThenClosesItsSockets) {
  scene_.Settle();
  EXPECT_EQ(Stop(), (Orders{"stop 0@1", "stop 1@1"}));
  EXPECT_EQ(scene_.Gone(0, 1), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(30)), (Orders{"kill 1@1"}));
  EXPECT_EQ(scene_.Gone(1, 1), (Orders{"release app"}));
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
}

TEST_F(App, AStoppedAppStartsAllAtOnceAgain) {
  scene_.Settle();
  Stop();
  scene_.AllStoppedGone();
  EXPECT_EQ(Start(), (Orders{"start 0@1", "start 1@1"}));
}

TEST_F(App, AnAppStartedWhileItStopsWaitsOnlyForItsOwnPlace) {
  scene_.Settle();
  Stop();
  EXPECT_EQ(Start(), (Orders{"start 0@1", "start 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
}

TEST_F(App, AGenerationOfAStoppedAppIsDoneWithoutAWorker) {
  scene_.Settle();
  Stop();
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_EQ(Start(), (Orders{"start 0@2", "start 1@2"}));
}

TEST_F(App, ACrashLoopIsForgottenByAStop) {
  scene_.spec().restart.max_restarts = 1;
  scene_.Accept();
  scene_.Exit(0, 1, 1);
  Stop();
  scene_.AllStoppedGone();
  EXPECT_EQ(Start(), (Orders{"start 0@1", "start 1@1"}));
}

TEST_F(App, ARemovedAppStopsAllAndIsForgotten) {
  scene_.Settle();
  ++scene_.target().serial;
  scene_.target().removed = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 0@1", "stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"release app", "forget"}));
}

TEST_F(App, ShutsDownWithoutLosingWhatItShouldRun) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.app().shutting_down = true;
  EXPECT_EQ(scene_.Exit(0, 2, 1), (Orders{"stop 0@1", "stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"release app"}));
  EXPECT_EQ(scene_.RestartHost(), (Orders{"start 0@2", "start 1@1"}));
}

TEST_F(App, ScalesUpWithoutTouchingOthers) {
  scene_.Settle();
  ++scene_.target().serial;
  scene_.target().instances = 4;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 2@1", "start 3@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(App, ScalesDownFromTheHighestSlot) {
  scene_.target().instances = 4;
  scene_.Settle();
  ++scene_.target().serial;
  scene_.target().instances = 2;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 3@1", "stop 2@1"}));
  EXPECT_EQ(scene_.Gone(3, 1), (Orders{"release 3"}));
  EXPECT_EQ(scene_.Gone(2, 1), (Orders{"release 2"}));
  EXPECT_EQ(scene_.LiveWorkers(1), 2);
}

TEST_F(App, ScaledUpInTheMiddleOfAStepTakesWhatIsProven) {
  scene_.Settle();
  scene_.NextGeneration();
  ++scene_.target().serial;
  scene_.target().instances = 3;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 2@1"}));
}

TEST_F(App, AStepLeavesSlotsAloneThatAreGoing) {
  scene_.target().instances = 3;
  scene_.Settle();
  scene_.target().instances = 1;
  EXPECT_EQ(scene_.NextGeneration(),
            (Orders{"stop 2@1", "stop 1@1", "start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(),
            (Orders{"release 2", "release 1", "save"}));
}

TEST_F(App, ASlotThatWasGoingAndIsWantedAgainTakesTheGeneration) {
  scene_.Settle();
  scene_.target().instances = 1;
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(absl::Seconds(3));
  scene_.Gone(0, 1);
  ++scene_.target().serial;
  scene_.target().instances = 2;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 1@2"}));
  EXPECT_EQ(scene_.Gone(1, 1), Orders{});
}

TEST_F(App, ARestartedAgentKeepsTheNewerOfTwoWorkersOfASlot) {
  scene_.target().instances = 1;
  scene_.Settle();
  Slot& slot = scene_.app().slots.at(0);
  Worker old = slot.workers.begin()->second;
  scene_.Exit(0, 1, 1);
  // It lives after all, told to end by the agent that is no more.
  old.stopping = true;
  slot.workers[old.id] = old;
  scene_.app().slot_of_worker[old.id] = 0;
  scene_.RestartAgent();
  EXPECT_TRUE(scene_.slot(0).workers.begin()->second.stopping);
  EXPECT_TRUE(scene_.slot(0).workers.rbegin()->second.live());
}

TEST_F(App, TheSameTargetAgainChangesNothing) {
  scene_.Settle();
  EXPECT_EQ(scene_.Accept(), Orders{});
}

TEST_F(App, ForgetsGenerationsThatNothingRuns) {
  scene_.target().instances = 1;
  scene_.target().step.min_ready_time = absl::ZeroDuration();
  scene_.Settle();
  for (int i = 2; i < 20; ++i) {
    scene_.NextGeneration();
    scene_.Ready(0, i);
    scene_.AllStoppedGone();
  }
  EXPECT_EQ(scene_.app().generations.size(), 1u);
}

}  // namespace
}  // namespace fleet::agent
