// What a rollout does next, as tables: hosts and steps in, steps and targets
// out.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controller/rollout/commands.h"
#include "controller/rollout/planner.h"
#include "tests/controller/rollout_scene.h"

namespace fleet::controller {
namespace {

struct Row {
  const char* name;
  int max_parallel;
  const char* steps;
  const char* hosts;
  // After one plan.
  const char* want_steps;
  const char* want_targets;
  const char* want_phase;
};

class PlannerTable : public ::testing::TestWithParam<Row> {};

TEST_P(PlannerTable, Plans) {
  const Row& row = GetParam();
  RolloutScene scene(row.steps, row.hosts);
  scene.rollout.policy.max_parallel = row.max_parallel;
  Plan plan = scene.Step();
  EXPECT_EQ(scene.Steps(), row.want_steps);
  EXPECT_EQ(Text(plan.targets), row.want_targets);
  EXPECT_EQ(scene.Phase(), row.want_phase);
  Plan again = scene.Step();
  EXPECT_TRUE(again.Empty()) << "the same input gives another plan";
  EXPECT_TRUE(again.targets.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Admission, PlannerTable,
    ::testing::Values(
        Row{"FirstHostAlone", 1, "PENDING PENDING PENDING", "old old old",
            "ADMITTED PENDING PENDING", "a:7", "ROLLING"},
        Row{"TwoAtATime", 2, "PENDING PENDING PENDING", "old old old",
            "ADMITTED ADMITTED PENDING", "a:7 b:7", "ROLLING"},
        Row{"NextWhenOneIsDone", 1, "APPLYING PENDING PENDING", "done old old",
            "DONE ADMITTED PENDING", "b:7", "ROLLING"},
        Row{"NobodyWhileOneIsInFlight", 1, "ADMITTED PENDING", "applying old",
            "APPLYING PENDING", "", "ROLLING"},
        Row{"UnreachableIsSkippedAndTheNextTaken", 1, "PENDING PENDING",
            "away old", "SKIPPED ADMITTED", "b:7", "ROLLING"},
        Row{"SkippedComesBackAndHasItsTurn", 1, "SKIPPED APPLYING",
            "old applying", "PENDING APPLYING", "", "ROLLING"},
        Row{"SkippedComesBackInTimeToBeAdmitted", 1, "SKIPPED APPLYING PENDING",
            "old done old", "ADMITTED DONE PENDING", "a:7", "ROLLING"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Following, PlannerTable,
    ::testing::Values(
        Row{"AcceptedButSilent", 1, "ADMITTED", "idle", "ADMITTED", "",
            "ROLLING"},
        Row{"Applies", 1, "ADMITTED", "applying", "APPLYING", "", "ROLLING"},
        Row{"Verifies", 1, "APPLYING", "verifying", "VERIFYING", "", "ROLLING"},
        Row{"FlapsBackToApplying", 1, "VERIFYING", "applying", "APPLYING", "",
            "ROLLING"},
        Row{"DoneAtOnce", 1, "ADMITTED PENDING", "done old", "DONE ADMITTED",
            "b:7", "ROLLING"},
        Row{"AgentDisconnectsAndKeepsItsSlot", 1, "APPLYING PENDING",
            "away old", "UNKNOWN PENDING", "", "ROLLING"},
        Row{"AgentComesBackInTheMiddle", 1, "UNKNOWN PENDING", "applying old",
            "APPLYING PENDING", "", "ROLLING"},
        Row{"AgentFinishedAlone", 1, "UNKNOWN PENDING", "done old",
            "DONE ADMITTED", "b:7", "ROLLING"},
        Row{"AgentComesBackWithoutTheTarget", 1, "UNKNOWN PENDING", "old old",
            "ADMITTED PENDING", "", "ROLLING"},
        Row{"PendingHostIsRemoved", 1, "APPLYING PENDING", "applying gone",
            "APPLYING SKIPPED", "", "ROLLING"},
        Row{"HostIsRemovedInFlight", 1, "APPLYING PENDING", "gone old",
            "SKIPPED ADMITTED", "b:7", "ROLLING"},
        Row{"DoneHostMayGoAway", 1, "DONE APPLYING", "away applying",
            "DONE APPLYING", "", "ROLLING"},
        Row{"LateDoneOfALostHostCounts", 1, "LOST APPLYING", "done applying",
            "DONE APPLYING", "", "ROLLING"},
        Row{"FailedByItsOwnAccountStaysFailed", 1, "FAILED APPLYING",
            "done applying", "FAILED APPLYING", "", "ROLLING"},
        Row{"HostThatKnowsMoreThanTheStoreFails", 1, "ADMITTED PENDING",
            "newer old", "FAILED PENDING", "", "ROLLING+FAILURE"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Ending, PlannerTable,
    ::testing::Values(Row{"LastHostIsDone", 1, "DONE VERIFYING", "done done",
                          "DONE DONE", "", "SUCCEEDED"},
                      Row{"UnreachableHostsGetTheProvenTargetAtTheEnd", 1,
                          "SKIPPED VERIFYING", "away done", "SKIPPED DONE",
                          "a:7", "SUCCEEDED"},
                      Row{"FailureHolds", 1, "APPLYING PENDING", "failed old",
                          "FAILED PENDING", "", "ROLLING+FAILURE"},
                      Row{"NobodyIsReachable", 1, "PENDING PENDING",
                          "away away", "SKIPPED SKIPPED", "",
                          "ROLLING+FAILURE"},
                      Row{"EverybodyIsRemoved", 1, "PENDING APPLYING",
                          "gone gone", "SKIPPED SKIPPED", "", "ABORTED"},
                      Row{"NotSucceededWithAFailedHost", 1, "FAILED VERIFYING",
                          "failed done", "FAILED DONE", "", "ROLLING+FAILURE"}),
    [](const auto& info) { return info.param.name; });

TEST(PlannerTest, QueuedStartsRolling) {
  RolloutScene scene("PENDING", "old");
  scene.rollout.state.phase = RolloutPhase::kQueued;
  scene.rollout.state.progress_at = absl::ZeroDuration();
  Plan plan = scene.Step();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(Text(plan.targets), "a:7");
  EXPECT_EQ(plan.wake_up, scene.now.steady + StepPolicy().ready_deadline +
                              absl::Seconds(30 + 3 * 3) + absl::Minutes(1));
}

TEST(PlannerTest, TargetsCarryTheRevisionAndTheStepPolicy) {
  RolloutScene scene("PENDING", "old");
  scene.rollout.policy.step.min_ready_time = absl::Seconds(11);
  Plan plan = scene.Step();
  ASSERT_EQ(plan.targets.size(), 1u);
  EXPECT_EQ(plan.targets[0].revision, 2);
  EXPECT_EQ(plan.targets[0].step.min_ready_time, absl::Seconds(11));
}

TEST(PlannerTest, FailureSaysInstanceGateProbeStderrAndWhatServes) {
  RolloutScene scene("APPLYING PENDING", "failed old");
  scene.Step();
  EXPECT_EQ(scene.rollout.steps[0].reason,
            "web.1@a was not ready within 1m: GET /health: 503; stderr: two | "
            "three | no database; 4 of 4 instances are ready, revision 1, 1 of "
            "4 already new");
  EXPECT_EQ(scene.rollout.state.holds[0].reason,
            "1 host failed (max_failures 0): " + scene.rollout.steps[0].reason);
  EXPECT_EQ(scene.rollout.state.failures, 1);
}

TEST(PlannerTest, FailureNamesTheHostWhateverTheHostSays) {
  const struct {
    int slot;
    FailureKind kind;
    const char* reason;
    const char* text;
  } rows[] = {
      {0, FailureKind::kExit,
       "web.0 ended before it was available: exit code 1 after 73ms",
       "web.0@a ended before it was available: exit code 1 after 73ms; "},
      {-1, FailureKind::kHook, "web failed in pre_reload: exit code 1 after 1s",
       "web on a failed in pre_reload: exit code 1 after 1s; "},
      {-1, FailureKind::kSpec, "no such user", "web on a cannot run here: no "},
      {2, FailureKind::kReadyTimeout, "", "web.2@a was not ready in time; "},
      {1, FailureKind::kExit, "web.10 is another",
       "web.1@a ended before it was available: web.10 is another; "}};
  for (const auto& row : rows) {
    RolloutScene scene("APPLYING PENDING", "failed old");
    StepReport& report = scene.fleet.hosts[0].report;
    report.slot = row.slot;
    report.failure = row.kind;
    report.reason = row.reason;
    report.stderr_tail.clear();
    scene.Step();
    EXPECT_EQ(scene.rollout.steps[0].reason.find(row.text), 0u)
        << scene.rollout.steps[0].reason;
  }
}

TEST(PlannerTest, OfAStackTraceFailureTellsWhatItIsAbout) {
  RolloutScene scene("APPLYING PENDING", "failed old");
  scene.fleet.hosts[0].report.stderr_tail = {
      "/srv/web.js:5",          "", "Error: no config",
      "    at Module._compile", "", "Node.js v20.20.2"};
  scene.Step();
  EXPECT_NE(scene.rollout.steps[0].reason.find(
                "; stderr: /srv/web.js:5 | Error: no config | Node.js v20"),
            std::string::npos)
      << scene.rollout.steps[0].reason;
  scene = RolloutScene("APPLYING PENDING", "failed old");
  scene.fleet.hosts[0].report.stderr_tail = {"Error: listen EADDRINUSE",
                                             "    at listen",
                                             "Emitted 'error' event at:",
                                             "  errno: -98",
                                             "}",
                                             "Node.js v20.20.2"};
  scene.Step();
  EXPECT_NE(scene.rollout.steps[0].reason.find(
                "; stderr: Error: listen EADDRINUSE; "),
            std::string::npos)
      << scene.rollout.steps[0].reason;
  scene = RolloutScene("APPLYING PENDING", "failed old");
  scene.fleet.hosts[0].report.stderr_tail = {"  a", " ", "  b"};
  scene.Step();
  EXPECT_NE(scene.rollout.steps[0].reason.find("; stderr:   a |   b; "),
            std::string::npos)
      << scene.rollout.steps[0].reason;
}

TEST(PlannerTest, FailuresWithinTheLimitDoNotHold) {
  RolloutScene scene("APPLYING PENDING PENDING", "failed old old");
  scene.rollout.policy.max_failures = 1;
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED ADMITTED PENDING");
  scene.SetHosts("failed failed old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED FAILED PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
}

TEST(PlannerTest, OnFailureAbortWaitsForStepsInFlightAndSaysWhatIsMixed) {
  RolloutScene scene("DONE APPLYING APPLYING PENDING",
                     "done failed applying old");
  scene.rollout.policy.max_parallel = 2;
  scene.rollout.policy.on_failure = OnFailure::kAbort;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING aborting");
  EXPECT_EQ(scene.Steps(), "DONE FAILED APPLYING PENDING");
  scene.SetHosts("done failed done old");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ABORTED");
  EXPECT_EQ(scene.Steps(), "DONE FAILED DONE SKIPPED");
  EXPECT_NE(scene.rollout.state.message.find(
                "MIXED: partly revision 2 on b; revision 1 on d; revision 2 "
                "on a, c"),
            std::string::npos)
      << scene.rollout.state.message;
}

TEST(PlannerTest, UnknownHostFailsAfterItsGrace) {
  RolloutScene scene("APPLYING PENDING", "away old");
  Plan plan = scene.Step();
  EXPECT_EQ(plan.wake_up, scene.now.steady + absl::Minutes(2));
  scene.Pass(absl::Minutes(2) - absl::Nanoseconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "UNKNOWN PENDING");
  scene.Pass(absl::Nanoseconds(1));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "LOST PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
}

TEST(PlannerTest, GraceStartsAnewWhenTheHostWasBackMeanwhile) {
  RolloutScene scene("APPLYING", "away");
  scene.Step();
  scene.Pass(absl::Seconds(90));
  scene.SetHosts("applying");
  scene.Step();
  scene.SetHosts("away");
  scene.Step();
  scene.Pass(absl::Seconds(90));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "UNKNOWN");
}

TEST(PlannerTest, HostThatNeverFinishesItsStepFails) {
  RolloutScene scene("PENDING", "old");
  scene.rollout.policy.progress_deadline = absl::Hours(10);
  scene.rollout.state.progress_at = absl::Hours(10);
  scene.Step();
  scene.SetHosts("applying");  // Four slots.
  Plan plan = scene.Step();
  absl::Duration deadline = 4 * absl::Seconds(60 + 30 + 9) + absl::Minutes(1);
  EXPECT_EQ(plan.wake_up, scene.now.steady + deadline);
  scene.Pass(deadline);
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "FAILED");
  EXPECT_NE(scene.rollout.steps[0].reason.find("APPLYING with 1 of 4"),
            std::string::npos);
}

TEST(PlannerTest, ProgressDeadlineCountsFromTheLastDoneHost) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  scene.rollout.policy.progress_deadline = absl::Minutes(5);
  scene.rollout.state.progress_at = absl::Minutes(5);
  scene.Step();
  scene.Pass(absl::Minutes(4));
  scene.SetHosts("done old");
  scene.Settle();
  scene.SetHosts("done applying");
  scene.Pass(absl::Minutes(4));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  scene.Pass(absl::Minutes(1));
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
  EXPECT_EQ(scene.rollout.state.message, "no host has finished for 5m: b");
  EXPECT_EQ(scene.Steps(), "DONE APPLYING");
  // The step in flight is still followed.
  scene.SetHosts("done done");
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "SUCCEEDED");
}

TEST(PlannerTest, OscillatingReadinessIsNoProgress) {
  RolloutScene scene("APPLYING PENDING", "applying old");
  scene.rollout.policy.progress_deadline = absl::Minutes(3);
  scene.rollout.state.progress_at = absl::Minutes(3);
  for (int i = 0; i < 6; ++i) {
    scene.SetHosts(i % 2 == 0 ? "verifying old" : "applying old");
    scene.Settle();
    scene.Pass(absl::Seconds(30));
  }
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING+FAILURE");
}

TEST(PlannerTest, PausedTimeCountsForNoDeadline) {
  RolloutScene scene("APPLYING PENDING", "away old");
  scene.Step();
  scene.Pass(absl::Seconds(60));
  Apply(*PauseRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  EXPECT_EQ(scene.Step().wake_up, absl::InfiniteFuture());
  scene.Pass(absl::Hours(24));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "UNKNOWN PENDING");
  Apply(*ResumeRollout(scene.rollout, {"ann", ""}, scene.now), scene.rollout);
  EXPECT_EQ(scene.Step().wake_up, scene.now.steady + absl::Seconds(60));
  scene.Pass(absl::Seconds(60));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "LOST PENDING");
}

TEST(PlannerTest, AfterAStartItWaitsForTheHosts) {
  RolloutScene scene("APPLYING PENDING PENDING", "away old away");
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  Plan plan = scene.Step();
  EXPECT_EQ(plan.wake_up, scene.fleet.resync_until);
  EXPECT_TRUE(plan.targets.empty());
  EXPECT_EQ(scene.Steps(), "APPLYING PENDING PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+LEADERLESS");
  // What is heard is taken in, but nobody new is admitted.
  scene.SetHosts("done old away");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE PENDING PENDING");
  scene.Pass(absl::Seconds(10));
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED PENDING");
}

TEST(PlannerTest, AfterAStartAHostOutOfReachKeepsWhatItMayHaveTakenDown) {
  RolloutScene scene("UNKNOWN PENDING", "away old");
  scene.rollout.policy.step.strategy = ReloadStrategy::kStopFirst;
  scene.rollout.policy.max_parallel = 2;
  scene.rollout.policy.max_unavailable = 1;
  // Nothing has been heard of it by this controller.
  scene.fleet.hosts[0] = HostView();
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "UNKNOWN PENDING");
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST(PlannerTest, AfterAStartAHostThatIsUncordonedIsWaitedForToo) {
  RolloutScene scene("DONE SKIPPED", "done away");
  scene.rollout.steps[1].skip = SkipReason::kCordoned;
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE PENDING");
  EXPECT_EQ(scene.Phase(), "ROLLING+LEADERLESS");
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST(PlannerTest, AfterAStartItGoesOnOnceAllAreHeard) {
  RolloutScene scene("APPLYING PENDING", "away old");
  scene.fleet.resync_until = scene.now.steady + absl::Seconds(10);
  scene.Step();
  scene.SetHosts("done old");
  scene.Settle();
  EXPECT_EQ(scene.Steps(), "DONE ADMITTED");
}

TEST(PlannerTest, TimeWithoutAControllerCountsForNoDeadline) {
  RolloutScene scene("APPLYING", "away");
  scene.Step();
  scene.Pass(absl::Seconds(90));
  // As it comes back from the store, an hour later.
  scene.rollout.state.clock =
      RolloutClock(scene.rollout.state.clock.Elapsed(scene.now.steady));
  scene.Pass(absl::Hours(1));
  EXPECT_EQ(scene.Step().wake_up, scene.now.steady + absl::Seconds(30));
  EXPECT_EQ(scene.Steps(), "UNKNOWN");
}

TEST(PlannerTest, ProgressAloneIsNotSaved) {
  RolloutScene scene("APPLYING", "applying");
  scene.Step();
  scene.fleet.hosts[0].report.slots_done = 3;
  Plan plan = scene.Step();
  EXPECT_FALSE(plan.save);
  EXPECT_FALSE(plan.Empty());
  EXPECT_TRUE(plan.events.empty());
  EXPECT_EQ(scene.rollout.steps[0].progress.slots_done, 3);
}

TEST(PlannerTest, EventsHaveNoGapsAndTellEachChangeOnce) {
  RolloutScene scene("PENDING PENDING", "old old");
  scene.rollout.state.last_seq = 41;
  std::vector<RolloutEvent> events;
  for (const char* hosts :
       {"old old", "applying old", "done old", "done done"}) {
    scene.SetHosts(hosts);
    Plan plan = scene.Step();
    events.insert(events.end(), plan.events.begin(), plan.events.end());
  }
  std::string told;
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, 42 + static_cast<int64_t>(i));
    told += events[i].host.empty()
                ? Name(events[i].phase)
                : events[i].host + "=" + Name(events[i].host_phase);
    told += " ";
  }
  EXPECT_EQ(told, "a=ADMITTED a=APPLYING a=DONE b=ADMITTED b=DONE SUCCEEDED ");
}

TEST(PlannerTest, TerminalPhasesAbsorb) {
  RolloutScene scene("DONE SKIPPED", "failed old");
  scene.rollout.state.phase = RolloutPhase::kSucceeded;
  Plan plan = scene.Step();
  EXPECT_TRUE(plan.Empty());
  EXPECT_EQ(plan.wake_up, absl::InfiniteFuture());
}

TEST(PlannerTest, SucceededProvesTheRevisionAndNamesWhoIsMissing) {
  RolloutScene scene("SKIPPED VERIFYING PENDING", "away done gone");
  Plan plan = scene.Step();
  EXPECT_TRUE(plan.proven);
  EXPECT_EQ(scene.rollout.state.message,
            "1 host done; not connected, to follow when back: a; removed from "
            "the fleet: c");
}

TEST(PlannerTest, AHostThatIsRemovedWhileItIsSkippedIsNotBack) {
  for (SkipReason why : {SkipReason::kCordoned, SkipReason::kUnreachable}) {
    RolloutScene scene("SKIPPED APPLYING", "gone applying");
    scene.rollout.steps[0].skip = why;
    scene.rollout.policy.max_skipped = 0;
    Plan plan = scene.Step();
    EXPECT_TRUE(plan.save);
    ASSERT_EQ(plan.events.size(), 1);
    EXPECT_EQ(plan.events[0].host, "a");
    EXPECT_EQ(plan.events[0].host_phase, HostStepPhase::kSkipped);
    EXPECT_EQ(plan.events[0].message, "removed from the fleet");
    EXPECT_EQ(scene.rollout.steps[0].skip, SkipReason::kRemoved);
    EXPECT_TRUE(scene.Step().events.empty());
    scene.SetHosts("gone done");
    plan = scene.Step();
    EXPECT_EQ(scene.Phase(), "SUCCEEDED");
    EXPECT_TRUE(plan.targets.empty());
    EXPECT_EQ(scene.rollout.state.message,
              "1 host done; removed from the fleet: a");
  }
}

TEST(PlannerTest, AHostThatIsRemovedIsNoLongerOneThatIsOutOfReach) {
  RolloutScene scene("SKIPPED PENDING VERIFYING", "gone away verifying");
  scene.rollout.policy.max_skipped = 1;
  scene.rollout.policy.max_parallel = 2;
  scene.Settle();
  EXPECT_EQ(scene.Phase(), "ROLLING");
  EXPECT_EQ(scene.Steps(), "SKIPPED SKIPPED VERIFYING");
}

}  // namespace
}  // namespace fleet::controller
