// Hooks around a step, and those that run once per rollout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;
constexpr absl::Duration kHookSoak = absl::Seconds(3);

class HookTest : public testing::Test {
 protected:
  HookTest() {
    scene_.target().instances = 1;
    scene_.target().step.rollout = "r-1";
  }

  void Hooks(const std::string& pre, const std::string& post) {
    scene_.target().step.pre_reload.command = pre;
    scene_.target().step.post_reload.command = post;
  }
  void Once(const std::string& id) {
    HookOrder& order = scene_.target().once_hook;
    order.id = id;
    order.name = "pre_rollout";
    order.hook.command = "./migrate";
  }

  ReconcileScene scene_;
};

TEST_F(HookTest, NoWorkerIsTouchedBeforePreReloadIsDone) {
  scene_.Settle();
  Hooks("git pull && npm ci", "");
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"hook r-1.pre_reload.2"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
  EXPECT_EQ(scene_.step().reason,
            "web runs its hook pre_reload: git pull && npm ci");
  EXPECT_EQ(scene_.Pass(absl::Minutes(10)), Orders{});
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", true), (Orders{"start 0@2"}));
}

TEST_F(HookTest, WhatRunsIsKeptUpWhileAHookRuns) {
  scene_.Settle();
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
}

TEST_F(HookTest, PreReloadThatFailsFailsTheStepAndTouchesNothing) {
  scene_.Settle();
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", false), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
  EXPECT_EQ(scene_.step().failure, FailureKind::kHook);
  EXPECT_EQ(scene_.step().reason,
            "web failed in pre_reload: exit code 1 after 1s");
  EXPECT_THAT(scene_.step().stderr_tail, testing::ElementsAre("its last line"));
  EXPECT_EQ(scene_.LiveWorkers(1), 1);
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
}

TEST_F(HookTest, NothingStartsOnANewHostBeforePreReloadIsDone) {
  Hooks("git pull", "");
  EXPECT_EQ(scene_.Accept(), (Orders{"hook r-1.pre_reload.1"}));
  EXPECT_TRUE(scene_.app().slots.empty());
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.1", true), (Orders{"start 0@1"}));
}

TEST_F(HookTest, NothingStartsOnANewHostWhosePreReloadFailed) {
  Hooks("git pull", "");
  scene_.Accept();
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.1", false), (Orders{"save"}));
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  // A retry is another generation, and another run.
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"hook r-1.pre_reload.2"}));
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", true), (Orders{"start 0@2"}));
}

TEST_F(HookTest, WhereNothingLivesAllSlotsStartAtOnceAfterTheHook) {
  scene_.target().instances = 2;
  scene_.Settle();
  scene_.target().stopped = true;
  scene_.Accept();
  scene_.AllStoppedGone();
  scene_.target().stopped = false;
  Hooks("git pull", "");
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"hook r-1.pre_reload.2"}));
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", true),
            (Orders{"start 0@2", "start 1@2"}));
}

TEST_F(HookTest, WhereNothingLivesTheOldRevisionStartsWhenTheHookFails) {
  scene_.Settle();
  scene_.target().stopped = true;
  scene_.Accept();
  scene_.AllStoppedGone();
  scene_.target().stopped = false;
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", false),
            (Orders{"start 0@1", "save"}));
}

TEST_F(HookTest, StoppedAppRunsItsDeployScriptAllTheSame) {
  scene_.Settle();
  scene_.target().stopped = true;
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.AllStoppedGone(),
            (Orders{"hook r-1.pre_reload.2", "release app"}));
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", true), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  scene_.target().stopped = false;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 0@2"}));
}

TEST_F(HookTest, PostReloadIsTheLastThingOfAStep) {
  scene_.Settle();
  Hooks("", "./smoke-test");
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kHookSoak), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.Gone(0, 1), (Orders{"hook r-1.post_reload.2"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kVerifying);
  EXPECT_EQ(scene_.EndHook("r-1.post_reload.2", true), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(HookTest, PostReloadThatFailsFailsTheStepAndTheWorkersServeOn) {
  Hooks("", "./smoke-test");
  scene_.Accept();
  scene_.Ready(0, 1);
  EXPECT_EQ(scene_.Pass(kHookSoak), (Orders{"hook r-1.post_reload.1"}));
  EXPECT_EQ(scene_.EndHook("r-1.post_reload.1", false), (Orders{"save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kHook);
  EXPECT_EQ(scene_.LiveWorkers(1), 1);
}

TEST_F(HookTest, OvertakenHookIsSeenToItsEndBeforeTheNextOneBegins) {
  scene_.Settle();
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.NextGeneration(), Orders{});
  EXPECT_EQ(scene_.step().reason, "web waits for its hook pre_reload to end");
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", false),
            (Orders{"hook r-1.pre_reload.3"}));
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.3", true), (Orders{"start 0@3"}));
  EXPECT_EQ(scene_.app().hooks.size(), 1u) << "the old one is forgotten";
}

TEST_F(HookTest, RestartedAgentRunsNothingAgain) {
  scene_.Settle();
  Hooks("git pull", "");
  scene_.NextGeneration();
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(scene_.EndHook("r-1.pre_reload.2", true), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  scene_.Ready(0, 2);
  scene_.Pass(kHookSoak);
  scene_.Gone(0, 1);
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

class WayBackFromAReload : public HookTest {
 protected:
  // A reload is in flight, and is undone.
  WayBackFromAReload() {
    scene_.Settle();
    ++scene_.target().generation;
    scene_.Accept();
    scene_.Ready(0, 2);
    Hooks("git pull", "");
    scene_.target().step.keep_matching = true;
    ++scene_.target().generation;
  }

  // The agent dies before it has done anything for the target.
  Orders AcceptAndRestart() {
    AppState before = scene_.app();
    SavedApp saved = scene_.saved();
    saved.targets.push_back(scene_.target());
    saved.targets.back().spec = saved.targets.front().spec;
    AppState restored = RestoreApp(saved);
    for (const auto& [id, worker] : before.slots.at(0).workers) {
      AdoptedWorker adopted;
      adopted.identity.id = id;
      adopted.identity.generation = worker.generation;
      adopted.identity.revision = 1;
      adopted.ready = worker.ready;
      AdoptWorker(restored, adopted, worker.started_at, scene_.now());
    }
    scene_.app() = std::move(restored);
    return scene_.Hold("");
  }

  // Both run what is wanted: the newer one goes, the older one serves on.
  void ExpectTheOlderOneIsKept(const Orders& first) {
    EXPECT_EQ(first, (Orders{"hook r-1.pre_reload.3", "stop 0@2"}));
    EXPECT_EQ(scene_.LiveWorkers(1), 1);
    EXPECT_EQ(scene_.Pass(kHookSoak), Orders{});
    EXPECT_EQ(scene_.Gone(0, 2), Orders{});
    EXPECT_EQ(scene_.EndHook("r-1.pre_reload.3", true), (Orders{"save"}));
    EXPECT_EQ(scene_.LiveWorkers(3), 1);
  }
};

TEST_F(WayBackFromAReload, KeepsWhatServesWhenItsPreReloadIsDone) {
  ExpectTheOlderOneIsKept(scene_.Accept());
}

TEST_F(WayBackFromAReload, DoesTheSameWhenTheAgentDiesBeforeItHasBegun) {
  ExpectTheOlderOneIsKept(AcceptAndRestart());
}

TEST_F(HookTest, OnceHookRunsBesideTheWorkersAndOnlyOnce) {
  scene_.Settle();
  Once("r-1.pre_rollout.1");
  ++scene_.target().serial;
  EXPECT_EQ(scene_.Accept(), (Orders{"hook r-1.pre_rollout.1"}));
  ++scene_.target().serial;
  EXPECT_EQ(scene_.Accept(), Orders{});
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(scene_.EndHook("r-1.pre_rollout.1", true), Orders{});
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(FindHook(scene_.app(), "r-1.pre_rollout.1")->phase,
            HookPhase::kDone);
}

TEST_F(HookTest, OnceHookRunsOnAHostThatHasNothingOfTheAppYet) {
  Once("r-1.pre_rollout.1");
  scene_.target().generation = 0;
  scene_.target().revision = 0;
  EXPECT_EQ(scene_.Accept(), (Orders{"hook r-1.pre_rollout.1"}));
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(scene_.EndHook("r-1.pre_rollout.1", true), Orders{});
  EXPECT_EQ(scene_.step().phase, StepPhase::kNone);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@1"}));
}

TEST_F(HookTest, ARemovedAppRunsNoHook) {
  scene_.Settle();
  Once("r-1.pre_rollout.1");
  scene_.target().removed = true;
  ++scene_.target().serial;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 0@1"}));
}

}  // namespace
}  // namespace fleet::agent
