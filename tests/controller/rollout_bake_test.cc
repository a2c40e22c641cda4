// A wave that bakes: what makes it fail, and the metric gates.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "controller/rollout/commands.h"
#include "controller/rollout/planner.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

// One canary of two hosts, DONE and baking for two minutes.
class BakeTest : public ::testing::Test {
 protected:
  BakeTest() : scene("APPLYING PENDING", "done old") {
    scene.SetWaves({0, 1});
    scene.rollout.policy.bake_time = absl::Minutes(2);
  }
  void Begin() {
    scene.Settle();
    ASSERT_EQ(scene.Phase(), "BAKING");
  }
  void AddGate(GateSource source, double max) {
    MetricGate gate;
    gate.source = source;
    gate.max = max;
    if (!IsSample(source)) gate.url = "http://p:9090";
    if (source == GateSource::kPrometheus) gate.query = "errors";
    scene.rollout.policy.gates.push_back(gate);
  }
  void Answer(GateVerdict verdict, const std::string& text) {
    scene.fleet.answers = {{scene.rollout.state.gates[0].asked, verdict, text}};
    scene.Settle();
  }

  // As a gate's "since" has it.
  std::string Clock() const {
    return absl::FormatTime("%H:%M:%S UTC", scene.now.wall,
                            absl::UTCTimeZone());
  }
  MetricGate& gate() { return scene.rollout.policy.gates[0]; }

  RolloutScene scene;
};

TEST_F(BakeTest, ARestartFailsTheWave) {
  Begin();
  scene.SetHosts("crashed old");
  scene.fleet.hosts[0].trouble = {2, "exit code 1", "is starting", {"no DB"}};
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
  EXPECT_EQ(scene.Steps(), "FAILED PENDING");
  EXPECT_EQ(scene.rollout.steps[0].reason,
            "web.2@a got worse after its step: 1 restart (exit code 1): is "
            "starting; stderr: no DB; 4 of 4 instances are ready, revision 1");
  EXPECT_EQ(scene.rollout.state.failures, 1);
}

TEST_F(BakeTest, ARestartFailsTheWaveWhateverMaxFailuresSays) {
  scene.rollout.policy.max_failures = 5;
  Begin();
  scene.SetHosts("crashed old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
}

TEST_F(BakeTest, OneThatWasAwayWhenItsWaveWasPromotedDoesNotHoldUpTheNext) {
  Begin();
  scene.SetHosts("away old");
  scene.Settle();
  Apply(*PromoteNow(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  ASSERT_EQ(scene.Steps(), "DONE ADMITTED");
  scene.SetHosts("away done");
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
}

TEST_F(BakeTest, RestartsBeforeTheBakeDoNotCount) {
  scene.SetHosts("crashed old");
  Begin();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST_F(BakeTest, NotReadyForLongerThanABlipFailsTheWave) {
  Begin();
  scene.SetHosts("unready old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Seconds(2));
  scene.SetHosts("done old");
  scene.Settle();
  scene.SetHosts("unready old");
  scene.Settle();
  scene.Pass(absl::Seconds(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Seconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
}

TEST_F(BakeTest, DoesNotEndWhileAHostIsNotSteady) {
  Begin();
  scene.Pass(absl::Minutes(2) - absl::Seconds(1));
  scene.SetHosts("unready old");
  scene.Settle();
  scene.Pass(absl::Seconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
}

TEST_F(BakeTest, HostThatIsLostInItsBakeHasFailedAfterTheGrace) {
  Begin();
  scene.SetHosts("away old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "LOST PENDING");
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
}

TEST_F(BakeTest, HostThatIsRemovedWhileItIsLostHoldsNothingUp) {
  Begin();
  scene.SetHosts("away old");
  scene.Settle();
  scene.SetHosts("gone old");
  scene.Settle();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST_F(BakeTest, AnAgentThatCountsRestartsAnewIsWatchedFromThereOn) {
  scene.SetHosts("crashed old");
  Begin();
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.SetHosts("crashed old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
}

TEST_F(BakeTest, ResumeBakesAnew) {
  Begin();
  scene.Pass(absl::Minutes(1));
  scene.SetHosts("crashed old");
  scene.Settle();
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  EXPECT_EQ(BakeRemaining(scene.rollout, scene.now.steady), absl::Minutes(2));
}

TEST_F(BakeTest, WhoIsThroughOnlyAfterItsWaveHasBakedBakesToo) {
  // Nobody was through, so there was nothing to bake.
  scene = RolloutScene("UNKNOWN SKIPPED", "away away");
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.rollout.policy.max_failures = 1;
  scene.Settle();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "ROLLING+FAILURE");
  ASSERT_EQ(scene.Steps(), "LOST SKIPPED");
  ASSERT_TRUE(scene.rollout.state.baked);
  // It has finished alone, which is no reason to forget the failure.
  scene.SetHosts("done away");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE SKIPPED");
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
}

TEST_F(BakeTest, WhoIsRetriedBakesToo) {
  scene = RolloutScene("DONE FAILED", "done failed");
  scene.rollout.policy.bake_time = absl::Minutes(2);
  scene.rollout.policy.max_failures = 1;
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "BAKING");
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  ASSERT_EQ(scene.Phase(), "ROLLING+FAILURE");
  Apply(*RetryRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.SetHosts("done old");
  scene.Settle();
  ASSERT_EQ(scene.Steps(), "DONE ADMITTED");
  scene.SetHosts("done done");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
}

TEST_F(BakeTest, RetryGoesBackToRolling) {
  Begin();
  scene.SetHosts("crashed old");
  scene.Settle();
  Apply(*RetryRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "ADMITTED PENDING");
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
}

TEST_F(BakeTest, MemoryOverTheGateFailsTheWave) {
  AddGate(GateSource::kMemory, 100e6);
  Begin();
  scene.fleet.hosts[0].rss_bytes = 50 << 20;
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING");
  EXPECT_EQ(scene.rollout.state.gates[0].verdict, GateVerdict::kPass);
  scene.fleet.hosts[0].rss_bytes = 200 << 20;
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
  EXPECT_EQ(scene.rollout.state.message,
            "wave 1 of 2 failed its metric gate memory <= 95.4 MB: 200 MB on "
            "a, since " +
                Clock());
}

TEST_F(BakeTest, GatesAloneAreLookedAtOnce) {
  scene.rollout.policy.bake_time = absl::ZeroDuration();
  AddGate(GateSource::kRestarts, 0);
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
  EXPECT_EQ(scene.rollout.state.gates[0].answer, "0 restarts");
}

TEST_F(BakeTest, OutsideGateIsAskedEveryIntervalAndAtTheEnd) {
  AddGate(GateSource::kPrometheus, 0.01);
  Begin();
  EXPECT_TRUE(scene.Step().looks.empty());
  scene.Pass(absl::Seconds(10));
  Plan plan = scene.Step();
  ASSERT_EQ(plan.looks.size(), 1u);
  EXPECT_EQ(plan.looks[0].gate, 0u);
  EXPECT_TRUE(scene.Step().looks.empty()) << "asked twice";
  Answer(GateVerdict::kPass, "0");
  scene.Pass(absl::Seconds(10));
  EXPECT_EQ(scene.Step().looks.size(), 1u);
  // Still without an answer when the bake time ends: that look does not count
  // as the last one.
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  Answer(GateVerdict::kPass, "0");
  EXPECT_EQ(scene.Phase(), "BAKING");
  Answer(GateVerdict::kPass, "0");
  EXPECT_EQ(scene.Phase(), "ROLLING");
}

TEST_F(BakeTest, GateWithoutAnAnswerHoldsUntilThereIsOne) {
  AddGate(GateSource::kPrometheus, 0.01);
  Begin();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  Answer(GateVerdict::kInconclusive, "connection refused");
  EXPECT_EQ(scene.Phase(), "BAKING+METRIC");
  EXPECT_EQ(scene.rollout.state.message,
            "no answer from metric gate prometheus http://p:9090 errors <= "
            "0.01: connection refused, since " +
                Clock());
  // It goes on asking, though the rollout's clock stands.
  Plan plan = scene.Step();
  EXPECT_EQ(plan.wake_up, scene.now.steady + absl::Seconds(10));
  scene.Pass(absl::Seconds(10));
  EXPECT_EQ(scene.Step().looks.size(), 1u);
  Answer(GateVerdict::kPass, "0");
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST_F(BakeTest, APersonsWordStandsForAMissingAnswer) {
  AddGate(GateSource::kHttp, 1);
  Begin();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  Answer(GateVerdict::kInconclusive, "timed out");
  Apply(*PromoteRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST_F(BakeTest, FailedAnswerFailsTheWaveAtOnce) {
  AddGate(GateSource::kHttp, 1);
  scene.rollout.rollback_revision = 1;
  scene.rollout.policy.on_failure = OnFailure::kRollback;
  Begin();
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  Answer(GateVerdict::kFail, "5");
  EXPECT_EQ(scene.Phase(), "ROLLING_BACK");
  EXPECT_EQ(scene.Steps(), "REVERTING PENDING");
}

TEST_F(BakeTest, ValueMustBeOutsideForTheGatesWindow) {
  AddGate(GateSource::kPrometheus, 0.05);
  gate().window = absl::Seconds(25);
  Begin();
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  Answer(GateVerdict::kFail, "value 0.12 > 0.05");
  const std::string since = Clock();
  EXPECT_EQ(scene.Phase(), "BAKING");
  EXPECT_EQ(scene.rollout.state.gates[0].answer,
            "value 0.12 > 0.05, not for 25s yet");
  for (int i = 0; i < 2; ++i) {
    scene.Pass(absl::Seconds(10));
    scene.Settle();
    Answer(GateVerdict::kFail, "value 0.11 > 0.05");
    EXPECT_EQ(scene.Phase(), "BAKING");
  }
  // The last look is when the window is over, not an interval later.
  scene.Pass(absl::Seconds(5));
  scene.Settle();
  Answer(GateVerdict::kFail, "value 0.13 > 0.05");
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
  EXPECT_EQ(scene.rollout.state.message,
            "wave 1 of 2 failed its metric gate prometheus http://p:9090 "
            "errors <= 0.05 for 25s: value 0.13 > 0.05, since " +
                since);
}

TEST_F(BakeTest, AValueWithinTheLimitsBeginsTheWindowAnew) {
  AddGate(GateSource::kPrometheus, 0.05);
  gate().window = absl::Seconds(15);
  Begin();
  for (GateVerdict verdict :
       {GateVerdict::kFail, GateVerdict::kPass, GateVerdict::kFail}) {
    scene.Pass(absl::Seconds(10));
    scene.Settle();
    Answer(verdict, "value");
  }
  EXPECT_EQ(scene.Phase(), "BAKING");
}

TEST_F(BakeTest, APauseInWhichNobodyLooksBeginsTheWindowAnew) {
  AddGate(GateSource::kPrometheus, 0.05);
  gate().window = absl::Seconds(15);
  Begin();
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  Answer(GateVerdict::kFail, "value 1 > 0.05");
  Apply(*PauseRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Pass(absl::Minutes(1));
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  scene.Settle();
  const std::string since = Clock();
  Answer(GateVerdict::kFail, "value 1 > 0.05");
  EXPECT_EQ(scene.Phase(), "BAKING");
  for (int i = 0; i < 2; ++i) {
    scene.Pass(absl::Seconds(10));
    scene.Settle();
    Answer(GateVerdict::kFail, "value 1 > 0.05");
  }
  EXPECT_EQ(scene.Phase(), "BAKING+FAILURE");
  EXPECT_TRUE(absl::StrContains(scene.rollout.state.message, since))
      << scene.rollout.state.message;
}

TEST_F(BakeTest, BakeGoesOnWhileAValueIsOutsideForLessThanTheWindow) {
  AddGate(GateSource::kPrometheus, 0.05);
  gate().window = absl::Minutes(1);
  Begin();
  scene.Pass(absl::Minutes(2));
  scene.Settle();
  Answer(GateVerdict::kFail, "value 1 > 0.05");
  EXPECT_EQ(scene.Phase(), "BAKING");
  Plan plan = scene.Step();
  EXPECT_TRUE(plan.looks.empty()) << "asked without end";
  EXPECT_EQ(plan.wake_up, scene.now.steady + absl::Seconds(10));
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  Answer(GateVerdict::kPass, "value 0");
  EXPECT_EQ(scene.Phase(), "ROLLING");
}

TEST_F(BakeTest, NoDataIsWhatThePolicySays) {
  const struct {
    NoData no_data;
    std::string phase;
    std::string answer;
  } cases[] = {
      {NoData::kHold, "BAKING+METRIC", "refused"},
      {NoData::kPass, "ROLLING", "refused, which is to pass it"},
      {NoData::kFail, "BAKING+FAILURE", "refused, which is to fail it"},
  };
  const RolloutScene fresh = scene;
  for (const auto& c : cases) {
    scene = fresh;
    AddGate(GateSource::kHttp, 1);
    gate().no_data = c.no_data;
    Begin();
    scene.Pass(absl::Minutes(2));
    scene.Settle();
    Answer(GateVerdict::kInconclusive, "refused");
    EXPECT_EQ(scene.Phase(), c.phase);
    EXPECT_EQ(scene.rollout.state.gates[0].answer, c.answer);
  }
}

TEST_F(BakeTest, ControllerThatStartsLooksAgain) {
  AddGate(GateSource::kPrometheus, 0.01);
  Begin();
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  // As it comes back from the store: nobody answers that look any more.
  scene.rollout.state.gates[0].asked = 0;
  scene.rollout.state.gates[0].look_at = absl::InfinitePast();
  EXPECT_EQ(scene.Step().looks.size(), 1u);
}

}  // namespace
}  // namespace fleet::controller
