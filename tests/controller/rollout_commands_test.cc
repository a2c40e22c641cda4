#include <gtest/gtest.h>

#include <string>

#include "controller/rollout/commands.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

using Command = absl::StatusOr<Plan> (*)(const Rollout&, const Request&,
                                         Moment);

absl::Status Ask(Command command, RolloutScene& scene) {
  absl::StatusOr<Plan> plan = command(scene.rollout, {"ann", "why"}, scene.now);
  RETURN_IF_ERROR(plan.status());
  Apply(*plan, scene.rollout);
  return absl::OkStatus();
}

TEST(RolloutCommandsTest, PauseStopsAdmissionAndLetsStepsGoOn) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  ASSERT_TRUE(Ask(PauseRollout, scene).ok());
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+USER");
  EXPECT_EQ(scene.rollout.state.message, "paused by ann: why");
  ASSERT_TRUE(Ask(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
  EXPECT_EQ(scene.rollout.state.message, "");
}

TEST(RolloutCommandsTest, PausedBeforeItBeginsItStillSaysSo) {
  RolloutScene scene("PENDING PENDING", "old old");
  scene.rollout.state.phase = RolloutPhase::kQueued;
  ASSERT_TRUE(Ask(PauseRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+USER");
  EXPECT_EQ(scene.Steps(), "PENDING PENDING");
  EXPECT_EQ(scene.rollout.state.message, "paused by ann: why");
}

TEST(RolloutCommandsTest, PauseTwiceIsPauseOnce) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  ASSERT_TRUE(Ask(PauseRollout, scene).ok());
  int64_t seq = scene.rollout.state.last_seq;
  ASSERT_TRUE(Ask(PauseRollout, scene).ok());
  EXPECT_EQ(scene.rollout.state.last_seq, seq);
  EXPECT_EQ(scene.Phase(), "ROLLING+USER");
}

TEST(RolloutCommandsTest, ResumeAfterFailureLeavesFailedHostsAndCountsAnew) {
  RolloutScene scene("APPLYING PENDING PENDING", "failed old old");
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "ROLLING+FAILURE");
  ASSERT_TRUE(Ask(ResumeRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED ADMITTED PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.rollout.state.failures, 1);
  scene.SetHosts("failed failed old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED FAILED PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.rollout.state.failures, 2);
}

TEST(RolloutCommandsTest, RetryGivesFailedHostsTheNextGeneration) {
  RolloutScene scene("DONE APPLYING PENDING", "done failed old");
  scene.Settle();
  ASSERT_TRUE(Ask(RetryRollout, scene).ok());
  EXPECT_EQ(scene.Steps(), "DONE PENDING PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING");
  Plan plan = scene.Step();
  EXPECT_EQ(Text(plan.targets), "b:8");
  EXPECT_EQ(scene.rollout.steps[1].attempt, 2);
  EXPECT_EQ(scene.rollout.steps[0].attempt, 1);
  EXPECT_EQ(scene.rollout.state.generation, 8);
  // What the host said of the generation before is no failure of this one.
  scene.fleet.hosts[1] = ViewOf("failed", 7);
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED PENDING");
  scene.SetHosts("done done old");
  scene.Settle();
  scene.SetHosts("done done done");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
  EXPECT_EQ(scene.rollout.state.failures, 1);
}

TEST(RolloutCommandsTest, RetryKeepsAUsersHold) {
  RolloutScene scene("APPLYING PENDING", "failed old");
  scene.Settle();
  ASSERT_TRUE(Ask(PauseRollout, scene).ok());
  ASSERT_TRUE(Ask(RetryRollout, scene).ok());
  EXPECT_EQ(scene.Phase(), "ROLLING+USER");
  EXPECT_TRUE(scene.Step().targets.empty());
}

TEST(RolloutCommandsTest, RetryWithoutAFailureIsRefused) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  absl::Status status = Ask(RetryRollout, scene);
  EXPECT_EQ(ReasonOf(status).reason, "NOTHING_TO_RETRY");
}

TEST(RolloutCommandsTest, AbortWaitsForStepsInFlight) {
  RolloutScene scene("DONE APPLYING PENDING", "done applying old");
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING aborting");
  EXPECT_EQ(scene.Steps(), "DONE APPLYING PENDING");
  scene.SetHosts("done failed old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
  EXPECT_EQ(scene.rollout.state.message,
            "aborted by ann: why. MIXED: partly revision 2 on b; revision 1 on "
            "c; revision 2 on a");
}

TEST(RolloutCommandsTest, AbortOfAHeldRolloutEndsItAtOnce) {
  RolloutScene scene("APPLYING PENDING", "failed old");
  scene.Settle();
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
}

TEST(RolloutCommandsTest, AbortRightAfterARestartHearsFirstWhatRuns) {
  RolloutScene scene("DONE PENDING", "away away");
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  for (HostView& view : scene.fleet.hosts) view.running_revision = 0;
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+LEADERLESS aborting");
  scene.SetHosts("away old");
  scene.fleet.hosts[1].running_revision = 1;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
  EXPECT_NE(scene.rollout.state.message.find(
                "MIXED: revision 1 on b; revision 2 on a"),
            std::string::npos)
      << scene.rollout.state.message;
}

TEST(RolloutCommandsTest, AbortRightAfterARestartDoesNotWaitForEver) {
  RolloutScene scene("DONE PENDING", "away away");
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
}

TEST(RolloutCommandsTest, AbortTellsOfHostsThatJoined) {
  RolloutScene scene("DONE PENDING", "done old");
  scene.fleet.hosts[1].running_revision = 1;
  scene.fleet.joined = {{"c", 2}};
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  EXPECT_NE(scene.rollout.state.message.find(
                "MIXED: revision 1 on b; revision 2 on a, c"),
            std::string::npos)
      << scene.rollout.state.message;
}

TEST(RolloutCommandsTest, AbortBeforeAnythingWasTouchedIsNotMixed) {
  RolloutScene scene("PENDING PENDING", "old old");
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  EXPECT_EQ(scene.rollout.state.message,
            "aborted by ann: why. revision 1 on a, b");
}

// What an abort says at its end.
std::string AbortedText(RolloutScene& scene) {
  EXPECT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  return scene.rollout.state.message;
}

TEST(RolloutCommandsTest, WhatIsDrainedMixesWithNothing) {
  RolloutScene scene("PENDING PENDING", "old cordoned");
  scene.fleet.hosts[1].instances_total = 0;
  scene.fleet.hosts[1].running_revision = 0;
  EXPECT_EQ(AbortedText(scene),
            "aborted by ann: why. revision 1 on a; drained: b");
}

// All of it runs the new revision, though its step has failed.
TEST(RolloutCommandsTest, AHostThatGotWorseRunsTheNewRevisionWholly) {
  RolloutScene scene("DONE PENDING", "done old");
  scene.rollout.steps[0].phase = HostStepPhase::kFailed;
  scene.rollout.steps[0].progress = scene.fleet.hosts[0].report;
  EXPECT_EQ(AbortedText(scene),
            "aborted by ann: why. MIXED: revision 1 on b; revision 2 on a");
}

TEST(RolloutCommandsTest, AbortEndsEvenWhenAHostNeverAnswers) {
  RolloutScene scene("APPLYING PENDING", "away old");
  scene.Settle();
  ASSERT_TRUE(Ask(AbortRollout, scene).ok());
  scene.Settle();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
}

TEST(RolloutCommandsTest, SupersededHostsAreNoLongerFollowed) {
  RolloutScene scene("DONE APPLYING PENDING", "done applying old");
  absl::StatusOr<Plan> plan =
      EndRollout(scene.rollout, RolloutPhase::kSuperseded,
                 {"ann", "superseded by r-2"}, scene.now);
  ASSERT_TRUE(plan.ok());
  Apply(*plan, scene.rollout);
  EXPECT_EQ(scene.Steps(), "DONE SKIPPED SKIPPED");
  EXPECT_EQ(scene.Phase(), "SUPERSEDED");
  EXPECT_EQ(scene.rollout.steps[1].reason, "superseded by r-2 while APPLYING");
}

TEST(RolloutCommandsTest, EndedRolloutsTakeNoCommand) {
  for (Command command :
       {PauseRollout, ResumeRollout, AbortRollout, RetryRollout}) {
    RolloutScene scene("FAILED", "failed");
    scene.rollout.state.phase = RolloutPhase::kAborted;
    absl::Status status = Ask(command, scene);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status).reason, "ROLLOUT_ENDED");
  }
}

TEST(RolloutCommandsTest, AbortingRolloutsTakeNoCommandButAbort) {
  for (Command command : {PauseRollout, ResumeRollout, RetryRollout}) {
    RolloutScene scene("APPLYING", "applying");
    ASSERT_TRUE(Ask(AbortRollout, scene).ok());
    EXPECT_EQ(ReasonOf(Ask(command, scene)).reason, "ROLLOUT_ENDED");
  }
}

}  // namespace
}  // namespace fleet::controller
