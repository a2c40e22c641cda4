#include "controller/rollout_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_world.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;
using testing::Not;

class RolloutDriverTest : public ::testing::Test {
 protected:
  RolloutDriverTest() : world(3) {
    world.Start();
    world.ConnectAll();
    world.Pass(DriverOptions().resync_window);
  }
  Rollout Create(const NewRollout& request) {
    absl::StatusOr<Rollout> rollout = world.driver->Create(request);
    EXPECT_TRUE(rollout.ok()) << rollout.status();
    return rollout.ok() ? *rollout : Rollout();
  }
  std::string PhaseOf(const std::string& uid) {
    absl::StatusOr<Rollout> rollout = world.driver->Get(uid);
    return rollout.ok() ? Name(rollout->state.phase)
                        : ReasonOf(rollout.status()).reason;
  }

  RolloutWorld world;
};

TEST_F(RolloutDriverTest, RollsOutHostByHost) {
  Rollout made = Create(world.Deploy(2));
  EXPECT_EQ(made.state.phase, RolloutPhase::kQueued);
  EXPECT_EQ(made.uid.size(), 10u);
  EXPECT_EQ(made.uid.substr(0, 2), "r-");
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), made.uid);
  world.WorkUntilQuiet();
  EXPECT_EQ(PhaseOf(made.uid), "SUCCEEDED");
  EXPECT_EQ(absl::StrJoin(world.sent, " "), "host-1:2 host-2:2 host-3:2");
  EXPECT_EQ(world.store.app.proven_revision, 2);
  EXPECT_EQ(world.store.app.generation, 2);
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), "");
  for (const auto& [host, agent] : world.agents) {
    EXPECT_EQ(agent.running_revision, 2) << host;
  }
}

TEST_F(RolloutDriverTest, NothingIsSentThatWasNotSaved) {
  Create(world.Deploy(2));
  world.store.FailAlways(true);
  world.Turn();
  EXPECT_TRUE(world.sent.empty());
  EXPECT_EQ(world.Steps(), "PENDING PENDING PENDING");
  const std::string uid = world.driver->ActiveRolloutOf("web");
  const auto message = [&] { return world.driver->Get(uid)->state.message; };
  EXPECT_THAT(message(), HasSubstr("until it can be saved: "));
  EXPECT_THAT(message(), HasSubstr("disk full"));
  world.store.FailAlways(false);
  world.Pass(DriverOptions().store_retry);
  EXPECT_EQ(absl::StrJoin(world.sent, " "), "host-1:2");
  EXPECT_THAT(message(), Not(HasSubstr("saved")));
}

TEST_F(RolloutDriverTest, CreateThatCannotBeSavedLeavesNothing) {
  world.store.FailAlways(true);
  absl::StatusOr<Rollout> rollout = world.driver->Create(world.Deploy(2));
  EXPECT_EQ(ReasonOf(rollout.status()).reason, "STORE_FAILED");
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), "");
  world.store.FailAlways(false);
  Create(world.Deploy(2));
}

TEST_F(RolloutDriverTest, WhatIsSavedAlongFailsTheCreation) {
  NewRollout request = world.Deploy(2);
  request.also_save = [] {
    return ErrorWithReason(absl::StatusCode::kAborted, "changed meanwhile",
                           {"ETAG_MISMATCH", {}});
  };
  absl::StatusOr<Rollout> rollout = world.driver->Create(request);
  EXPECT_EQ(ReasonOf(rollout.status()).reason, "ETAG_MISMATCH");
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), "");
}

TEST_F(RolloutDriverTest, SecondRolloutIsRefusedAndNamesTheFirst) {
  Rollout first = Create(world.Deploy(2));
  absl::StatusOr<Rollout> second = world.driver->Create(world.Deploy(3));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAborted);
  ErrorReason reason = ReasonOf(second.status());
  EXPECT_EQ(reason.reason, "ROLLOUT_IN_PROGRESS");
  EXPECT_EQ(reason.metadata["rollout"], first.uid);
}

TEST_F(RolloutDriverTest, SupersedeEndsTheFirstWithTheSecond) {
  Rollout first = Create(world.Deploy(2));
  world.Turn();
  NewRollout request = world.Deploy(3);
  request.supersede = true;
  Rollout second = Create(request);
  EXPECT_EQ(PhaseOf(first.uid), "SUPERSEDED");
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), second.uid);
  EXPECT_GT(second.state.generation, first.state.generation);
  EXPECT_EQ(second.steps[0].host, "host-1") << "the host in flight goes first";
  world.WorkUntilQuiet();
  EXPECT_EQ(PhaseOf(second.uid), "SUCCEEDED");
  EXPECT_EQ(PhaseOf(first.uid), "SUPERSEDED");
  EXPECT_EQ(world.agents["host-1"].running_revision, 3);
}

TEST_F(RolloutDriverTest, SupersedeThatCannotBeSavedEndsNothing) {
  Rollout first = Create(world.Deploy(2));
  world.Turn();
  NewRollout request = world.Deploy(3);
  request.supersede = true;
  world.store.FailAlways(true);
  EXPECT_FALSE(world.driver->Create(request).ok());
  world.store.FailAlways(false);
  EXPECT_EQ(PhaseOf(first.uid), "ROLLING");
  world.WorkUntilQuiet();
  EXPECT_EQ(PhaseOf(first.uid), "SUCCEEDED");
}

TEST_F(RolloutDriverTest, SameRequestIdIsTheSameRollout) {
  NewRollout request = world.Deploy(2);
  request.request_id = "ci-77";
  Rollout first = Create(request);
  EXPECT_EQ(Create(request).uid, first.uid);
  world.WorkUntilQuiet();
  Rollout ended = Create(request);
  EXPECT_EQ(ended.uid, first.uid);
  EXPECT_EQ(ended.state.phase, RolloutPhase::kSucceeded);
  EXPECT_EQ(world.sent.size(), 3u);
  request.app.name = "api";
  EXPECT_EQ(world.driver->Create(request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RolloutDriverTest, ValidateOnlyChangesNothing) {
  NewRollout request = world.Deploy(2);
  request.validate_only = true;
  Rollout rollout = Create(request);
  EXPECT_EQ(rollout.uid, "");
  EXPECT_EQ(rollout.steps.size(), 3u);
  EXPECT_EQ(world.store.commits(), 0);
}

TEST_F(RolloutDriverTest, ValidateOnlyBesideAnotherPlansAsIfItEndedIt) {
  const Rollout first = Create(world.Deploy(2));
  world.Turn();
  NewRollout request = world.Deploy(3);
  request.validate_only = true;
  const Rollout plan = Create(request);
  EXPECT_EQ(plan.steps[0].host, "host-1") << "the host in flight goes first";
  EXPECT_EQ(PhaseOf(first.uid), "ROLLING");
  absl::Status active = world.driver->CheckNoneActive("web");
  EXPECT_EQ(ReasonOf(active).reason, "ROLLOUT_IN_PROGRESS");
  EXPECT_NE(active.message().find("; wait for it, abort it"),
            active.message().npos);
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), first.uid);
  ASSERT_TRUE(world.driver->Pause({"web", "", "ann", ""}).ok());
  active = world.driver->CheckNoneActive("web");
  EXPECT_NE(active.message().find("; resume it, abort it"),
            active.message().npos)
      << active;
}

TEST_F(RolloutDriverTest, WhereNobodyFailedThereIsNothingToRetry) {
  for (const char* host : {"host-1", "host-2", "host-3"}) {
    world.Disconnect(host);
  }
  Create(world.Deploy(2));
  world.Turn();
  const absl::Status active = world.driver->CheckNoneActive("web");
  EXPECT_NE(active.message().find("has not ended: paused by a failure, host-"),
            active.message().npos)
      << active;
  EXPECT_NE(active.message().find("; resume it, abort it"),
            active.message().npos)
      << active;
}

TEST_F(RolloutDriverTest, BadRequestsAreRefused) {
  NewRollout nobody = world.Deploy(2);
  nobody.hosts.clear();
  EXPECT_EQ(ReasonOf(world.driver->Create(nobody).status()).reason,
            "NO_HOST_MATCHES");
  NewRollout policy = world.Deploy(2);
  policy.policy.max_parallel = "half";
  EXPECT_EQ(world.driver->Create(policy).status().code(),
            absl::StatusCode::kInvalidArgument);
  NewRollout long_id = world.Deploy(2);
  long_id.request_id = std::string(65, 'x');
  EXPECT_EQ(world.driver->Create(long_id).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RolloutDriverTest, PolicyOfTheRequestOverridesTheSpecs) {
  NewRollout request = world.Deploy(2);
  request.app.spec.rollout.max_parallel = "1";
  request.app.spec.rollout.max_flaps = 5;
  request.policy.max_parallel = "100%";
  Rollout rollout = Create(request);
  EXPECT_EQ(rollout.policy.max_parallel, 3);
  EXPECT_EQ(rollout.policy.step.max_flaps, 5);
  world.Turn();
  EXPECT_EQ(world.sent.size(), 3u);
}

TEST_F(RolloutDriverTest, FirstRolloutOfAnAppTakesAllAtOnce) {
  NewRollout request = world.Deploy(1);
  request.app.uid = "a-2";
  request.app.name = "api";
  request.app.proven_revision = 0;
  EXPECT_EQ(Create(request).policy.max_parallel, 3);
}

TEST_F(RolloutDriverTest, PauseResumeRetryAbort) {
  Create(world.Deploy(2));
  ASSERT_TRUE(world.driver->Pause({"web", "lunch", "bob", ""}).ok());
  world.WorkUntilQuiet();
  EXPECT_TRUE(world.sent.empty());
  ASSERT_TRUE(world.driver->Resume({"web", "", "bob", ""}).ok());
  world.Turn();
  world.Fail("host-1");
  world.WorkUntilQuiet();
  EXPECT_EQ(world.Steps(), "FAILED PENDING PENDING");
  ASSERT_TRUE(world.driver->Retry({"web", "", "bob", ""}).ok());
  EXPECT_EQ(world.store.app.generation, 3);
  world.Turn();
  EXPECT_EQ(absl::StrJoin(world.sent, " "), "host-1:2 host-1:3");
  ASSERT_TRUE(world.driver->Abort({"web", "enough", "bob", ""}).ok());
  world.WorkUntilQuiet();
  Rollout rollout = world.Now();
  EXPECT_EQ(rollout.state.phase, RolloutPhase::kAborted);
  EXPECT_EQ(rollout.state.message,
            "aborted by bob: enough. MIXED: revision 1 on host-2, host-3; "
            "revision 2 on host-1");
}

TEST_F(RolloutDriverTest, CommandsNameWhatIsWrong) {
  EXPECT_EQ(
      ReasonOf(world.driver->Pause({"web", "", "bob", ""}).status()).reason,
      "ROLLOUT_NOT_FOUND");
  Rollout rollout = Create(world.Deploy(2));
  EXPECT_EQ(ReasonOf(world.driver->Retry({rollout.uid, "", "bob", ""}).status())
                .reason,
            "NOTHING_TO_RETRY");
  world.WorkUntilQuiet();
  EXPECT_EQ(
      ReasonOf(world.driver->Abort({"web", "", "bob", ""}).status()).reason,
      "ROLLOUT_ENDED");
}

TEST_F(RolloutDriverTest, DisconnectedHostFailsAfterItsGrace) {
  Create(world.Deploy(2));
  world.Turn();
  world.Disconnect("host-1");
  world.Turn();
  EXPECT_EQ(world.Steps(), "UNKNOWN PENDING PENDING");
  world.Pass(absl::Minutes(2));
  EXPECT_EQ(world.Steps(), "FAILED PENDING PENDING");
  // It had gone on alone.
  world.Work("host-1");
  world.Work("host-1");
  world.Connect("host-1");
  world.Turn();
  EXPECT_EQ(world.Steps(), "DONE PENDING PENDING");
  EXPECT_EQ(world.agents["host-1"].effects[2], 1);
}

TEST_F(RolloutDriverTest, SkippedHostConvergesWhenItReturns) {
  world.Disconnect("host-2");
  Create(world.Deploy(2));
  world.WorkUntilQuiet();
  EXPECT_EQ(world.Now().state.phase, RolloutPhase::kSucceeded);
  EXPECT_EQ(world.agents["host-2"].running_revision, 1);
  world.Connect("host-2");
  world.Work("host-2");
  world.Work("host-2");
  EXPECT_EQ(world.agents["host-2"].running_revision, 2);
}

TEST_F(RolloutDriverTest, RemovedHostIsSkipped) {
  Create(world.Deploy(2));
  world.Turn();
  world.Remove("host-1");
  world.Remove("host-3");
  world.WorkUntilQuiet();
  EXPECT_EQ(world.Steps(), "SKIPPED DONE SKIPPED");
  EXPECT_EQ(world.Now().state.phase, RolloutPhase::kSucceeded);
}

TEST_F(RolloutDriverTest, DeletedAppEndsItsRollout) {
  Rollout rollout = Create(world.Deploy(2));
  world.Turn();
  bool deleted = false;
  ASSERT_TRUE(world.driver
                  ->EndForDeletedApp("web", "bob",
                                     [&deleted] {
                                       deleted = true;
                                       return absl::OkStatus();
                                     })
                  .ok());
  EXPECT_TRUE(deleted);
  EXPECT_EQ(PhaseOf(rollout.uid), "ABORTED");
  EXPECT_EQ(world.driver->ActiveRolloutOf("web"), "");
}

TEST_F(RolloutDriverTest, ListsNewestFirstInPages) {
  std::vector<std::string> uids;
  for (int revision = 2; revision <= 4; ++revision) {
    uids.push_back(Create(world.Deploy(revision)).uid);
    if (revision < 4) world.WorkUntilQuiet();
  }
  absl::StatusOr<RolloutPage> page = world.driver->List("web", false, 0, 2);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->rollouts.size(), 2u);
  EXPECT_EQ(page->rollouts[0].rollout.uid, uids[2]);
  EXPECT_EQ(page->rollouts[1].rollout.uid, uids[1]);
  EXPECT_EQ(page->rollouts[1].hosts_done, 3);
  page = world.driver->List("web", false, page->next, 2);
  ASSERT_EQ(page->rollouts.size(), 1u);
  EXPECT_EQ(page->rollouts[0].rollout.uid, uids[0]);
  EXPECT_EQ(page->next, 0);
  EXPECT_EQ(world.driver->List("", true, 0, 10)->rollouts.size(), 1u);
}

class CountingWatcher : public RolloutWatcher {
 public:
  void OnRolloutChanged() override { ++changes; }
  int changes = 0;
};

TEST_F(RolloutDriverTest, WatcherIsToldOfEveryChangeAndReadsEachEventOnce) {
  Rollout rollout = Create(world.Deploy(2));
  CountingWatcher watcher;
  ASSERT_TRUE(world.driver->AddWatcher(rollout.uid, watcher).ok());
  std::vector<int64_t> seqs;
  int64_t seen = 0;
  for (int i = 0; i < 10; ++i) {
    for (auto& [host, agent] : world.agents) world.Work(host);
    world.Turn();
    absl::StatusOr<RolloutChanges> changes =
        world.driver->ChangesSince(rollout.uid, seen, 2);
    ASSERT_TRUE(changes.ok());
    EXPECT_FALSE(changes->reset);
    for (const RolloutEvent& event : changes->events) {
      seqs.push_back(event.seq);
      seen = event.seq;
    }
  }
  for (size_t i = 0; i < seqs.size(); ++i) {
    EXPECT_EQ(seqs[i], static_cast<int64_t>(i) + 1);
  }
  EXPECT_GE(watcher.changes, 6);
  int before = watcher.changes;
  world.driver->RemoveWatcher(rollout.uid, watcher);
  Create(world.Deploy(3));
  EXPECT_EQ(watcher.changes, before);
}

TEST_F(RolloutDriverTest, WatcherOfAnotherHistoryIsReset) {
  Rollout rollout = Create(world.Deploy(2));
  absl::StatusOr<RolloutChanges> changes =
      world.driver->ChangesSince(rollout.uid, 5000, 100);
  ASSERT_TRUE(changes.ok());
  EXPECT_TRUE(changes->reset);
  EXPECT_EQ(changes->events.size(), 1u);
}

TEST_F(RolloutDriverTest, OldEventsAreForgottenAndTheWatcherIsTold) {
  Rollout rollout = Create(world.Deploy(2));
  for (int i = 0; i < 5600; ++i) {
    ASSERT_TRUE(world.driver->Pause({"web", "", "bob", ""}).ok());
    ASSERT_TRUE(world.driver->Resume({"web", "", "bob", ""}).ok());
  }
  absl::StatusOr<RolloutChanges> changes =
      world.driver->ChangesSince(rollout.uid, 0, 20000);
  ASSERT_TRUE(changes.ok());
  EXPECT_TRUE(changes->reset);
  EXPECT_GE(changes->events.size(), 10000u);
  EXPECT_LE(changes->events.size(), 11000u);
  EXPECT_EQ(changes->events.back().seq, changes->rollout.state.last_seq);
}

TEST_F(RolloutDriverTest, DeadlinesSurviveARestart) {
  NewRollout request = world.Deploy(2);
  request.policy.progress_deadline = absl::Minutes(1);
  Create(request);
  world.Turn();
  world.Pass(absl::Seconds(45));  // Saved with the running clock.
  world.Crash();
  world.clock.Advance(absl::Hours(3));
  world.Start();
  world.ConnectAll();
  world.Turn();
  EXPECT_TRUE(world.Now().state.holds.empty());
  world.Pass(absl::Seconds(14));
  EXPECT_TRUE(world.Now().state.holds.empty());
  world.Pass(absl::Seconds(1));
  ASSERT_EQ(world.Now().state.holds.size(), 1u);
  EXPECT_EQ(world.Now().state.holds[0].reason,
            "no host has finished for 1m: host-1");
}

TEST_F(RolloutDriverTest, WallClockJumpFiresNoDeadline) {
  Create(world.Deploy(2));
  world.Turn();
  world.clock.JumpWall(absl::Hours(48));
  world.Turn();
  EXPECT_TRUE(world.Now().state.holds.empty());
}

TEST_F(RolloutDriverTest, AfterARestartAbsentHostsAreWaitedFor) {
  Create(world.Deploy(2));
  world.Turn();
  world.Restart();
  world.Turn();
  world.Connect("host-2");
  world.Connect("host-3");
  world.Turn();
  EXPECT_EQ(world.Steps(), "APPLYING PENDING PENDING");
  world.Pass(DriverOptions().resync_window);
  EXPECT_EQ(world.Steps(), "UNKNOWN PENDING PENDING");
  world.ConnectAll();
  world.WorkUntilQuiet();
  EXPECT_EQ(world.Now().state.phase, RolloutPhase::kSucceeded);
}

}  // namespace
}  // namespace fleet::controller
