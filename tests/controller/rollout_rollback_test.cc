// The way back.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout/commands.h"
#include "controller/rollout/planner.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

class RollbackTest : public ::testing::Test {
 protected:
  static RolloutScene Scene(const std::string& steps,
                            const std::string& hosts) {
    RolloutScene scene(steps, hosts);
    scene.rollout.rollback_revision = 1;
    scene.rollout.policy.on_failure = OnFailure::kRollback;
    return scene;
  }
};

TEST_F(RollbackTest, TouchedHostsGoBackAndNobodyElse) {
  RolloutScene scene =
      Scene("DONE APPLYING PENDING PENDING", "done failed old old");
  Plan plan = scene.Step();
  EXPECT_EQ(scene.Phase(), "ROLLING_BACK");
  // The one that failed first.
  EXPECT_EQ(scene.Steps(), "DONE REVERTING PENDING PENDING");
  EXPECT_EQ(Text(plan.targets), "b:8");
  EXPECT_EQ(plan.targets[0].revision, 1);
  EXPECT_TRUE(plan.targets[0].step.keep_matching);
  scene.SetHosts("done back old old");
  plan = scene.Step();
  EXPECT_EQ(scene.Steps(), "REVERTING REVERTED PENDING PENDING");
  EXPECT_EQ(Text(plan.targets), "a:8");
  scene.SetHosts("back back old old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLED_BACK");
  EXPECT_EQ(scene.Steps(), "REVERTED REVERTED SKIPPED SKIPPED");
  EXPECT_NE(scene.rollout.state.message.find("revision 1 on a, b, c, d"),
            std::string::npos)
      << scene.rollout.state.message;
}

// What is down counts, wherever its host stands among the others.
TEST_F(RollbackTest, WhatIsDownGoesBackBeforeWhatServes) {
  RolloutScene scene = Scene("DONE FAILED FAILED", "done failed broken");
  scene.rollout.policy.step.strategy = ReloadStrategy::kStopFirst;
  scene.rollout.policy.max_parallel = 3;
  scene.rollout.policy.max_unavailable = 2;
  Apply(*UndoRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  EXPECT_EQ(Text(scene.Step().targets), "c:8 b:8");
  EXPECT_EQ(scene.Steps(), "DONE REVERTING REVERTING");
}

TEST_F(RollbackTest, HostsInFlightTurnBackAtOnce) {
  RolloutScene scene =
      Scene("APPLYING APPLYING DONE PENDING", "failed applying done old");
  scene.rollout.policy.max_parallel = 2;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "REVERTING REVERTING DONE PENDING");
}

TEST_F(RollbackTest, IsNeverRolledBackItself) {
  RolloutScene scene = Scene("DONE APPLYING", "done failed");
  scene.rollout.policy.max_parallel = 2;
  scene.Settle();
  ASSERT_EQ(scene.Steps(), "REVERTING REVERTING");
  scene.SetHosts("failed back");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLBACK_FAILED");
  EXPECT_EQ(scene.Steps(), "REVERT_FAILED REVERTED");
  scene = Scene("DONE APPLYING", "done failed");
  scene.rollout.kind = RolloutKind::kRollback;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_NE(
      scene.rollout.state.message.find("not rolled back: it is a rollback"),
      std::string::npos)
      << scene.rollout.state.message;
}

TEST_F(RollbackTest, WithoutAProvenRevisionItHolds) {
  RolloutScene scene = Scene("APPLYING PENDING", "failed old");
  scene.rollout.rollback_revision = 0;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.Steps(), "FAILED PENDING");
  EXPECT_NE(scene.rollout.state.message.find("no other revision of web"),
            std::string::npos);
}

TEST_F(RollbackTest, HostOutOfReachGetsItsTargetAndIsWaitedForAWhile) {
  RolloutScene scene = Scene("DONE APPLYING", "away failed");
  scene.rollout.policy.max_parallel = 2;
  Plan plan = scene.Step();
  EXPECT_EQ(Text(plan.targets), "b:8 a:8");
  // From its first moment on.
  EXPECT_TRUE(scene.rollout.steps[0].away);
  EXPECT_LE(plan.wake_up, scene.now.steady + absl::Minutes(2));
  scene.SetHosts("away back");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "REVERTING REVERTED");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "REVERT_FAILED REVERTED");
  // Every reachable host runs the proven revision.
  EXPECT_EQ(scene.Phase(), "ROLLED_BACK");
  EXPECT_EQ(scene.rollout.state.message.find("No host had to go back"),
            std::string::npos)
      << scene.rollout.state.message;
  EXPECT_NE(scene.rollout.state.message.find("to follow when back: a"),
            std::string::npos)
      << scene.rollout.state.message;
}

TEST_F(RollbackTest, HostThatReturnsInTimeGoesBack) {
  RolloutScene scene = Scene("DONE APPLYING", "away failed");
  scene.rollout.policy.max_parallel = 2;
  scene.Settle();
  scene.Pass(absl::Minutes(1));
  scene.SetHosts("done applying");
  scene.rollout.steps[0].generation = 8;
  scene.fleet.hosts[0] = ViewOf("applying", 8);
  scene.Settle();
  scene.Pass(absl::Minutes(1));
  scene.Settle();
  EXPECT_EQ(scene.rollout.steps[0].phase, HostStepPhase::kReverting);
}

TEST_F(RollbackTest, RemovedHostsAreLetGo) {
  RolloutScene scene = Scene("DONE APPLYING", "gone failed");
  scene.Settle();
  scene.SetHosts("gone back");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLED_BACK");
  EXPECT_EQ(scene.Steps(), "SKIPPED REVERTED");
}

TEST_F(RollbackTest, NothingTouchedIsNothingToDo) {
  RolloutScene scene = Scene("PENDING PENDING", "old old");
  Apply(*UndoRollout(scene.rollout, {"ann", "no"}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLED_BACK");
  EXPECT_EQ(scene.rollout.state.message,
            "undone by ann: no. No host had to go back. revision 1 on a, b");
}

// Its workers are new ones, of the revision that there was.
TEST_F(RollbackTest, AReloadThatIsTurnedBackIsToldByRevision) {
  RolloutScene scene = Scene("DONE PENDING", "done old");
  scene.rollout.kind = RolloutKind::kReload;
  scene.rollout.to_revision = 1;
  Apply(*UndoRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  scene.SetHosts("back old");
  scene.Settle();
  EXPECT_EQ(scene.rollout.state.message, "undone by ann. revision 1 on a, b");
}

TEST_F(RollbackTest, UndoTurnsARunningOrHeldRolloutBack) {
  RolloutScene scene = Scene("DONE PENDING", "done old");
  Apply(*PauseRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  Apply(*UndoRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING_BACK");
  EXPECT_EQ(scene.Steps(), "REVERTING PENDING");
}

TEST_F(RollbackTest, APreviewSaysWhoWouldGoBackAndChangesNothing) {
  const RolloutScene scene =
      Scene("DONE APPLYING SKIPPED PENDING", "done applying away old");
  const absl::StatusOr<Rollout> after =
      PreviewUndo(scene.rollout, {"ann", ""}, scene.now);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->state.phase, RolloutPhase::kRollingBack);
  std::vector<std::string> steps;
  for (const HostStep& step : after->steps) {
    steps.push_back(absl::StrCat(Name(step.phase), " ", step.reason));
  }
  EXPECT_EQ(steps, (std::vector<std::string>{
                       "REVERTING is DONE", "REVERTING is APPLYING",
                       "SKIPPED not touched, it is left alone",
                       "SKIPPED not touched, it is left alone"}));
}

TEST_F(RollbackTest, UndoWithoutAWayBackIsRefused) {
  RolloutScene scene = Scene("DONE PENDING", "done old");
  scene.rollout.rollback_revision = 0;
  absl::Status status =
      UndoRollout(scene.rollout, {"ann", ""}, scene.now).status();
  EXPECT_EQ(ReasonOf(status).reason, "NOTHING_TO_ROLL_BACK") << status;
  status = PreviewUndo(scene.rollout, {"ann", ""}, scene.now).status();
  EXPECT_EQ(ReasonOf(status).reason, "NOTHING_TO_ROLL_BACK") << status;
}

TEST_F(RollbackTest, PausedByAPersonItWaits) {
  RolloutScene scene = Scene("DONE APPLYING", "done applying");
  scene.Step();
  Apply(*PauseRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.SetHosts("done failed");
  Plan plan = scene.Step();
  EXPECT_EQ(scene.Phase(), "ROLLING_BACK+USER");
  EXPECT_TRUE(plan.targets.empty());
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  EXPECT_EQ(Text(scene.Step().targets), "b:8");
}

TEST_F(RollbackTest, AbortLeavesItHalfWay) {
  RolloutScene scene = Scene("DONE APPLYING", "done failed");
  scene.Settle();
  ASSERT_EQ(scene.Steps(), "DONE REVERTING");
  Apply(*AbortRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.SetHosts("done back");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
  EXPECT_EQ(scene.Steps(), "DONE REVERTED");
}

TEST_F(RollbackTest, HostsThatFailedToGoBackAreRetriedWithANewGeneration) {
  RolloutScene scene = Scene("DONE DONE APPLYING", "done done failed");
  scene.Settle();
  scene.SetHosts("done done failed");
  Plan plan = scene.Step();
  EXPECT_EQ(scene.Steps(), "REVERTING DONE REVERT_FAILED");
  Apply(*RetryRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.SetHosts("back done failed");
  scene.Step();
  scene.SetHosts("back back failed");
  plan = scene.Step();
  EXPECT_EQ(scene.Steps(), "REVERTED REVERTED REVERTING");
  EXPECT_EQ(Text(plan.targets), "c:9");
}

TEST_F(RollbackTest, OverdueStepFailsToGoBack) {
  RolloutScene scene = Scene("APPLYING", "failed");
  scene.rollout.policy.step_deadline = absl::Minutes(1);
  scene.Settle();
  ASSERT_EQ(scene.Steps(), "REVERTING");
  scene.SetHosts("applying");
  scene.Settle();
  scene.Pass(absl::Minutes(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLBACK_FAILED");
}

TEST_F(RollbackTest, FailuresWithinTheLimitDoNotTurnItBackAtTheEnd) {
  RolloutScene scene = Scene("FAILED VERIFYING", "failed done");
  scene.rollout.policy.max_failures = 1;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.Steps(), "FAILED DONE");
}

}  // namespace
}  // namespace fleet::controller
