// pre_rollout and post_rollout.
#include <gtest/gtest.h>

#include <string>

#include "controller/rollout/commands.h"
#include "controller/rollout/once_hook.h"
#include "controller/rollout/planner.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

class OnceHookTest : public ::testing::Test {
 protected:
  OnceHookTest() : scene("PENDING PENDING", "old old") {}

  void Report(size_t host, const std::string& id, HookPhase phase) {
    scene.fleet.hosts[host].hooks = {
        {id, phase, phase == HookPhase::kFailed ? "exit code 1" : "", {"bye"}}};
  }

  RolloutScene scene;
};

TEST_F(OnceHookTest, NobodyIsAdmittedBeforePreRolloutIsDone) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  Plan plan = scene.Step();
  ASSERT_EQ(plan.hooks.size(), 1u);
  EXPECT_EQ(plan.hooks[0].host, "a");
  EXPECT_EQ(plan.hooks[0].id, "r-test0001.pre_rollout.1");
  EXPECT_EQ(plan.hooks[0].revision, 2);
  EXPECT_TRUE(plan.targets.empty());
  EXPECT_TRUE(scene.Step().Empty()) << "ordered twice";
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kRunning);
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "PENDING PENDING");
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kDone);
  plan = scene.Step();
  EXPECT_EQ(Text(plan.targets), "a:7");
}

TEST_F(OnceHookTest, AControllerThatStartsWaitsForTheSameHook) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  scene.Step();
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  scene.SetHosts("away old");
  EXPECT_TRUE(scene.Step().hooks.empty());
  scene.Pass(absl::Seconds(10));
  EXPECT_TRUE(scene.Step().hooks.empty());
  scene.SetHosts("old old");
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kDone);
  EXPECT_EQ(Text(scene.Step().targets), "a:7");
}

TEST_F(OnceHookTest, FailureTouchesNobodyAndSaysWhy) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  scene.Step();
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kFailed);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.Steps(), "PENDING PENDING");
  EXPECT_EQ(scene.rollout.state.message,
            "pre_rollout failed on a: exit code 1; its last line: bye");
}

TEST_F(OnceHookTest, RetryRunsItUnderANewIdAndResumeGoesOnWithoutIt) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  scene.Step();
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kFailed);
  scene.Settle();
  Rollout failed = scene.rollout;
  Apply(*RetryRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  Plan plan = scene.Step();
  ASSERT_EQ(plan.hooks.size(), 1u);
  EXPECT_EQ(plan.hooks[0].id, "r-test0001.pre_rollout.2");
  scene.rollout = failed;
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  plan = scene.Step();
  EXPECT_TRUE(plan.hooks.empty());
  EXPECT_EQ(Text(plan.targets), "a:7");
}

TEST_F(OnceHookTest, HostThatNeverAnswersFailsItAndNobodyElseIsAsked) {
  scene.rollout.policy.pre_rollout = {"./migrate", absl::Minutes(5)};
  scene.Step();
  scene.SetHosts("away old");
  scene.Pass(absl::Minutes(6));
  Plan plan = scene.Step();
  // It is taken back.
  ASSERT_EQ(plan.hooks.size(), 1u);
  EXPECT_EQ(plan.hooks[0].host, "a");
  EXPECT_EQ(plan.hooks[0].id, "");
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_TRUE(scene.Step().hooks.empty());
}

// The host's next target would give it out again, to an agent that has perhaps
// never begun it.
TEST_F(OnceHookTest, OrderOfAHookThatHasEndedIsTakenBack) {
  for (const HookPhase end : {HookPhase::kDone, HookPhase::kFailed}) {
    scene = RolloutScene("PENDING PENDING", "old old");
    scene.rollout.policy.pre_rollout.command = "./migrate";
    scene.Step();
    Report(0, "r-test0001.pre_rollout.1", HookPhase::kRunning);
    EXPECT_TRUE(scene.Step().hooks.empty());
    Report(0, "r-test0001.pre_rollout.1", end);
    const Plan plan = scene.Step();
    ASSERT_EQ(plan.hooks.size(), 1u);
    EXPECT_EQ(plan.hooks[0].host, "a");
    EXPECT_EQ(plan.hooks[0].id, "");
    EXPECT_TRUE(scene.Step().hooks.empty());
  }
}

TEST_F(OnceHookTest, SupersededRolloutTakesItsOrderBack) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  scene.Step();
  const Request request{"ann", "superseded by r-test0002"};
  const Plan plan =
      *EndRollout(scene.rollout, RolloutPhase::kSuperseded, request, scene.now);
  ASSERT_EQ(plan.hooks.size(), 1u);
  EXPECT_EQ(plan.hooks[0].host, "a");
  EXPECT_EQ(plan.hooks[0].id, "");
  // Targets of a deleted app go with it.
  EXPECT_TRUE(
      EndRollout(scene.rollout, RolloutPhase::kAborted, request, scene.now)
          ->hooks.empty());
}

TEST_F(OnceHookTest, AnIdIsAwaitedWhileItRunsAndNoLonger) {
  const std::string id = "r-test0001.pre_rollout.1";
  scene.rollout.policy.pre_rollout.command = "./migrate";
  EXPECT_FALSE(AwaitsHook(scene.rollout, id));
  scene.Step();
  EXPECT_TRUE(AwaitsHook(scene.rollout, id));
  EXPECT_FALSE(AwaitsHook(scene.rollout, "r-test0001.pre_rollout.2"));
  EXPECT_FALSE(AwaitsHook(scene.rollout, "r-test0001.post_rollout.1"));
  Report(0, id, HookPhase::kDone);
  scene.Settle();
  EXPECT_FALSE(AwaitsHook(scene.rollout, id));
}

TEST_F(OnceHookTest, PostRolloutRunsBeforeSuccess) {
  scene = RolloutScene("DONE VERIFYING", "away done");
  scene.rollout.policy.post_rollout.command = "./announce";
  Plan plan = scene.Step();
  ASSERT_EQ(plan.hooks.size(), 1u);
  EXPECT_EQ(plan.hooks[0].host, "b");
  EXPECT_EQ(scene.Phase(), "ROLLING");
  Report(1, "r-test0001.post_rollout.1", HookPhase::kDone);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
}

TEST_F(OnceHookTest, PostRolloutWithoutAHostToRunItDoesNotWaitForEver) {
  scene = RolloutScene("DONE", "cordoned");
  scene.rollout.policy.post_rollout.command = "./announce";
  scene.rollout.policy.on_failure = OnFailure::kPause;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  scene.Pass(scene.rollout.policy.progress_deadline);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_NE(scene.rollout.state.message.find(
                "post_rollout waits for a host that can run it"),
            std::string::npos)
      << scene.rollout.state.message;
}

TEST_F(OnceHookTest, AbortWaitsForARunningHook) {
  scene.rollout.policy.pre_rollout.command = "./migrate";
  scene.Step();
  Apply(*AbortRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING aborting");
  Report(0, "r-test0001.pre_rollout.1", HookPhase::kDone);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
}

TEST_F(OnceHookTest, OneThatFailsOnTheWayBackDoesNotFailTheRolloutAgain) {
  for (const OnFailure action :
       {OnFailure::kPause, OnFailure::kAbort, OnFailure::kRollback}) {
    scene = RolloutScene("PENDING PENDING", "old old");
    scene.rollout.policy.on_failure = action;
    scene.rollout.rollback_revision = 1;
    scene.rollout.policy.pre_rollout.command = "./migrate";
    scene.Step();
    Apply(*UndoRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
    scene.Settle();
    EXPECT_EQ(scene.Phase(), "ROLLING_BACK");
    Report(0, "r-test0001.pre_rollout.1", HookPhase::kFailed);
    const Plan plan = scene.Step();
    ASSERT_FALSE(plan.events.empty());
    EXPECT_EQ(plan.events[0].message,
              "pre_rollout failed on a: exit code 1; its last line: bye");
    scene.Settle();
    EXPECT_EQ(scene.Phase(), "ROLLED_BACK");
  }
}

}  // namespace
}  // namespace fleet::controller
