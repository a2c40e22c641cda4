#include "controller/app_apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/status.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class AppApplyTest : public testing::Test {
 protected:
  AppApplyTest() : one_(scene_.Agent("host-1")), two_(scene_.Agent("host-2")) {}

  // Both hosts bring the newest target of web to its end.
  void Finish() {
    for (FakeAgent* agent : {one_.get(), two_.get()}) {
      agent->AckAll();
      agent->ReportDone("web");
    }
    for (FakeAgent* agent : {one_.get(), two_.get()}) {
      agent->AckAll();
      agent->ReportDone("web");
    }
  }

  // Both hosts take what they are told: the next change is sent after that.
  void TakeAll() {
    one_->AckAll();
    two_->AckAll();
  }

  void MakeWeb() {
    scene_.Apply(SpecOf("web"));
    Finish();
    ASSERT_EQ(scene_.NewestRollout("web").state.phase,
              RolloutPhase::kSucceeded);
  }

  absl::Status Refusal(const ApplyOrder& order) {
    auto outcomes = scene_.core().apply.Apply(order);
    EXPECT_FALSE(outcomes.ok());
    return outcomes.status();
  }

  FleetScene scene_;
  std::unique_ptr<FakeAgent> one_;
  std::unique_ptr<FakeAgent> two_;
};

TEST_F(AppApplyTest, NewAppIsRolledOutToEveryHostAndProven) {
  ApplyOutcome outcome = scene_.Apply(SpecOf("web"));
  EXPECT_EQ(outcome.change, ApplyChange::kCreated);
  EXPECT_EQ(outcome.revision, 1);
  EXPECT_FALSE(outcome.rollout_uid.empty());
  ASSERT_NE(one_->Target("web"), nullptr);
  EXPECT_EQ(one_->Target("web")->instances(), 2);
  EXPECT_EQ(one_->Target("web")->spec().script(), "/srv/web/run.sh");
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
  Finish();
  EXPECT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
  EXPECT_EQ(scene_.App("web").record.proven_revision, 1);
}

TEST_F(AppApplyTest, SameSpecAgainChangesNothing) {
  MakeWeb();
  const int64_t version = scene_.App("web").record.version;
  ApplyOutcome outcome = scene_.Apply(SpecOf("web"));
  EXPECT_EQ(outcome.change, ApplyChange::kUnchanged);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  EXPECT_THAT(outcome.differences, IsEmpty());
  EXPECT_EQ(scene_.App("web").record.version, version);
}

TEST_F(AppApplyTest, SameSpecWhileItIsRolledOutNamesThatRollout) {
  const std::string uid = scene_.Apply(SpecOf("web")).rollout_uid;
  ApplyOutcome again = scene_.Apply(SpecOf("web"));
  EXPECT_EQ(again.change, ApplyChange::kUnchanged);
  EXPECT_EQ(again.rollout_uid, uid);
}

TEST_F(AppApplyTest, ChangedSpecIsANewRevisionAndARollout) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_EQ(outcome.revision, 2);
  EXPECT_THAT(outcome.differences, ElementsAre(HasSubstr("args")));
  EXPECT_EQ(scene_.App("web").record.proven_revision, 1);
  Finish();
  EXPECT_EQ(scene_.App("web").record.proven_revision, 2);
  EXPECT_EQ(two_->Target("web")->revision(), 2);
}

TEST_F(AppApplyTest, WhatMayOwnItsPortGoesBeforeASurgeOpensIt) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  const auto strategy = [this, &spec] {
    scene_.Apply(spec);
    Finish();
    return scene_.NewestRollout("web").policy.step.strategy;
  };
  spec.listen = {"tcp://0.0.0.0:80"};
  EXPECT_EQ(strategy(), ReloadStrategy::kStopFirst);
  spec.args = {"--fast"};
  EXPECT_EQ(strategy(), ReloadStrategy::kSurge);
  spec.listen.clear();
  EXPECT_EQ(strategy(), ReloadStrategy::kStopFirst);
  // Who says so knows that the program owned none.
  spec.listen = {"tcp://0.0.0.0:80"};
  spec.reload_strategy = ReloadStrategy::kSurge;
  EXPECT_EQ(strategy(), ReloadStrategy::kSurge);
}

TEST_F(AppApplyTest, OtherNumberOfInstancesNeedsNoRollout) {
  MakeWeb();
  const int64_t generation = one_->Target("web")->generation();
  AppSpec spec = SpecOf("web");
  spec.instances = 5;
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_EQ(outcome.revision, 1);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  EXPECT_EQ(one_->Target("web")->instances(), 5);
  EXPECT_EQ(one_->Target("web")->generation(), generation);
  EXPECT_EQ(scene_.App("web").record.spec.instances, 5);
  EXPECT_EQ(scene_.Apply(spec).change, ApplyChange::kUnchanged);
}

TEST_F(AppApplyTest, OtherPolicyAloneNeedsNoRollout) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.rollout.max_parallel = "2";
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  EXPECT_EQ(scene_.App("web").record.spec.rollout.max_parallel, "2");
}

TEST_F(AppApplyTest, HostThatIsNamedAnewGetsTheAppAlone) {
  AppSpec spec = SpecOf("web");
  spec.hosts = "host-1";
  scene_.Apply(spec);
  one_->AckAll();
  one_->ReportDone("web");
  EXPECT_EQ(two_->Target("web"), nullptr);
  const int64_t generation = one_->Target("web")->generation();
  spec.hosts = "host-1,host-2";
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_FALSE(outcome.rollout_uid.empty());
  EXPECT_THAT(outcome.differences, Contains("host host-2: added"));
  ASSERT_NE(two_->Target("web"), nullptr);
  EXPECT_EQ(one_->Target("web")->generation(), generation);
}

TEST_F(AppApplyTest, HostThatIsNoLongerNamedLosesTheApp) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.hosts = "host-1";
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_THAT(outcome.differences,
              testing::Contains(HasSubstr("host-2: removed")));
  EXPECT_TRUE(two_->Target("web")->removed());
  EXPECT_FALSE(one_->Target("web")->removed());
}

TEST_F(AppApplyTest, NarrowedApplyLeavesTheOtherHostsAlone) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  ApplyOrder order = scene_.Order(spec);
  order.hosts = "host-2";
  scene_.Apply(order);
  two_->AckAll();
  two_->ReportDone("web");
  EXPECT_EQ(one_->Target("web")->revision(), 1);
  EXPECT_EQ(two_->Target("web")->revision(), 2);
  // The plain apply brings the rest.
  EXPECT_EQ(scene_.Apply(spec).change, ApplyChange::kUpdated);
  EXPECT_THAT(scene_.NewestRollout("web").steps.size(), 1u);
  EXPECT_EQ(one_->Target("web")->revision(), 2);
}

TEST_F(AppApplyTest, StoppedAppIsStartedAgain) {
  MakeWeb();
  TakeAll();
  ASSERT_TRUE(scene_.core().orders.Stop({"web", "", {}, "tester"}).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  TakeAll();
  ApplyOutcome outcome = scene_.Apply(SpecOf("web"));
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
}

TEST_F(AppApplyTest, AutostartFalseStartsNothingUntilSomebodyDoes) {
  AppSpec spec = SpecOf("web");
  spec.autostart = false;
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kCreated);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  ASSERT_NE(one_->Target("web"), nullptr);
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  EXPECT_EQ(one_->Target("web")->revision(), 1);
  EXPECT_EQ(scene_.Apply(spec).change, ApplyChange::kUnchanged);
  TakeAll();

  // A change reaches the hosts and starts nothing either.
  spec.args = {"--fast"};
  outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  EXPECT_EQ(one_->Target("web")->revision(), 2);
  EXPECT_EQ(one_->Target("web")->generation(), 2);
  TakeAll();

  // Started by hand it runs, and the same file still changes nothing.
  ASSERT_TRUE(scene_.core().orders.Start({"web", "", {}, "tester"}).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(scene_.Apply(spec).change, ApplyChange::kUnchanged);
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);

  // While it runs, a change is rolled out as ever.
  spec.args = {"--faster"};
  EXPECT_FALSE(scene_.Apply(spec).rollout_uid.empty());
}

TEST_F(AppApplyTest, AutostartAloneNeedsNoRollout) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.autostart = false;
  ApplyOutcome outcome = scene_.Apply(spec);
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_TRUE(outcome.rollout_uid.empty());
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
}

TEST_F(AppApplyTest, AppsThatWaitForEachOtherAreRefusedWithTheCircleNamed) {
  AppSpec db = SpecOf("db");
  db.depends_on = {"cache"};
  scene_.Apply(db);
  AppSpec cache = SpecOf("cache");
  cache.depends_on = {"log"};
  AppSpec log = SpecOf("log");
  log.depends_on = {"db"};
  ApplyOrder order;
  order.specs = {cache, log};
  absl::Status refusal = Refusal(order);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refusal).reason, "SPEC_INVALID");
  EXPECT_THAT(std::string(refusal.message()),
              HasSubstr("depends_on: cache -> log -> db -> cache is a circle"));
  order.specs[1].depends_on = {"no-such-app"};
  EXPECT_TRUE(scene_.core().apply.Apply(order).ok());
}

TEST_F(AppApplyTest, ApplyAfterAnAbortedRolloutTriesAgain) {
  scene_.Apply(SpecOf("web"));
  ASSERT_TRUE(scene_.core().driver.Abort({"web", "", "tester", ""}).ok());
  scene_.Run();
  one_->AckAll();
  two_->AckAll();
  one_->ReportFailed("web", "exit code 1");
  two_->ReportFailed("web", "exit code 1");
  scene_.Run();
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kAborted);
  ApplyOutcome outcome = scene_.Apply(SpecOf("web"));
  EXPECT_EQ(outcome.change, ApplyChange::kUpdated);
  EXPECT_FALSE(outcome.rollout_uid.empty());
  EXPECT_EQ(outcome.revision, 1);
}

TEST_F(AppApplyTest, ValidateOnlySaysWhatWouldChangeAndChangesNothing) {
  ApplyOrder order = scene_.Order(SpecOf("web"));
  order.validate_only = true;
  EXPECT_EQ(scene_.Apply(order).change, ApplyChange::kCreated);
  EXPECT_EQ(scene_.core().registry.FindByName("web"), nullptr);
  EXPECT_EQ(one_->Target("web"), nullptr);
}

TEST_F(AppApplyTest, ChangeDuringARolloutIsRefusedUnlessItSupersedes) {
  const std::string first = scene_.Apply(SpecOf("web")).rollout_uid;
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  ApplyOrder order = scene_.Order(spec);
  absl::Status refusal = Refusal(order);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(refusal).reason, "ROLLOUT_IN_PROGRESS");
  EXPECT_EQ(scene_.App("web").record.revision, 1);
  order.validate_only = true;
  ApplyOutcome plan = scene_.Apply(order);
  ASSERT_TRUE(plan.plan.has_value());
  ASSERT_TRUE(plan.under_way.has_value());
  EXPECT_EQ(plan.under_way->uid, first);
  order.validate_only = false;
  order.supersede = true;
  ApplyOutcome outcome = scene_.Apply(order);
  EXPECT_NE(outcome.rollout_uid, first);
  EXPECT_EQ(outcome.revision, 2);
}

TEST_F(AppApplyTest, RollbackFromTheFirstRevisionNamesALaterOne) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  scene_.Apply(spec);
  Finish();
  NewRollout back;
  back.kind = RolloutKind::kRollback;
  back.hosts = {"host-1", "host-2"};
  const AppRegistry& registry = scene_.core().registry;
  auto first = registry.FindRolloutApp("web", RolloutKind::kRollback, 0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->revision, 1);
  back.app = *first;
  ASSERT_TRUE(scene_.core().driver.Create(back).ok());
  scene_.Run();
  Finish();
  ASSERT_EQ(scene_.App("web").record.proven_revision, 1);
  EXPECT_EQ(registry.FindRolloutApp("web", RolloutKind::kRollback, 0)
                .status()
                .message(),
            "no revision of web before 1 has been rolled out with success; one "
            "after it has: name revision 2");
}

TEST_F(AppApplyTest, UnknownHostIsRefusedWithTheKnownOnes) {
  ApplyOrder order = scene_.Order(SpecOf("web"));
  order.hosts = "host-9";
  absl::Status refusal = Refusal(order);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(refusal).reason, "NO_HOST_MATCHES");
  EXPECT_THAT(std::string(refusal.message()), HasSubstr("host-1, host-2"));
  AppSpec spec = SpecOf("web");
  spec.hosts = "role=db";
  refusal = Refusal(scene_.Order(spec));
  EXPECT_EQ(ReasonOf(refusal).reason, "NO_HOST_MATCHES");
}

TEST_F(AppApplyTest, OneBadSpecKeepsAllFromBeingApplied) {
  ApplyOrder order = scene_.Order(SpecOf("web"));
  order.specs.push_back(SpecOf("db"));
  order.specs[1].script = "";
  absl::Status refusal = Refusal(order);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refusal).reason, "SPEC_INVALID");
  EXPECT_THAT(std::string(refusal.message()), HasSubstr("\"db\""));
  EXPECT_EQ(scene_.core().registry.FindByName("web"), nullptr);
  order.specs[1] = SpecOf("web");
  EXPECT_THAT(std::string(Refusal(order).message()), HasSubstr("given twice"));
}

TEST_F(AppApplyTest, FullDiskChangesNothingAndALaterTrySucceeds) {
  MakeWeb();
  // Shrinks to what is there: the next page that is needed is refused.
  ASSERT_TRUE(scene_.database().Execute("PRAGMA max_page_count = 1").ok());
  AppSpec spec = SpecOf("web");
  spec.env = {{"BIG", std::string(30'000, 'x')}};
  absl::Status refusal = Refusal(scene_.Order(spec));
  EXPECT_EQ(refusal.code(), absl::StatusCode::kResourceExhausted) << refusal;
  EXPECT_EQ(ReasonOf(refusal).reason, "STORE_FAILED");
  EXPECT_EQ(scene_.App("web").record.revision, 1);
  EXPECT_EQ(scene_.core().driver.ActiveRolloutOf("web"), "");
  ASSERT_TRUE(scene_.database().Execute("PRAGMA max_page_count = 100000").ok());
  EXPECT_EQ(scene_.Apply(spec).revision, 2);
  EXPECT_FALSE(one_->closed.has_value());
}

TEST_F(AppApplyTest, EverythingIsThereAfterARestart) {
  MakeWeb();
  one_->Disconnect();
  two_->Disconnect();
  scene_.Restart();
  const AppEntry& web = scene_.App("web");
  EXPECT_EQ(web.record.revision, 1);
  EXPECT_EQ(web.record.proven_revision, 1);
  EXPECT_THAT(AppRegistry::HostsWith(web),
              UnorderedElementsAre("host-1", "host-2"));
  EXPECT_EQ(web.revisions.at(1)->spec.script, "/srv/web/run.sh");
  EXPECT_EQ(scene_.core().hosts.hosts().size(), 2u);
}

TEST_F(AppApplyTest, RolloutGoesOnAfterARestart) {
  MakeWeb();
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  const std::string uid = scene_.Apply(spec).rollout_uid;
  one_->Disconnect();
  two_->Disconnect();
  scene_.Restart();
  EXPECT_EQ(scene_.core().driver.ActiveRolloutOf("web"), uid);
  one_->Connect();
  two_->Connect();
  Finish();
  EXPECT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
}

}  // namespace
}  // namespace fleet::controller
