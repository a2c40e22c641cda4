// A way back that touches only what was touched (StepPolicy.keep_matching).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;
using testing::IsEmpty;

constexpr absl::Duration kKeepSoak = absl::Seconds(3);

class KeepMatching : public testing::Test {
 protected:
  // Back to revision 1, which was that of generation 1.
  Orders GoBack() {
    ++scene_.target().serial;
    ++scene_.target().generation;
    scene_.target().revision = 1;
    scene_.target().step.keep_matching = true;
    return scene_.Accept();
  }

  ReconcileScene scene_;
};

struct Way {
  const char* name;
  ReloadStrategy strategy;
  // Slots that had been brought to generation 2 before the way back.
  int moved;
  bool keep;
  Orders first;
  StepPhase phase;
};

class WayBack : public testing::TestWithParam<Way> {};

TEST_P(WayBack, RestartsWhatItMust) {
  const Way& way = GetParam();
  ReconcileScene scene;
  scene.target().step.strategy = way.strategy;
  scene.Settle();
  scene.NextGeneration();
  for (int slot = 0; slot < way.moved; ++slot) {
    if (way.strategy == ReloadStrategy::kStopFirst) scene.Gone(slot, 1);
    scene.Ready(slot, 2);
    scene.Pass(kKeepSoak);
  }
  ++scene.target().serial;
  ++scene.target().generation;
  scene.target().revision = 1;
  scene.target().step.keep_matching = way.keep;
  EXPECT_EQ(scene.Accept(), way.first);
  EXPECT_EQ(scene.step().phase, way.phase);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WayBack,
    testing::Values(
        // The replacement goes; until it has gone, the step has not ended.
        Way{"SurgeUntouched",
            ReloadStrategy::kSurge,
            0,
            true,
            {"stop 0@2"},
            StepPhase::kVerifying},
        // Slot 1 still had its worker of revision 1.
        Way{"SurgeHalfWay",
            ReloadStrategy::kSurge,
            1,
            true,
            {"start 0@3", "stop 1@2"},
            StepPhase::kApplying},
        Way{"SurgeHalfWayKeepingNone",
            ReloadStrategy::kSurge,
            1,
            false,
            {"start 0@3", "stop 1@2"},
            StepPhase::kApplying},
        // Slot 1's old worker had been told to end: it is not kept.
        Way{"StopFirstHalfWay",
            ReloadStrategy::kStopFirst,
            1,
            true,
            {},
            StepPhase::kApplying},
        Way{"SurgeThrough",
            ReloadStrategy::kSurge,
            2,
            true,
            {"start 0@3"},
            StepPhase::kApplying}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(KeepMatching, TheStepEndsWhenTheTouchedSlotIsBack) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kKeepSoak);
  GoBack();
  scene_.AllStoppedGone();
  scene_.Ready(0, 3);
  EXPECT_EQ(scene_.Pass(kKeepSoak), (Orders{"stop 0@2"}));
  EXPECT_EQ(scene_.Gone(0, 2), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_EQ(scene_.LiveWorkers(3), 2);
}

TEST_F(KeepMatching, WhatIsKeptIsRestartedAfterACrashAsEver) {
  scene_.Settle();
  GoBack();
  ASSERT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_EQ(scene_.Exit(1, 2, 1), (Orders{"start 1@2"}));
}

TEST_F(KeepMatching, OfTwoThatMatchTheOneIsKeptThatServesOn) {
  scene_.Settle();
  scene_.NextGeneration();
  EXPECT_EQ(scene_.Unhealthy(1, "no answer"),
            (Orders{"stop 1@1", "start 1@1"}));
  EXPECT_EQ(GoBack(), (Orders{"stop 0@2"}));
  EXPECT_EQ(scene_.LiveWorkers(3), 2);
  // The new one is still to get ready.
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
  scene_.ReadyNewest(1);
  EXPECT_EQ(scene_.Pass(kKeepSoak), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(KeepMatching, AnotherAgentKeepsItToo) {
  scene_.Settle();
  scene_.NextGeneration();
  GoBack();
  // With the step under way, and when it has ended.
  EXPECT_THAT(scene_.RestartAgent(), IsEmpty());
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  scene_.Pass(kKeepSoak);
  ASSERT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_THAT(scene_.RestartAgent(), IsEmpty());
  EXPECT_EQ(scene_.LiveWorkers(3), 2);
  // Of the next step it knows them as what is to be replaced.
  scene_.target().step.keep_matching = false;
  scene_.target().revision = 4;
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@4"}));
  EXPECT_THAT(scene_.RestartAgent(), IsEmpty());
  EXPECT_EQ(scene_.LiveWorkers(3), 2);
}

}  // namespace
}  // namespace fleet::agent
