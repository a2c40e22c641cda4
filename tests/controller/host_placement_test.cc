#include "controller/host_placement.h"

#include <gtest/gtest.h>

#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

class HostPlacementTest : public testing::Test {
 protected:
  HostPlacementTest() : one_(scene_.Agent("host-1")) {}

  void Finish(FakeAgent& agent) {
    agent.AckAll();
    agent.ReportDone("web");
  }

  // Gives host-2; web is done on both.
  std::unique_ptr<FakeAgent> WebOnTwoHosts() {
    auto two = scene_.Agent("host-2");
    scene_.Apply(SpecOf("web"));
    Finish(*one_);
    Finish(*two);
    return two;
  }

  // Another revision.
  void ApplyFast(const std::string& canary = "") {
    AppSpec spec = SpecOf("web");
    spec.args = {"--fast"};
    spec.rollout.canary = canary;
    scene_.Apply(spec);
  }

  struct CanaryAndOther {
    FakeAgent* canary;
    FakeAgent* other;
  };
  // Another revision, of which one of the two is done.
  CanaryAndOther FinishCanary(FakeAgent& two) {
    ApplyFast("1");
    const bool first = scene_.NewestRollout("web").steps[0].host == "host-1";
    const CanaryAndOther roles = first ? CanaryAndOther{one_.get(), &two}
                                       : CanaryAndOther{&two, one_.get()};
    Finish(*roles.canary);
    return roles;
  }

  FleetScene scene_;
  std::unique_ptr<FakeAgent> one_;
};

TEST_F(HostPlacementTest, NewHostGetsTheProvenRevision) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  ASSERT_TRUE(scene_.core().orders.Scale({"web", "", {}, ""}, 3, false).ok());
  auto two = scene_.Agent("host-2");
  ASSERT_NE(two->Target("web"), nullptr);
  EXPECT_EQ(two->Target("web")->revision(), 1);
  EXPECT_EQ(two->Target("web")->instances(), 3);
  EXPECT_GE(two->Target("web")->generation(), 1);
  EXPECT_TRUE(two->Desired()[0].full());
}

TEST_F(HostPlacementTest, HostThatTheSpecDoesNotNameGetsNothing) {
  AppSpec spec = SpecOf("web");
  spec.hosts = "host-1";
  scene_.Apply(spec);
  Finish(*one_);
  auto two = scene_.Agent("host-2");
  EXPECT_EQ(two->Target("web"), nullptr);
}

TEST_F(HostPlacementTest, NarrowedAppStaysNarrowedForHostsThatComeLater) {
  ApplyOrder order = scene_.Order(SpecOf("web"));
  order.hosts = "host-1";
  scene_.Apply(order);
  Finish(*one_);
  auto two = scene_.Agent("host-2");
  EXPECT_EQ(two->Target("web"), nullptr);
}

TEST_F(HostPlacementTest, HostThatComesDuringARolloutWaitsForItsEnd) {
  scene_.Apply(SpecOf("web"));
  auto two = scene_.Agent("host-2");
  EXPECT_EQ(two->Target("web"), nullptr);
  Finish(*one_);
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
  ASSERT_NE(two->Target("web"), nullptr);
  EXPECT_EQ(two->Target("web")->revision(), 1);
}

TEST_F(HostPlacementTest, AppThatNobodyHasStartedStartsOnNoNewHostEither) {
  AppSpec spec = SpecOf("web");
  spec.autostart = false;
  scene_.Apply(spec);
  auto two = scene_.Agent("host-2");
  ASSERT_NE(two->Target("web"), nullptr);
  EXPECT_EQ(two->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  // Also when it is on no host any more.
  StoreChange change;
  const std::string uid = scene_.App("web").record.uid;
  change.gone_targets = {{uid, "host-1"}, {uid, "host-2"}};
  ASSERT_TRUE(scene_.core().registry.Save(change).ok());
  auto three = scene_.Agent("host-3");
  ASSERT_NE(three->Target("web"), nullptr);
  EXPECT_EQ(three->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
}

TEST_F(HostPlacementTest, PlacementThatIsNotSavedIsTriedAgain) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  scene_.Agent("host-2")->Disconnect();
  StoreChange change;
  change.gone_targets.push_back({scene_.App("web").record.uid, "host-2"});
  ASSERT_TRUE(scene_.core().registry.Save(change).ok());
  ASSERT_TRUE(scene_.database().Execute("PRAGMA query_only = 1").ok());
  auto two = scene_.Agent("host-2");
  EXPECT_EQ(two->Target("web"), nullptr);
  ASSERT_TRUE(scene_.database().Execute("PRAGMA query_only = 0").ok());
  scene_.Advance(absl::Seconds(6));
  EXPECT_NE(two->Target("web"), nullptr);
}

TEST_F(HostPlacementTest, HostThatComesDuringARolloutGetsTheProvenRevision) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  ApplyFast();
  auto two = scene_.Agent("host-2");
  ASSERT_NE(two->Target("web"), nullptr);
  EXPECT_EQ(two->Target("web")->revision(), 1);
  const int64_t generation = two->Target("web")->generation();
  Finish(*two);
  Finish(*one_);
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
  EXPECT_EQ(two->Target("web")->revision(), 2);
  EXPECT_GT(two->Target("web")->generation(), generation);
  EXPECT_EQ(scene_.App("web").targets.at("host-2").placed_during, "");
}

TEST_F(HostPlacementTest, HostThatComesDuringAnAbortedRolloutStaysAsItIs) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  ApplyFast();
  auto two = scene_.Agent("host-2");
  ASSERT_TRUE(scene_.core().driver.Abort({"web", "", "tester", ""}).ok());
  scene_.Run();
  one_->AckAll();
  one_->ReportFailed("web", "exit code 1");
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kAborted);
  EXPECT_EQ(two->Target("web")->revision(), 1);
  EXPECT_EQ(scene_.App("web").targets.at("host-2").placed_during, "");
}

TEST_F(HostPlacementTest, HostThatComesAfterTheCanaryGetsTheNewRevision) {
  auto two = WebOnTwoHosts();
  const auto [canary, other] = FinishCanary(*two);
  ASSERT_EQ(scene_.NewestRollout("web").state.wave, 1);
  auto three = scene_.Agent("host-3");
  ASSERT_NE(three->Target("web"), nullptr);
  EXPECT_EQ(three->Target("web")->revision(), 2);
  Finish(*three);
  // The rollout turns back, and so does the host that came.
  ASSERT_TRUE(scene_.core().driver.Undo({"web", "", "tester", ""}).ok());
  scene_.Run();
  for (int i = 0; i < 2; ++i) {
    Finish(*other);
    Finish(*canary);
  }
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kRolledBack);
  EXPECT_EQ(three->Target("web")->revision(), 1);
}

TEST_F(HostPlacementTest, AnAbortLeavesTheHostThatCameAfterTheCanaryAndSaysSo) {
  auto two = WebOnTwoHosts();
  const auto [canary, other] = FinishCanary(*two);
  auto three = scene_.Agent("host-3");
  Finish(*three);
  // Retries raise the app's generation; what is left as it is stays so.
  other->AckAll();
  other->ReportFailed("web", "exit code 1");
  ASSERT_TRUE(scene_.core().driver.Retry({"web", "", "tester", ""}).ok());
  scene_.Run();
  ASSERT_TRUE(scene_.core().driver.Abort({"web", "", "tester", ""}).ok());
  scene_.Run();
  other->AckAll();
  other->ReportFailed("web", "exit code 1");
  const Rollout ended = scene_.NewestRollout("web");
  ASSERT_EQ(ended.state.phase, RolloutPhase::kAborted);
  EXPECT_EQ(three->Target("web")->revision(), 2);
  EXPECT_EQ(scene_.App("web").targets.at("host-3").placed_during, "");
  EXPECT_NE(ended.state.message.find("MIXED"), std::string::npos);
  EXPECT_NE(ended.state.message.find("host-3"), std::string::npos)
      << ended.state.message;
}

TEST_F(HostPlacementTest, AnOrderForAHookThatNobodyAwaitsIsTakenBack) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  one_->Disconnect();
  StoreChange change;
  HostTarget target = scene_.App("web").targets.at("host-1");
  ++target.serial;
  target.once_hook.id = "r-gone.pre_rollout.1";
  target.once_hook.hook.command = "./migrate";
  target.once_hook.revision = 1;
  change.targets.push_back(target);
  ASSERT_TRUE(scene_.core().registry.Save(change).ok());
  one_->Connect();
  ASSERT_NE(one_->Target("web"), nullptr);
  EXPECT_EQ(one_->Target("web")->once_hook().id(), "");
  EXPECT_EQ(one_->Target("web")->serial(), target.serial + 1);
}

TEST_F(HostPlacementTest, HostThatMissedADeployCatchesUpWhenItReturns) {
  auto two = WebOnTwoHosts();
  ASSERT_EQ(scene_.App("web").record.proven_revision, 1);
  // Past the time in which hosts are waited for after a start.
  scene_.Advance(absl::Seconds(11));
  two->Disconnect();
  ApplyFast();
  Finish(*one_);
  scene_.Advance(absl::Minutes(1));
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
  const int64_t generation = two->Target("web")->generation();
  two->Connect();
  EXPECT_EQ(two->Target("web")->revision(), 2);
  EXPECT_GT(two->Target("web")->generation(), generation);
}

TEST_F(HostPlacementTest, HostThatWasCordonedDuringARollbackCatchesUp) {
  auto two = WebOnTwoHosts();
  ApplyFast();
  for (int i = 0; i < 2; ++i) {
    Finish(*one_);
    Finish(*two);
  }
  ASSERT_EQ(scene_.App("web").record.proven_revision, 2);
  ASSERT_TRUE(scene_.core().CordonHost("host-2", {}).ok());
  NewRollout back;
  back.kind = RolloutKind::kRollback;
  back.app = *scene_.core().registry.FindRolloutApp("web", back.kind, 1);
  back.hosts = {"host-1", "host-2"};
  ASSERT_TRUE(scene_.core().driver.Create(back).ok());
  scene_.Run();
  Finish(*one_);
  ASSERT_EQ(scene_.NewestRollout("web").state.phase, RolloutPhase::kSucceeded);
  EXPECT_EQ(two->Target("web")->revision(), 2);
  ASSERT_TRUE(scene_.core().UncordonHost("host-2").ok());
  scene_.Run();
  EXPECT_EQ(two->Target("web")->revision(), 1);
}

TEST_F(HostPlacementTest, HostThatWasLeftOutOnPurposeStaysAsItIs) {
  auto two = WebOnTwoHosts();
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  ApplyOrder order = scene_.Order(spec);
  order.hosts = "host-1";
  scene_.Apply(order);
  Finish(*one_);
  ASSERT_EQ(scene_.App("web").record.proven_revision, 2);
  two->Connect();
  EXPECT_EQ(two->Target("web")->revision(), 1);
}

TEST_F(HostPlacementTest, StoppedAppComesStopped) {
  scene_.Apply(SpecOf("web"));
  Finish(*one_);
  ASSERT_TRUE(scene_.core().orders.Stop({"web", "", {}, ""}).ok());
  auto two = scene_.Agent("host-2");
  ASSERT_NE(two->Target("web"), nullptr);
  EXPECT_EQ(two->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
}

TEST_F(HostPlacementTest, ForgottenHostIsGoneWithItsTargets) {
  scene_.Apply(SpecOf("web"));
  EXPECT_EQ(scene_.core().RemoveHost("host-1").code(),
            absl::StatusCode::kFailedPrecondition);
  one_->Disconnect();
  ASSERT_TRUE(scene_.core().RemoveHost("host-1").ok());
  EXPECT_TRUE(scene_.App("web").targets.empty());
  EXPECT_EQ(scene_.core().hosts.Find("host-1"), nullptr);
  EXPECT_EQ(scene_.core().RemoveHost("host-1").code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(scene_.core().store.Load()->targets.empty());
}

}  // namespace
}  // namespace fleet::controller
