// A step that a newer target overtakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;

constexpr absl::Duration kOvertakenSoak = absl::Seconds(3);

class OvertakenSurge : public testing::Test {
 protected:
  ReconcileScene scene_;
};

class OvertakenStopFirst : public testing::Test {
 protected:
  OvertakenStopFirst() {
    scene_.target().step.strategy = ReloadStrategy::kStopFirst;
    scene_.spec().exec_mode = ExecMode::kFork;
  }
  ReconcileScene scene_;
};

TEST_F(OvertakenSurge, ANewerTargetInTheMiddleWins) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@3", "stop 0@2"}));
  EXPECT_EQ(scene_.step().generation, 3);
  scene_.Ready(0, 3);
  EXPECT_EQ(scene_.Pass(kOvertakenSoak), (Orders{"start 1@3", "stop 0@1"}));
}

TEST_F(OvertakenSurge, ANewerTargetReplacesSlotsThatHadMovedToo) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kOvertakenSoak);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@3", "stop 1@2"}));
  scene_.Ready(0, 3);
  EXPECT_EQ(scene_.Pass(kOvertakenSoak), (Orders{"start 1@3", "stop 0@2"}));
}

TEST_F(OvertakenSurge,
       AWorkerThatAnOvertakenRestartBroughtServesUntilItIsReplaced) {
  scene_.target().step.strategy = ReloadStrategy::kStopFirst;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Gone(0, 1);
  scene_.Ready(0, 2);
  // Nothing else serves in slot 0, though it is not available yet.
  scene_.target().step.strategy = ReloadStrategy::kSurge;
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@3"}));
  scene_.Ready(0, 3);
  EXPECT_EQ(scene_.Pass(kOvertakenSoak), (Orders{"start 1@3", "stop 0@2"}));
}

TEST_F(OvertakenSurge, AWorkerOfAnOvertakenStepServesAlsoAfterAnAgentsRestart) {
  scene_.target().step.strategy = ReloadStrategy::kStopFirst;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Gone(0, 1);
  scene_.Ready(0, 2);
  scene_.target().step.strategy = ReloadStrategy::kSurge;
  SavedApp saved = scene_.saved();
  ++scene_.target().generation;
  saved.targets.push_back(scene_.target());
  saved.targets.back().spec = saved.targets.front().spec;
  AppState app = RestoreApp(saved);
  AdoptedWorker adopted;
  adopted.identity.id = 3;
  adopted.identity.slot = 0;
  adopted.identity.generation = 2;
  adopted.ready = true;
  AdoptWorker(app, adopted, scene_.now(), scene_.now());
  EXPECT_EQ(app.slots.at(0).generation, 2);
  // The journal is told, for the agent that comes after this worker.
  EXPECT_TRUE(app.slots_moved);
}

// Both run the revision that the way back is to.
TEST_F(OvertakenSurge, TheWayBackFromAReloadKeepsWhatServes) {
  scene_.Settle();
  ++scene_.target().generation;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 0@2"}));
  ++scene_.target().generation;
  scene_.target().step.keep_matching = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 0@2"}));
  EXPECT_EQ(scene_.LiveWorkers(3), 2);
}

TEST_F(OvertakenSurge, TheWayBackKeepsNoReplacementThatIsOnlyReady) {
  scene_.Settle();
  ++scene_.target().generation;
  scene_.Accept();
  scene_.Ready(0, 2);
  ++scene_.target().generation;
  scene_.target().step.keep_matching = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 0@2"}));
}

TEST_F(OvertakenSurge, TheWayBackStopsNothingThatServesForWhatDoesNot) {
  scene_.Settle();
  scene_.Unready(0, 1);
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  ++scene_.target().generation;
  scene_.target().revision = 1;
  scene_.target().step.keep_matching = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 0@3", "stop 0@1"}));
  scene_.Ready(0, 3);
  EXPECT_EQ(scene_.Pass(kOvertakenSoak), (Orders{"stop 0@2"}));
}

// A crash elsewhere is no reason to leave it.
TEST_F(OvertakenStopFirst, TheSlotInHandStaysInHand) {
  scene_.Settle();
  scene_.Unready(1, 1);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.Gone(1, 1), (Orders{"start 1@2"}));
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.LiveWorkers(2), 1);
}

TEST_F(OvertakenStopFirst, ANewerTargetTakesTheSlotThatIsDownAndNoOther) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Gone(0, 1);
  scene_.Ready(0, 2);
  scene_.Pass(kOvertakenSoak);
  scene_.Gone(1, 1);
  // Slot 1 starts, slot 0 is all that serves.
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 1@2"}));
  EXPECT_EQ(scene_.Gone(1, 2), (Orders{"start 1@3"}));
  scene_.Ready(1, 3);
  EXPECT_EQ(scene_.Pass(kOvertakenSoak), (Orders{"stop 0@2"}));
}

}  // namespace
}  // namespace fleet::agent
