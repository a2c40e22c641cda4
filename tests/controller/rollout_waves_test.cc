// Waves, canaries, promotion, bake times, zones, budgets: which host may begin
// when.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "controller/rollout/commands.h"
#include "controller/rollout/planner.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

using Command = absl::StatusOr<Plan> (*)(const Rollout&, const Request&,
                                         Moment);

absl::Status AskIn(Command command, RolloutScene& scene) {
  absl::StatusOr<Plan> plan = command(scene.rollout, {"ann", ""}, scene.now);
  RETURN_IF_ERROR(plan.status());
  Apply(*plan, scene.rollout);
  return absl::OkStatus();
}

TEST(WavesTest, SecondWaveWaitsForTheWholeFirst) {
  RolloutScene scene("PENDING PENDING PENDING PENDING", "old old old old");
  scene.rollout.policy.max_parallel = 3;
  scene.SetWaves({0, 0, 1, 1});
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "ADMITTED ADMITTED PENDING PENDING");
  scene.SetHosts("done applying old old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE APPLYING PENDING PENDING");
  scene.SetHosts("done done old old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE DONE ADMITTED ADMITTED");
  EXPECT_EQ(scene.rollout.state.wave, 1);
}

TEST(WavesTest, CanaryBakesThenTheRestFollowsByItself) {
  RolloutScene scene("APPLYING PENDING", "done old");
  scene.SetWaves({0, 1});
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  EXPECT_EQ(scene.Steps(), "DONE PENDING");
  EXPECT_EQ(scene.rollout.state.message, "wave 1 of 2 bakes for 2m");
  EXPECT_EQ(scene.Step().wake_up, scene.now.steady + absl::Minutes(2));
  scene.Pass(absl::Minutes(2) - absl::Nanoseconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Nanoseconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST(WavesTest, TheLastWaveBakesToo) {
  RolloutScene scene("VERIFYING", "done");
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
}

TEST(WavesTest, ManualPromotionHoldsAfterTheFirstWaveOnly) {
  RolloutScene scene("APPLYING PENDING PENDING", "done old old");
  scene.SetWaves({0, 1, 2});
  scene.rollout.policy.promotion = Promotion::kManual;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+MANUAL_GATE");
  EXPECT_EQ(scene.Steps(), "DONE PENDING PENDING");
  EXPECT_EQ(scene.Step().wake_up, absl::InfiniteFuture());
  scene.Pass(absl::Hours(100));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+MANUAL_GATE");
  const absl::Status resumed = AskIn(ResumeRollout, scene);
  EXPECT_TRUE(absl::EndsWith(resumed.message(), "; promote it to go on"))
      << resumed;
  ASSERT_TRUE(AskIn(PromoteRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED PENDING");
  scene.SetHosts("done done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE DONE ADMITTED");
}

TEST(WavesTest, ResumeIsNoPromotion) {
  RolloutScene scene("APPLYING PENDING", "done old");
  scene.SetWaves({0, 1});
  scene.rollout.policy.promotion = Promotion::kManual;
  scene.Settle();
  absl::Status status = AskIn(ResumeRollout, scene);
  EXPECT_EQ(ReasonOf(status).reason, "NOTHING_TO_RESUME") << status;
  EXPECT_EQ(scene.Phase(), "ROLLING+MANUAL_GATE");
}

TEST(WavesTest, PromoteWithoutAGateIsRefused) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  scene.SetWaves({0, 1});
  EXPECT_EQ(ReasonOf(AskIn(PromoteRollout, scene)).reason,
            "NOTHING_TO_PROMOTE");
}

TEST(WavesTest, PromoteNowEndsTheBakeTime) {
  RolloutScene scene("APPLYING PENDING", "done old");
  scene.SetWaves({0, 1});
  scene.rollout.policy.bake_time = absl::Hours(2);
  scene.rollout.policy.promotion = Promotion::kManual;
  scene.Settle();
  EXPECT_EQ(ReasonOf(AskIn(PromoteRollout, scene)).reason,
            "NOTHING_TO_PROMOTE");
  ASSERT_TRUE(AskIn(PromoteNow, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST(WavesTest, PausedTimeDoesNotBake) {
  RolloutScene scene("APPLYING PENDING", "done old");
  scene.SetWaves({0, 1});
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.Settle();
  scene.Pass(absl::Minutes(1));
  ASSERT_TRUE(AskIn(PauseRollout, scene).ok());
  scene.Settle();
  scene.Pass(absl::Hours(1));
  ASSERT_TRUE(AskIn(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  EXPECT_EQ(BakeRemaining(scene.rollout, scene.now.steady), absl::Minutes(1));
}

TEST(WavesTest, AnotherHostTakesTheCanarysPlaceWhenItIsAway) {
  RolloutScene scene("PENDING PENDING PENDING", "away old old");
  scene.SetWaves({0, 1, 1});
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "SKIPPED ADMITTED PENDING");
  EXPECT_EQ(scene.Waves(), "0 0 1");
  scene.rollout.policy.max_parallel = 3;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "SKIPPED ADMITTED PENDING");
}

TEST(WavesTest, CordonedHostsAreSkippedAndReplacedToo) {
  RolloutScene scene("PENDING PENDING PENDING", "cordoned old old");
  scene.SetWaves({0, 1, 1});
  scene.rollout.policy.max_skipped = 0;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "SKIPPED ADMITTED PENDING");
  EXPECT_EQ(scene.rollout.steps[0].skip, SkipReason::kCordoned);
  scene.SetHosts("old applying old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "PENDING APPLYING PENDING");
}

TEST(WavesTest, CordonedHostGetsNoTargetInTheEnd) {
  RolloutScene scene("PENDING APPLYING", "cordoned done");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
  EXPECT_EQ(scene.rollout.state.message, "1 host done; cordoned: a");
}

TEST(WavesTest, MoreThanMaxSkippedFail) {
  RolloutScene scene("PENDING PENDING PENDING", "away away old");
  scene.rollout.policy.max_skipped = 1;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.Steps(), "SKIPPED PENDING PENDING");
  EXPECT_EQ(scene.rollout.state.message,
            "b is not connected; 1 of 3 hosts may be skipped for that");
  // A person may say that it does not matter.
  ASSERT_TRUE(AskIn(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "SKIPPED SKIPPED ADMITTED");
}

TEST(WavesTest, WaveWithoutASingleDoneHostFailsInSpiteOfMaxFailures) {
  RolloutScene scene("APPLYING PENDING PENDING", "failed old old");
  scene.SetWaves({0, 1, 1});
  scene.rollout.policy.max_failures = 2;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.Steps(), "FAILED PENDING PENDING");
  ASSERT_TRUE(AskIn(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED ADMITTED PENDING");
}

TEST(ZonesTest, OneZoneAtATime) {
  RolloutScene scene("PENDING PENDING PENDING PENDING", "old old old old");
  scene.SetZones("x y x y");
  scene.rollout.policy.max_parallel = 4;
  scene.rollout.policy.max_zones = 1;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "ADMITTED PENDING ADMITTED PENDING");
  scene.SetHosts("done old applying old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE PENDING APPLYING PENDING");
  scene.SetHosts("done old done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED DONE ADMITTED");
}

TEST(ZonesTest, LostHostsHoldTheirZone) {
  RolloutScene scene("APPLYING PENDING PENDING", "away old old");
  scene.SetZones("x y x");
  scene.rollout.policy.max_parallel = 2;
  scene.rollout.policy.max_zones = 1;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "UNKNOWN PENDING ADMITTED");
}

TEST(BudgetTest, NoHealthyHostIsTouchedWhileInstancesAreDown) {
  RolloutScene scene("DONE PENDING PENDING", "unready old old");
  scene.rollout.policy.max_unavailable = 0;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+BUDGET");
  EXPECT_EQ(scene.Steps(), "DONE PENDING PENDING");
  EXPECT_EQ(
      scene.rollout.state.message,
      "1 instance of web is not available (max_unavailable 0): a (1 of 4)");
  scene.SetHosts("done old old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED PENDING");
}

TEST(BudgetTest, BrokenHostsHaveNothingToLose) {
  RolloutScene scene("PENDING PENDING PENDING", "old broken dead");
  scene.rollout.policy.max_unavailable = 0;
  scene.rollout.policy.max_parallel = 3;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "PENDING ADMITTED ADMITTED");
}

TEST(BudgetTest, StepsThatStopFirstAreReckonedBeforeTheyShow) {
  RolloutScene scene("PENDING PENDING PENDING", "old old old");
  scene.rollout.policy.step.strategy = ReloadStrategy::kStopFirst;
  scene.rollout.policy.max_parallel = 3;
  scene.rollout.policy.max_unavailable = 2;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "ADMITTED ADMITTED PENDING");
}

TEST(BudgetTest, WhatIsDownElsewhereCountsToo) {
  RolloutScene scene("PENDING PENDING", "old old");
  scene.rollout.policy.max_unavailable = 1;
  scene.fleet.down_elsewhere = 2;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+BUDGET");
  EXPECT_NE(scene.rollout.state.message.find("not of this rollout"),
            std::string::npos);
}

TEST(BudgetTest, DeadlinesGoOnWhileTheBudgetHolds) {
  RolloutScene scene("DONE PENDING", "unready old");
  scene.rollout.policy.max_unavailable = 0;
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "ROLLING+BUDGET");
  scene.Pass(scene.rollout.policy.progress_deadline);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+BUDGET+FAILURE");
}

TEST(DeadlineTest, TotalDeadlineFailsTheRollout) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  scene.rollout.policy.total_deadline = absl::Minutes(30);
  scene.rollout.state.total_at = absl::Minutes(30);
  scene.rollout.state.progress_at = absl::Hours(9);
  scene.rollout.policy.step_deadline = absl::Hours(8);
  scene.Step();
  scene.Pass(absl::Minutes(30));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.rollout.state.message, "it has taken longer than 30m: a");
  // Resumed, it has that long again.
  ASSERT_TRUE(AskIn(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(TotalRemaining(scene.rollout, scene.now.steady), absl::Minutes(30));
}

TEST(DeadlineTest, StepDeadlineOfThePolicyCounts) {
  RolloutScene scene("PENDING", "old");
  scene.rollout.policy.step_deadline = absl::Seconds(90);
  scene.Step();
  scene.SetHosts("applying");
  scene.Settle();
  scene.Pass(absl::Seconds(90));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED");
  EXPECT_EQ(scene.rollout.steps[0].reason,
            "a has not finished its step within 1m30s, it is APPLYING with 1 "
            "of 4 instances done; 4 of 4 instances are ready, revision 1");
}

}  // namespace
}  // namespace fleet::controller
