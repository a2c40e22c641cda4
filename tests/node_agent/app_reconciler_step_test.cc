// How a step brings an app to a generation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kSoak = absl::Seconds(3);

class Surge : public testing::Test {
 protected:
  ReconcileScene scene_;
};

class StopFirst : public testing::Test {
 protected:
  StopFirst() {
    scene_.target().step.strategy = ReloadStrategy::kStopFirst;
    scene_.spec().exec_mode = ExecMode::kFork;
  }
  ReconcileScene scene_;
};

// ------------------------------------------------------------- first start

TEST_F(Surge, FirstStartTakesAllSlotsAtOnce) {
  scene_.target().instances = 3;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 0@1", "start 1@1", "start 2@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
}

TEST_F(Surge, FirstStartIsDoneWhenAllSlotsAreAvailable) {
  scene_.Accept();
  scene_.Ready(0, 1);
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
  scene_.Ready(1, 1);
  EXPECT_EQ(scene_.step().phase, StepPhase::kVerifying);
  scene_.Pass(kSoak - absl::Milliseconds(1));
  EXPECT_EQ(scene_.step().phase, StepPhase::kVerifying);
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_EQ(SlotsDone(scene_.app()), 2);
}

TEST_F(Surge, FirstStartThatNeverGetsReadyFailsAndIsTriedFurther) {
  scene_.Accept();
  scene_.Ready(0, 1);
  WorkerDetail(scene_.app(), 2, "GET / on port 3000: 503");
  EXPECT_EQ(scene_.Pass(absl::Seconds(60)), (Orders{"kill 1@1", "save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
  EXPECT_EQ(scene_.step().failure, FailureKind::kReadyTimeout);
  EXPECT_EQ(scene_.step().reason,
            "web.1 was not ready within 1m: GET / on port 3000: 503");
  EXPECT_EQ(scene_.Exit(1, 1, 0), (Orders{"start 1@1"}));
}

TEST_F(Surge, FirstStartWhoseScriptIsMissingFailsAtOnce) {
  scene_.Accept();
  scene_.End(0, 1,
             {WorkerExit::Kind::kStartFailed, 0,
              "app web, instance 0: cannot start: /srv/web: no such file"});
  EXPECT_EQ(scene_.step().failure, FailureKind::kStart);
  // Nothing is said twice.
  EXPECT_EQ(scene_.step().reason,
            "web.0 could not be started: /srv/web: no such file");
  EXPECT_EQ(scene_.slot(0).last_exit, "cannot start: /srv/web: no such file");
}

TEST_F(Surge, FirstStartWhosePortIsTakenFailsAtOnce) {
  scene_.Accept();
  scene_.End(1, 1,
             {WorkerExit::Kind::kListenFailed, 0,
              "app web: cannot listen on *:3000: in use by nginx"});
  EXPECT_EQ(scene_.step().failure, FailureKind::kListen);
  EXPECT_EQ(scene_.step().reason,
            "web.1 could not listen on *:3000: in use by nginx");
}

TEST_F(Surge, FirstStartThatCrashesFailsWithCrashLoop) {
  scene_.spec().restart.max_restarts = 2;
  scene_.Accept();
  EXPECT_EQ(scene_.Exit(0, 1, 3), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
  EXPECT_EQ(scene_.Exit(0, 1, 3), (Orders{"save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
  EXPECT_THAT(scene_.step().reason, HasSubstr("exit code 3"));
  EXPECT_EQ(scene_.step().stderr_tail, std::vector<std::string>{"last words"});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kCrashLoop);
}

TEST_F(Surge, FirstStartThatKeepsCrashingFailsAtTheDeadline) {
  scene_.spec().restart.max_restarts = 1000;
  scene_.target().instances = 1;
  scene_.Accept();
  // It crashes each time it is started, until nothing starts it for a minute.
  for (int i = 0; i < 40 && scene_.step().active(); ++i) {
    if (scene_.LiveWorkers(1) > 0) scene_.Exit(0, 1, 3);
    scene_.Pass(absl::Seconds(2));
  }
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
  EXPECT_EQ(scene_.step().reason, "web.0 was not ready within 1m: exit code 3");
}

TEST_F(Surge, AProgramThatEndsAsMeantIsDone) {
  scene_.spec().restart.autorestart = false;
  scene_.target().instances = 1;
  scene_.Accept();
  EXPECT_EQ(scene_.Exit(0, 1, 0), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kExited);
}

TEST_F(Surge, AProgramThatEndsWithAnErrorAndIsNotRestartedFails) {
  scene_.spec().restart.autorestart = false;
  scene_.target().instances = 1;
  scene_.Accept();
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
}

TEST_F(Surge, ASpecThatIsNotValidFailsAndTouchesNothing) {
  scene_.Settle();
  scene_.target().spec_error = "kill_timeout: negative";
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kSpec);
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
}

TEST_F(Surge, ASpecThatIsNotValidStartsNothing) {
  scene_.target().spec_error = "kill_timeout: negative";
  EXPECT_EQ(scene_.Accept(), (Orders{"save"}));
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
}

// -------------------------------------------------------------------- surge

TEST_F(Surge, StopsTheOldOneOnlyWhenItsReplacementIsAvailable) {
  scene_.target().instances = 1;
  scene_.Settle();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.Ready(0, 2), Orders{});
  EXPECT_EQ(scene_.Pass(kSoak - absl::Milliseconds(1)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kVerifying);
  EXPECT_EQ(scene_.Gone(0, 1), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(Surge, WithoutSoakGoesOneByOneAndDrainsMeanwhile) {
  scene_.target().instances = 3;
  scene_.target().step.min_ready_time = absl::ZeroDuration();
  scene_.Settle();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.Ready(0, 2), (Orders{"start 1@2", "stop 0@1"}));
  EXPECT_EQ(scene_.Ready(1, 2), (Orders{"start 2@2", "stop 1@1"}));
  EXPECT_EQ(scene_.Ready(2, 2), (Orders{"stop 2@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"save"}));
}

TEST_F(Surge, TheFirstSlotSoaksAloneThenTheOthersTogether) {
  scene_.target().instances = 4;
  scene_.Settle();
  absl::Time began = scene_.now();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.Ready(0, 2), Orders{});
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"start 1@2", "stop 0@1"}));
  EXPECT_EQ(scene_.Ready(1, 2), (Orders{"start 2@2"}));
  EXPECT_EQ(scene_.Ready(2, 2), (Orders{"start 3@2"}));
  EXPECT_EQ(scene_.Ready(3, 2), Orders{});
  EXPECT_EQ(scene_.LiveWorkers(1), 3);
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"stop 1@1", "stop 2@1", "stop 3@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"save"}));
  EXPECT_EQ(scene_.now() - began, 2 * kSoak);
}

TEST_F(Surge, NeverHasMoreThanTheBoundOfExtraWorkers) {
  scene_.target().instances = 40;
  scene_.target().step.min_ready_time = absl::ZeroDuration();
  scene_.Settle();
  scene_.NextGeneration();
  for (int i = 0; i < kMaxExtraWorkers; ++i) scene_.Ready(i, 2);
  EXPECT_EQ(scene_.app().slot_of_worker.size(), 40 + kMaxExtraWorkers);
  EXPECT_EQ(scene_.Gone(0, 1),
            (Orders{"start " + std::to_string(kMaxExtraWorkers) + "@2"}));
}

TEST_F(Surge, KillsAnOldOneThatDoesNotEnd) {
  scene_.target().instances = 1;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.Pass(absl::Seconds(29)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(1)), (Orders{"kill 0@1"}));
}

TEST_F(Surge, ANewOneThatExitsFailsTheStepAndTheOldOneStays) {
  scene_.Settle();
  scene_.NextGeneration();
  EXPECT_EQ(scene_.Exit(0, 2, 7), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
  EXPECT_EQ(scene_.step().reason,
            "web.0 ended before it was available: exit code 7 after 0ms");
  EXPECT_EQ(scene_.step().stderr_tail, std::vector<std::string>{"last words"});
  EXPECT_EQ(scene_.LiveWorkers(1), 2);
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
}

TEST_F(Surge, ANewOneThatIsNeverReadyIsStopped) {
  scene_.Settle();
  scene_.NextGeneration();
  EXPECT_EQ(scene_.Pass(absl::Seconds(60)), (Orders{"stop 0@2", "save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kReadyTimeout);
  // It is alive at that moment, and has its last words still to say.
  EXPECT_EQ(scene_.app().step_speaker,
            scene_.slot(0).workers.rbegin()->second.id);
  EXPECT_EQ(scene_.LiveWorkers(1), 2);
}

TEST_F(Surge, AFailureOfALaterSlotLeavesAMixedApp) {
  scene_.target().instances = 4;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kSoak);
  scene_.Ready(1, 2);
  EXPECT_EQ(scene_.Exit(2, 2, 1), (Orders{"stop 1@2", "save"}));
  EXPECT_THAT(scene_.step().reason,
              HasSubstr("web.2 ended before it was available"));
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.LiveWorkers(2), 1);
  EXPECT_EQ(scene_.LiveWorkers(1), 3);
  // Each slot is restarted at what it runs.
  EXPECT_EQ(scene_.Exit(0, 2, 1), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.Exit(2, 1, 1), (Orders{"start 2@1"}));
}

TEST_F(Surge, AFlapRestartsTheSoak) {
  scene_.target().instances = 1;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(absl::Seconds(2));
  scene_.Unready(0, 2);
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kSoak - absl::Milliseconds(1)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.step().flaps, 1);
}

TEST_F(Surge, TooManyFlapsFailTheStep) {
  scene_.Settle();
  scene_.NextGeneration();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(scene_.step().active());
    scene_.Ready(0, 2);
    scene_.Unready(0, 2, "503");
  }
  EXPECT_EQ(scene_.step().failure, FailureKind::kFlapping);
  EXPECT_THAT(scene_.step().reason, HasSubstr("503"));
  EXPECT_EQ(scene_.LiveWorkers(2), 0);
}

TEST_F(Surge, ANewOneThatStaysUnreadyInItsSoakFails) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Unready(0, 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(60)), (Orders{"stop 0@2", "save"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kReadyTimeout);
}

TEST_F(Surge, ACrashOfAnOldOneIsRestartedAtItsGeneration) {
  scene_.Settle();
  scene_.NextGeneration();
  EXPECT_EQ(scene_.Exit(1, 1, 1), (Orders{"start 1@1"}));
  EXPECT_TRUE(scene_.step().active());
}

TEST_F(Surge, ACrashAfterTheSlotHasMovedIsRestartedAtTheNewGeneration) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kSoak);
  EXPECT_EQ(scene_.Exit(0, 2, 1), (Orders{"start 0@2"}));
  EXPECT_TRUE(scene_.step().active());
}

TEST_F(Surge, AMovedSlotThatCrashLoopsFailsTheStep) {
  scene_.spec().restart.max_restarts = 1;
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kSoak - absl::Milliseconds(1));
  // Available for a moment at an uptime that still counts as unstable.
  scene_.spec().restart.min_uptime = absl::Hours(1);
  scene_.Pass(absl::Milliseconds(1));
  ++scene_.target().serial;
  scene_.Accept();
  scene_.Exit(0, 2, 1);
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
  // Its last words are told apart.
  EXPECT_THAT(scene_.step().reason,
              AllOf(HasSubstr("web.0 is in a crash loop: "),
                    Not(HasSubstr("last words"))));
}

TEST_F(Surge, AFirstStartThatIsReadyAndCrashesAgainAndAgainFails) {
  scene_.Accept();
  scene_.Ready(0, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(scene_.step().active());
    scene_.Ready(1, 1);
    scene_.Pass(absl::Seconds(2));
    scene_.Exit(1, 1, 7);
  }
  EXPECT_EQ(scene_.step().failure, FailureKind::kFlapping);
  EXPECT_THAT(scene_.step().reason, HasSubstr("exit code 7"));
  EXPECT_EQ(scene_.step().stderr_tail, std::vector<std::string>{"last words"});
}

TEST_F(Surge, AnAppWhoseWorkersAllGaveUpHasNothingToLose) {
  scene_.spec().restart.max_restarts = 1;
  scene_.Accept();
  scene_.Exit(0, 1, 1);
  scene_.Exit(1, 1, 1);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2", "start 1@2"}));
}

TEST_F(Surge, ASlotThatGaveUpIsReplacedDirectly) {
  scene_.spec().restart.max_restarts = 1;
  scene_.Settle();
  scene_.Pass(absl::Minutes(1));
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.Exit(0, 1, 1), Orders{});
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"start 1@2"}));
}

// --------------------------------------------------------------- stop-first

TEST_F(StopFirst, EndsTheOldOneThenStartsTheNewOne) {
  scene_.Settle();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.Gone(0, 1), (Orders{"start 0@2"}));
  EXPECT_EQ(scene_.Ready(0, 2), Orders{});
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.Gone(1, 1), (Orders{"start 1@2"}));
  scene_.Ready(1, 2);
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(StopFirst, ASlotThatIsDownAlreadyGoesFirst) {
  scene_.Settle();
  scene_.Unready(1, 1);
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.Gone(1, 1), (Orders{"start 1@2"}));
  EXPECT_EQ(scene_.Ready(1, 2), Orders{});
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"stop 0@1"}));
}

TEST_F(StopFirst, AFailureStartsTheOldRevisionAgain) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Gone(0, 1);
  EXPECT_EQ(scene_.Exit(0, 2, 1), (Orders{"save", "start 0@1"}));
  EXPECT_EQ(scene_.step().failure, FailureKind::kExit);
  EXPECT_EQ(scene_.LiveWorkers(1), 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(30)), Orders{});
}

TEST_F(StopFirst, ANewOneThatIsNeverReadyEndsBeforeTheOldOneStarts) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Gone(0, 1);
  EXPECT_EQ(scene_.Pass(absl::Seconds(60)), (Orders{"stop 0@2", "save"}));
  EXPECT_EQ(scene_.Gone(0, 2), (Orders{"start 0@1"}));
}

TEST_F(StopFirst, ACrashWaitsUntilTheWholeTreeIsGone) {
  scene_.Settle();
  WorkerId id = scene_.slot(0).workers.begin()->first;
  WorkerExited(scene_.app(), id, {WorkerExit::Kind::kExited, 1, "1"}, {},
               scene_.now());
  Plan plan = Reconcile(scene_.app(), scene_.now(), scene_);
  EXPECT_TRUE(plan.actions.empty());
  WorkerGone(scene_.app(), id);
  plan = Reconcile(scene_.app(), scene_.now(), scene_);
  ASSERT_EQ(plan.actions.size(), 2u);  // Sockets, start.
  EXPECT_EQ(plan.actions[1].kind, Action::Kind::kStart);
}

// ---------------------------------------------------------------- restarts

TEST_F(Surge, ARestartedAgentGoesOnInTheMiddle) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(kSoak);
  scene_.AllStoppedGone();
  scene_.Ready(1, 2);
  // Slot 0 has moved, slot 1 soaks anew.
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(scene_.step().phase, StepPhase::kVerifying);
  EXPECT_EQ(scene_.Pass(kSoak), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"save"}));
}

TEST_F(Surge, AGenerationWhoseResultIsSavedIsNotTriedAgain) {
  scene_.Settle();
  scene_.NextGeneration();
  scene_.Exit(0, 2, 1);
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
  EXPECT_EQ(scene_.RestartHost(), (Orders{"start 0@1", "start 1@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
}

TEST_F(Surge, AHostThatBootsInTheMiddleStartsWhatWasProven) {
  scene_.target().instances = 3;
  scene_.Settle();
  scene_.NextGeneration();
  // The first slot tries the new generation, the others serve.
  EXPECT_EQ(scene_.RestartHost(),
            (Orders{"start 0@2", "start 1@1", "start 2@1"}));
}

TEST_F(Surge, AHostThatBootsStartsAllAtTheGenerationThatWasDone) {
  scene_.Settle();
  EXPECT_EQ(scene_.RestartHost(), (Orders{"start 0@1", "start 1@1"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(Surge, AdoptedWorkersOfADoneStepAreAvailableAtOnce) {
  scene_.Settle();
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  EXPECT_EQ(SlotsDone(scene_.app()), 2);
}

TEST_F(StopFirst, ARestartedAgentGoesOnInTheSlotThatIsEmpty) {
  scene_.Settle();
  scene_.NextGeneration();
  Worker& old = scene_.app().slots.at(0).workers.begin()->second;
  WorkerExited(scene_.app(), old.id, {}, {}, scene_.now());
  WorkerGone(scene_.app(), old.id);
  EXPECT_EQ(scene_.RestartAgent(), (Orders{"start 0@2"}));
}

TEST(WorkersOfAnUnknownApp, AreLeftAloneUntilATargetComes) {
  ReconcileScene scene;
  AdoptedWorker adopted;
  adopted.identity.id = 9;
  adopted.identity.slot = 0;
  adopted.identity.generation = 1;
  adopted.ready = true;
  auto spec = std::make_shared<AppSpec>();
  scene.app().generations[1] = {1, spec};
  AdoptWorker(scene.app(), adopted, scene.now(), scene.now());
  Plan plan = Reconcile(scene.app(), scene.now(), scene);
  EXPECT_TRUE(plan.actions.empty());
  scene.target().instances = 1;
  EXPECT_EQ(scene.Accept(), Orders{});
  EXPECT_EQ(scene.Pass(kSoak), (Orders{"save"}));
  EXPECT_EQ(scene.step().phase, StepPhase::kDone);
}

}  // namespace
}  // namespace fleet::agent
