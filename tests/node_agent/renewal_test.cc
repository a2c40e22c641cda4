// Workers that are replaced by others of their own generation, unhealthy ones,
// and what others hold back.
#include "node_agent/renewal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node_agent/app_events.h"
#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kLimit = 300 << 20;
constexpr int64_t kOver = 412 << 20;

class Renewal : public testing::Test {
 protected:
  Renewal() { scene_.spec().restart.max_memory_bytes = kLimit; }

  void SettleForAWhile() {
    scene_.Settle();
    scene_.Pass(absl::Hours(1));
  }
  void StopFirst() {
    scene_.spec().exec_mode = ExecMode::kFork;
    scene_.target().step.strategy = ReloadStrategy::kDefault;
  }
  const Worker& OnlyWorker(int slot) {
    return scene_.slot(slot).workers.begin()->second;
  }

  ReconcileScene scene_;
};

TEST_F(Renewal, AWorkerOverItsMemoryIsStoppedOnceItsSuccessorIsAvailable) {
  SettleForAWhile();
  EXPECT_EQ(scene_.Memory(0, kLimit), Orders{});
  EXPECT_EQ(scene_.Memory(0, kOver), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.ReadyNewest(0), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_EQ(scene_.slot(0).restart.restarts, 1);
  EXPECT_EQ(scene_.slot(0).workers.size(), 1u);
  EXPECT_THAT(scene_.Events(),
              ElementsAre("0: is replaced: 412 MB resident, over "
                          "max_memory_restart 300 MB"));
}

TEST_F(Renewal, WithoutALimitMemoryIsTheAppsOwnAffair) {
  scene_.spec().restart.max_memory_bytes = 0;
  SettleForAWhile();
  EXPECT_EQ(scene_.Memory(0, int64_t{1} << 40), Orders{});
}

TEST_F(Renewal, AStopFirstAppIsRestarted) {
  StopFirst();
  SettleForAWhile();
  EXPECT_EQ(scene_.Memory(0, kOver), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 0@1"}));
}

TEST_F(Renewal, WorkersThatAreSoonOverTheLimitWaitLongerAndLonger) {
  scene_.target().instances = 1;
  SettleForAWhile();
  std::vector<absl::Duration> waits;
  for (int i = 0; i < 11; ++i) {
    absl::Time before = scene_.now();
    Orders orders = scene_.Memory(0, kOver);
    while (orders.empty()) orders = scene_.Pass(absl::Seconds(1));
    EXPECT_EQ(orders, (Orders{"start 0@1"}));
    waits.push_back(scene_.now() - before);
    scene_.ReadyNewest(0);
    EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
    scene_.AllStoppedGone();
  }
  EXPECT_THAT(
      waits,
      ElementsAre(absl::ZeroDuration(), absl::ZeroDuration(), absl::Seconds(10),
                  absl::Seconds(20), absl::Seconds(40), absl::Seconds(80),
                  absl::Seconds(160), absl::Seconds(320), absl::Seconds(640),
                  absl::Minutes(15), absl::Minutes(15)));
  EXPECT_THAT(scene_.Events().back(),
              HasSubstr("so were the last 9 soon after their start, so it "
                        "waits 15m00s: raise the limit or mend the leak"));
}

TEST_F(Renewal, AWorkerWhoseMemoryFallsAgainWhileItWaitsIsKept) {
  SettleForAWhile();
  for (int i = 0; i < 2; ++i) {
    scene_.Memory(0, kOver);
    scene_.ReadyNewest(0);
    scene_.Pass(absl::Seconds(3));
    scene_.AllStoppedGone();
  }
  EXPECT_EQ(scene_.Memory(0, kOver), Orders{});
  EXPECT_THAT(OnlyWorker(0).renewal_reason, HasSubstr("over"));
  EXPECT_EQ(scene_.Memory(0, kLimit), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
}

TEST_F(Renewal, ASuccessorThatFailsLeavesTheOldOneAndIsTriedAgainLater) {
  SettleForAWhile();
  scene_.Memory(0, kOver);
  EXPECT_EQ(scene_.ExitNewest(0, 1), Orders{});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kRunning);
  EXPECT_TRUE(OnlyWorker(0).available);
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(9999)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.ExitNewest(0, 1), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(19999)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Milliseconds(1)), (Orders{"start 0@1"}));
  EXPECT_THAT(scene_.Events()[1],
              HasSubstr("could not be replaced: the new worker ended (exit "
                        "code 1); the old one serves on, tried again in 10"));
}

TEST_F(Renewal, ASuccessorThatIsNeverReadyIsKilled) {
  SettleForAWhile();
  scene_.Memory(0, kOver);
  EXPECT_EQ(scene_.Pass(absl::Seconds(60)), (Orders{"kill 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_TRUE(OnlyWorker(0).available);
  EXPECT_EQ(scene_.Pass(absl::Seconds(10)), (Orders{"start 0@1"}));
}

TEST_F(Renewal, ThePredecessorsEndLeavesTheSuccessorAlone) {
  SettleForAWhile();
  scene_.Memory(0, kOver);
  EXPECT_EQ(scene_.Exit(0, 1, 1), Orders{});  // The older of the two.
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kRunning);
  EXPECT_EQ(scene_.ReadyNewest(0), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), Orders{});
  EXPECT_TRUE(OnlyWorker(0).available);
}

TEST_F(Renewal, AllAreRenewedTheFirstOneAlone) {
  scene_.target().instances = 4;
  SettleForAWhile();
  EXPECT_EQ(scene_.Renew(RenewalCause::kCron, "cron_restart 0 3 * * *"),
            (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.ReadyNewest(0), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1", "start 1@1"}));
  EXPECT_EQ(scene_.ReadyNewest(1), (Orders{"start 2@1"}));
  EXPECT_EQ(scene_.ReadyNewest(2), (Orders{"start 3@1"}));
  scene_.ReadyNewest(3);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)),
            (Orders{"stop 1@1", "stop 2@1", "stop 3@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
}

TEST_F(Renewal, StopFirstAppsGoSlotBySlot) {
  StopFirst();
  SettleForAWhile();
  EXPECT_EQ(scene_.Renew(RenewalCause::kCron, "cron"), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.ReadyNewest(0), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 1@1"}));
}

TEST_F(Renewal, ABadFileStopsAtTheFirstSlotOfAStopFirstApp) {
  StopFirst();
  scene_.spec().restart.max_restarts = 2;
  SettleForAWhile();
  scene_.Renew(RenewalCause::kWatch, "app.js changed");
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.ExitNewest(0, 1), (Orders{"start 0@1"}));
  EXPECT_EQ(scene_.ExitNewest(0, 1), Orders{});
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kCrashLoop);
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(scene_.LiveWorkers(1), 1);
}

TEST_F(Renewal, FilesThatChangeAgainAreTriedAtOnce) {
  SettleForAWhile();
  scene_.Renew(RenewalCause::kWatch, "app.js changed");
  EXPECT_EQ(scene_.ExitNewest(0, 1), Orders{});
  EXPECT_EQ(scene_.Renew(RenewalCause::kWatch, "app.js changed"),
            (Orders{"start 0@1"}));
}

TEST_F(Renewal, StartsWhatHasEndedOrGivenUp) {
  scene_.spec().restart.max_restarts = 1;
  scene_.spec().restart.stop_exit_codes = {0};
  SettleForAWhile();
  scene_.Exit(0, 1, 0);
  scene_.Exit(1, 1, 1);
  scene_.Exit(1, 1, 1);
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kExited);
  EXPECT_EQ(scene_.slot(1).phase, SlotPhase::kCrashLoop);
  EXPECT_EQ(scene_.Renew(RenewalCause::kCron, "cron"),
            (Orders{"start 0@1", "start 1@1"}));
}

TEST_F(Renewal, AStoppedAppStaysStopped) {
  SettleForAWhile();
  ++scene_.target().serial;
  scene_.target().stopped = true;
  scene_.Accept();
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.Renew(RenewalCause::kCron, "cron"), Orders{});
}

TEST_F(Renewal, AStepCancelsWhatIsUnderWay) {
  SettleForAWhile();
  scene_.Renew(RenewalCause::kCron, "cron");
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 0@1", "start 0@2"}));
  scene_.AllStoppedGone();
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"start 1@2", "stop 0@1"}));
  scene_.AllStoppedGone();
  scene_.Ready(1, 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"save"}));
}

TEST_F(Renewal, WaitsWhileAStepIsActive) {
  SettleForAWhile();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  scene_.Pass(absl::Seconds(3));
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.Memory(0, kOver), Orders{});
  scene_.Ready(1, 2);
  scene_.Pass(absl::Seconds(3));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 0@2", "save"}));
}

TEST_F(Renewal, GoesOnAfterTheAgentsDeath) {
  SettleForAWhile();
  scene_.Renew(RenewalCause::kCron, "cron");
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  scene_.ReadyNewest(0);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
}

TEST_F(Renewal, AnUnhealthyWorkerIsReplacedAtOnce) {
  SettleForAWhile();
  EXPECT_EQ(scene_.Unhealthy(0, "no answer within 1s"),
            (Orders{"stop 0@1", "start 0@1"}));
  EXPECT_EQ(scene_.slot(0).restart.restarts, 1);
  EXPECT_EQ(scene_.slot(0).last_exit, "unhealthy: no answer within 1s");
  EXPECT_EQ(scene_.Pass(absl::Seconds(30)), (Orders{"kill 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_THAT(scene_.Events(),
              ElementsAre("0: unhealthy: no answer within 1s after 1h00m; "
                          "restarted at once"));
}

TEST_F(Renewal, AnUnhealthyWorkerThatOwnsItsPortEndsFirst) {
  StopFirst();
  SettleForAWhile();
  EXPECT_EQ(scene_.Unhealthy(0, "hangs"), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.Pass(absl::Seconds(30)), (Orders{"kill 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 0@1"}));
}

TEST_F(Renewal, WorkersThatAreSoonUnhealthyAreACrashLoop) {
  scene_.spec().restart.max_restarts = 2;
  scene_.spec().restart.min_uptime = absl::Seconds(10);
  SettleForAWhile();
  scene_.Unhealthy(0, "hangs");
  scene_.AllStoppedGone();
  scene_.Unhealthy(0, "hangs");
  scene_.AllStoppedGone();
  scene_.Pass(absl::Seconds(1));
  scene_.Unhealthy(0, "hangs");
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kCrashLoop);
  EXPECT_THAT(CrashLoopText(scene_.slot(0)),
              HasSubstr("2 unstable exits in a row, the last: unhealthy: "
                        "hangs after "));
  EXPECT_THAT(CrashLoopText(scene_.slot(0)),
              HasSubstr("; its last words: last words"));
}

TEST_F(Renewal, AnUnhealthyReplacementFailsItsStep) {
  SettleForAWhile();
  scene_.NextGeneration();
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Unhealthy(0, "hangs"), (Orders{"stop 0@2", "save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kFailed);
  EXPECT_EQ(scene_.step().failure, FailureKind::kUnhealthy);
  EXPECT_THAT(scene_.step().reason,
              HasSubstr("web.0 lived and did not serve: hangs"));
}

TEST_F(Renewal, MoreTimeToGetReady) {
  scene_.target().instances = 1;
  scene_.target().step.ready_deadline = absl::Seconds(60);
  scene_.Accept();
  scene_.Pass(absl::Seconds(50));
  scene_.Extend(0, absl::Seconds(30));
  EXPECT_EQ(scene_.Pass(absl::Seconds(29)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(1)), (Orders{"kill 0@1", "save"}));
}

TEST_F(Renewal, MoreTimeToEnd) {
  SettleForAWhile();
  ++scene_.target().serial;
  scene_.target().instances = 1;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 1@1"}));
  scene_.Pass(absl::Seconds(20));
  scene_.Extend(1, absl::Seconds(30));
  EXPECT_EQ(scene_.Pass(absl::Seconds(29)), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(1)), (Orders{"kill 1@1"}));
}

TEST_F(Renewal, NobodyGetsMoreThanAnHour) {
  SettleForAWhile();
  ++scene_.target().serial;
  scene_.target().instances = 1;
  scene_.Accept();
  scene_.Extend(1, absl::Hours(1000));
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), (Orders{"kill 1@1"}));
}

TEST_F(Renewal, AHeldAppStartsNothingAndSaysWhatItWaitsFor) {
  scene_.app().held_by = "db: db.0 is starting";
  EXPECT_EQ(scene_.Accept(), Orders{});
  EXPECT_EQ(scene_.step().reason, "web waits for app db: db.0 is starting");
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(scene_.step().phase, StepPhase::kApplying);
  EXPECT_EQ(scene_.Hold(""), (Orders{"start 0@1", "start 1@1"}));
  EXPECT_EQ(scene_.Pass(absl::Seconds(59)), Orders{});
}

TEST_F(Renewal, AHeldReloadLeavesTheOldWorkersAndRestartsThem) {
  SettleForAWhile();
  scene_.app().held_by = "db: is being reloaded";
  EXPECT_EQ(scene_.NextGeneration(), Orders{});
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
  scene_.Ready(0, 1);
  EXPECT_EQ(scene_.Hold(""), (Orders{"start 0@2"}));
  // Once begun it is not held any more.
  EXPECT_EQ(scene_.Hold("db: db.0 is starting"), Orders{});
  EXPECT_EQ(scene_.Ready(0, 2), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"start 1@2", "stop 0@1"}));
}

TEST_F(Renewal, ABootIsHeldToo) {
  SettleForAWhile();
  scene_.RestartHost();
  ReconcileScene booting;
  booting.Settle();
  booting.app() = RestoreApp(booting.saved());
  EXPECT_EQ(booting.Hold("db: db.0 is starting"), Orders{});
  EXPECT_EQ(booting.Hold(""), (Orders{"start 0@1", "start 1@1"}));
}

TEST_F(Renewal, ACrashIsNotHeld) {
  SettleForAWhile();
  scene_.app().held_by = "db: db.0 is starting";
  EXPECT_EQ(scene_.Exit(0, 1, 1), (Orders{"start 0@1"}));
}

TEST_F(Renewal, EventsAreBoundedAndCrashesInARowAreOne) {
  scene_.spec().restart.max_restarts = 1000;
  SettleForAWhile();
  for (int i = 0; i < 5; ++i) {
    scene_.Exit(0, 1, 1);
    scene_.ReadyNewest(0);
    scene_.Pass(absl::Minutes(1));
  }
  EXPECT_THAT(scene_.Events(), ElementsAre(HasSubstr("0: exit code 1 after ")));
  for (int i = 0; i < 50; ++i) {
    scene_.Exit(i % 2, 1, 1);
    scene_.ReadyNewest(i % 2);
    scene_.Pass(absl::Minutes(1));
  }
  EXPECT_EQ(scene_.app().events.size(), AppState::kMaxEvents);
}

// ------------------------------------------------------- orders for one slot

TEST_F(Renewal, AUserRestartsOneSlotAtOnceAndByItself) {
  SettleForAWhile();
  EXPECT_EQ(scene_.RestartSlot(1, /*stop_first=*/true), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), (Orders{"start 1@1"}));
  EXPECT_EQ(scene_.slot(1).restart.restarts, 1);
  EXPECT_EQ(scene_.slot(0).restart.restarts, 0);
  EXPECT_THAT(scene_.Events(),
              ElementsAre("1: is replaced: ordered for this instance"));
}

TEST_F(Renewal, AUserReloadsOneSlotAsTheAppIsReloaded) {
  SettleForAWhile();
  EXPECT_EQ(scene_.RestartSlot(1, false), (Orders{"start 1@1"}));
  // Ordered again, it is the same one.
  EXPECT_EQ(scene_.RestartSlot(1, false), Orders{});
  EXPECT_EQ(scene_.ReadyNewest(1), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
}

TEST_F(Renewal, AUsersReloadThatFailsIsNotTriedAgain) {
  SettleForAWhile();
  EXPECT_EQ(scene_.RestartSlot(1, false), (Orders{"start 1@1"}));
  EXPECT_EQ(scene_.ExitNewest(1, 1), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(scene_.LiveWorkers(1), 2);
  EXPECT_EQ(scene_.Events().back(),
            "1: could not be replaced: the new worker ended (exit code 1); the "
            "old one serves on");
  // What is renewed by itself afterwards does not wait for it.
  EXPECT_EQ(scene_.Memory(0, kOver), (Orders{"start 0@1"}));
}

TEST_F(Renewal, ARestartOfASlotThatHasGivenUpStartsIt) {
  scene_.spec().restart.max_restarts = 1;
  SettleForAWhile();
  scene_.Exit(1, 1, 1);
  scene_.ExitNewest(1, 1);
  ASSERT_EQ(scene_.slot(1).phase, SlotPhase::kCrashLoop);
  EXPECT_EQ(scene_.RestartSlot(1, true), (Orders{"start 1@1"}));
  EXPECT_EQ(scene_.slot(1).phase, SlotPhase::kRunning);
}

TEST_F(Renewal, AStepIsNotDisturbed) {
  SettleForAWhile();
  scene_.NextGeneration();
  EXPECT_THAT(scene_.RestartSlot(1, true),
              ElementsAre(HasSubstr("is being brought to another generation")));
}

TEST_F(Renewal, AStoppedSlotStaysStoppedUntilItIsStarted) {
  SettleForAWhile();
  scene_.target().slot_orders[1].stopped = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 1@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  EXPECT_EQ(scene_.Pass(absl::Hours(1)), Orders{});
  EXPECT_EQ(SlotsDone(scene_.app()), 2);
  EXPECT_THAT(scene_.RestartSlot(1, true),
              ElementsAre(HasSubstr("is stopped here")));
  // The calendar renews the others.
  EXPECT_EQ(scene_.Renew(RenewalCause::kCron, "cron"), (Orders{"start 0@1"}));
  scene_.ReadyNewest(0);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.AllStoppedGone(), Orders{});
  // An agent that starts anew knows it from its journal.
  EXPECT_EQ(scene_.RestartAgent(), Orders{});
  scene_.target().slot_orders[1] = {false, 1};
  EXPECT_EQ(scene_.Accept(), (Orders{"start 1@1"}));
}

TEST_F(Renewal, AStepLeavesAStoppedSlotOutAndTakesItAlong) {
  SettleForAWhile();
  scene_.target().slot_orders[1].stopped = true;
  scene_.Accept();
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(absl::Seconds(3)), (Orders{"stop 0@1"}));
  scene_.AllStoppedGone();
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
  // Also when it is stopped while its turn comes.
  scene_.target().slot_orders.clear();
  EXPECT_EQ(scene_.Accept(), (Orders{"start 1@2"}));
  scene_.Ready(1, 2);
  scene_.Pass(absl::Seconds(3));
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"start 0@3"}));
  scene_.target().slot_orders[0].stopped = true;
  EXPECT_EQ(scene_.Accept(), (Orders{"stop 0@2", "stop 0@3", "start 1@3"}));
}

TEST_F(Renewal, AStartOfOneSlotIsANewChanceForThatOneAlone) {
  scene_.spec().restart.max_restarts = 1;
  SettleForAWhile();
  for (int slot : {0, 1}) {
    scene_.Exit(slot, 1, 1);
    scene_.ExitNewest(slot, 1);
    ASSERT_EQ(scene_.slot(slot).phase, SlotPhase::kCrashLoop);
  }
  scene_.target().slot_orders[1].start_nonce = 1;
  EXPECT_EQ(scene_.Accept(), (Orders{"start 1@1"}));
  EXPECT_EQ(scene_.slot(0).phase, SlotPhase::kCrashLoop);
}

}  // namespace
}  // namespace fleet::agent
