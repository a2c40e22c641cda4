// A step that has failed, and what is left of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;

constexpr absl::Duration kFailedSoak = absl::Seconds(3);

TEST(FailedSurge, StopsNothingThatServesAlone) {
  ReconcileScene scene;
  scene.target().step.max_flaps = 0;
  scene.Settle();
  scene.NextGeneration();
  scene.Ready(0, 2);
  EXPECT_EQ(scene.Pass(kFailedSoak), (Orders{"start 1@2", "stop 0@1"}));
  scene.Gone(0, 1);
  EXPECT_EQ(scene.Exit(1, 1, 1), Orders{});
  scene.Ready(1, 2);
  // The step fails elsewhere.
  EXPECT_EQ(scene.Unready(0, 2, "503"), Orders{});
  EXPECT_EQ(scene.Exit(0, 2, 1), (Orders{"start 0@2"}));
  EXPECT_EQ(scene.LiveWorkers(2), 2);
}

TEST(FailedStopFirst, OfWhatNobodyAsksWhetherItIsReadyTheEndsAreCounted) {
  ReconcileScene scene;
  scene.spec().exec_mode = ExecMode::kFork;
  scene.target().step.strategy = ReloadStrategy::kStopFirst;
  scene.target().instances = 1;
  scene.Accept();
  for (int i = 0; i < 3; ++i) {
    scene.Ready(0, 1);
    scene.Pass(absl::Seconds(2));
    scene.Exit(0, 1, 7);
  }
  EXPECT_EQ(scene.step().reason,
            "web.0 ended 3 times before it was available; the last time: exit "
            "code 7");
}

TEST(OvertakenStep, FailsTooLateToBeTheEndOfTheNext) {
  ReconcileScene scene;
  scene.Settle();
  scene.NextGeneration();
  // In the moment in which the next target comes.
  const WorkerId id = scene.slot(0).workers.rbegin()->first;
  WorkerExited(scene.app(), id, {WorkerExit::Kind::kStartFailed, 0, "no file"},
               {}, scene.now());
  ASSERT_EQ(scene.step().phase, StepPhase::kFailed);
  ++scene.target().generation;
  scene.target().revision = 1;
  scene.target().step.keep_matching = true;
  EXPECT_EQ(scene.Accept(), Orders{});
  EXPECT_EQ(scene.step().phase, StepPhase::kVerifying);
}

// After a restart of the agent; one slot is at generation 2, the other was
// left behind, both of revision 1.
class AfterAFailedStep : public testing::Test {
 protected:
  AfterAFailedStep() {
    scene_.Settle();
    SavedApp saved = scene_.saved();
    AppTarget target = saved.targets.back();
    target.generation = 2;
    target.step.keep_matching = true;
    saved.targets.push_back(target);
    saved.slots = {{0, 2}, {1, 1}};
    saved.result.emplace();
    saved.result->generation = 2;
    saved.result->phase = StepPhase::kFailed;
    app_ = RestoreApp(saved);
  }

  const Worker& Adopt(int slot, int64_t generation, absl::Duration age) {
    AdoptedWorker adopted;
    adopted.identity.id = 10 + slot;
    adopted.identity.slot = slot;
    adopted.identity.generation = generation;
    adopted.identity.revision = 1;
    adopted.ready = true;
    AdoptWorker(app_, adopted, scene_.now() - age, scene_.now());
    Reconcile(app_, scene_.now(), scene_);
    return app_.slots.at(slot).workers.at(adopted.identity.id);
  }

  ReconcileScene scene_;
  AppState app_;
};

TEST_F(AfterAFailedStep, ASlotThatWasLeftBehindStaysThere) {
  EXPECT_EQ(Adopt(1, 1, absl::Hours(1)).generation, 1);
  EXPECT_EQ(app_.slots.at(1).generation, 1);
}

TEST_F(AfterAFailedStep, WhatWasKeptIsStillKept) {
  EXPECT_EQ(Adopt(0, 1, absl::Hours(1)).generation, 2);
  EXPECT_EQ(app_.slots.at(0).generation, 2);
}

TEST_F(AfterAFailedStep, WhatMayHaveGotReadyUnseenIsNotAvailableYet) {
  EXPECT_FALSE(Adopt(1, 1, scene_.spec().readiness.timeout / 2).available);
  EXPECT_TRUE(Adopt(0, 2, scene_.spec().readiness.timeout * 2).available);
}

}  // namespace
}  // namespace fleet::agent
