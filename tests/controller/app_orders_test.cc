#include "controller/app_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/status.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class AppOrdersTest : public testing::Test {
 protected:
  AppOrdersTest() : one_(scene_.Agent("host-1")), two_(scene_.Agent("host-2")) {
    scene_.Apply(SpecOf("web"));
    for (FakeAgent* agent : {one_.get(), two_.get()}) {
      agent->AckAll();
      agent->ReportDone("web");
    }
  }

  AppOrders& orders() { return scene_.core().orders; }
  // Each host has the newest target, and has said so.
  void Deliver() {
    scene_.Run();
    for (FakeAgent* agent : {one_.get(), two_.get()}) agent->AckAll();
    scene_.Run();
  }

  FleetScene scene_;
  std::unique_ptr<FakeAgent> one_;
  std::unique_ptr<FakeAgent> two_;
};

TEST_F(AppOrdersTest, ScaleIsSentToEveryHostWithoutANewGeneration) {
  const v1::AppTarget before = *one_->Target("web");
  ASSERT_TRUE(orders().Scale({"web", "", {}, ""}, 7, false).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->instances(), 7);
  EXPECT_EQ(two_->Target("web")->instances(), 7);
  EXPECT_EQ(one_->Target("web")->generation(), before.generation());
  EXPECT_EQ(one_->Target("web")->serial(), before.serial() + 1);
  EXPECT_EQ(scene_.App("web").record.spec.instances, 7);
}

TEST_F(AppOrdersTest, ScaleOfOneHostIsNoTruthForTheOthers) {
  ASSERT_TRUE(orders().Scale({"web", "host-2", {}, ""}, 2, true).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->instances(), 2);
  EXPECT_EQ(two_->Target("web")->instances(), 4);
  EXPECT_EQ(scene_.App("web").record.spec.instances, 2);
}

TEST_F(AppOrdersTest, RelativeScaleCountsCores) {
  ASSERT_TRUE(orders().Scale({"web", "", {}, ""}, 0, false).ok());
  ASSERT_TRUE(orders().Scale({"web", "", {}, ""}, 1, true).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->instances(), 5);  // 4 cores and one more.
}

TEST_F(AppOrdersTest, ScaleBelowOneIsRefusedAndChangesNothing) {
  absl::Status status = orders().Scale({"web", "", {}, ""}, -2, true);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("use stop"));
  EXPECT_EQ(one_->Target("web")->instances(), 2);
  EXPECT_EQ(orders().Scale({"web", "", {}, ""}, 1'000'000, false).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AppOrdersTest, StopAndStartChangeTheRunStateAndGiveANewChance) {
  ASSERT_TRUE(orders().Stop({"web", "", {}, ""}).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  EXPECT_EQ(AppRegistry::RunStateOf(scene_.App("web")), RunState::kStopped);
  one_->AckAll();
  ASSERT_TRUE(orders().Start({"web", "", {}, ""}).ok());
  scene_.Run();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(one_->Target("web")->start_nonce(), 1);
}

// Slots that are stopped on host-1, as "0 2".
std::string StoppedSlots(FakeAgent& agent) {
  std::string slots;
  const v1::AppTarget target = *agent.Target("web");
  for (int slot = 0; slot < 8; ++slot) {
    auto order = target.slot_orders().find(slot);
    if (order == target.slot_orders().end() || !order->second.stopped()) {
      continue;
    }
    slots += (slots.empty() ? "" : " ") + std::to_string(slot);
  }
  return slots;
}

TEST_F(AppOrdersTest, OneInstanceIsStoppedAndStartedByItself) {
  const int64_t generation = one_->Target("web")->generation();
  ASSERT_TRUE(orders().StopSlot({"web", "host-1", {}, ""}, 1).ok());
  Deliver();
  EXPECT_EQ(StoppedSlots(*one_), "1");
  EXPECT_EQ(StoppedSlots(*two_), "");
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(one_->Target("web")->generation(), generation);
  ASSERT_TRUE(orders().StartSlot({"web", "", {}, ""}, 1).ok());
  Deliver();
  EXPECT_EQ(StoppedSlots(*one_), "");
  EXPECT_EQ(one_->Target("web")->slot_orders().at(1).start_nonce(), 1);
}

TEST_F(AppOrdersTest, TheLastInstanceThatStopsStopsTheApp) {
  ASSERT_TRUE(orders().StopSlot({"web", "", {}, ""}, 0).ok());
  ASSERT_TRUE(orders().StopSlot({"web", "", {}, ""}, 1).ok());
  Deliver();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  EXPECT_EQ(StoppedSlots(*one_), "");
  // Of a stopped app, one instance alone is started.
  ASSERT_TRUE(orders().StartSlot({"web", "host-1", {}, ""}, 0).ok());
  Deliver();
  EXPECT_EQ(one_->Target("web")->run_state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(StoppedSlots(*one_), "1");
  EXPECT_EQ(two_->Target("web")->run_state(), v1::RUN_STATE_STOPPED);
  // A start of the app starts all.
  ASSERT_TRUE(orders().Start({"web", "", {}, ""}).ok());
  Deliver();
  EXPECT_EQ(StoppedSlots(*one_), "");
}

TEST_F(AppOrdersTest, ARestartStartsWhatIsStoppedAndNamesWhere) {
  ASSERT_TRUE(orders().StopSlot({"web", "host-2", {}, ""}, 1).ok());
  const auto started = orders().StartSlotIfStopped({"web", "", {}, ""}, 1);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_THAT(*started, testing::ElementsAre("host-2"));
  EXPECT_THAT(*orders().StartSlotIfStopped({"web", "", {}, ""}, 1),
              testing::IsEmpty());
}

TEST_F(AppOrdersTest, FewerInstancesAndReloadsForgetWhatWasStopped) {
  ASSERT_TRUE(orders().StopSlot({"web", "", {}, ""}, 1).ok());
  ASSERT_TRUE(orders().Scale({"web", "", {}, ""}, 1, false).ok());
  ASSERT_TRUE(orders().Scale({"web", "", {}, ""}, 2, false).ok());
  scene_.Run();
  EXPECT_EQ(StoppedSlots(*one_), "");
  ASSERT_TRUE(orders().StopSlot({"web", "", {}, ""}, 1).ok());
  TargetChange change;
  change.host = "host-1";
  change.generation = one_->Target("web")->generation() + 1;
  EXPECT_TRUE(
      scene_.core()
          .registry.NextTarget("web", scene_.App("web").record.uid, change)
          .slot_orders.empty());
}

TEST_F(AppOrdersTest, AnInstanceThatNoHostHasIsRefused) {
  const absl::Status status = orders().StopSlot({"web", "", {}, ""}, 2);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("there is no web.2: web has 2 instances"));
}

TEST_F(AppOrdersTest, UnknownAppAndHostAreNamed) {
  absl::Status status = orders().Stop({"wbe", "", {}, ""});
  EXPECT_EQ(ReasonOf(status).reason, "APP_NOT_FOUND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("apps: web"));
  status = orders().Stop({"web", "host-9", {}, ""});
  EXPECT_EQ(ReasonOf(status).reason, "NO_HOST_MATCHES");
  EXPECT_THAT(std::string(status.message()), HasSubstr("host-1, host-2"));
}

TEST_F(AppOrdersTest, DeletedAppIsForgottenOnceEveryHostHasConfirmed) {
  const std::string uid = scene_.App("web").record.uid;
  ASSERT_TRUE(orders().Delete({"web", "", {}, ""}).ok());
  scene_.Run();
  const AppRegistry& registry = scene_.core().registry;
  EXPECT_EQ(registry.FindByName("web"), nullptr);
  EXPECT_FALSE(registry.Require("web").ok());
  // Who waits for its end can see how far that is.
  EXPECT_EQ(registry.RequireSeen("web").value()->record.uid, uid);
  EXPECT_TRUE(one_->Target("web")->removed());
  one_->AckAll();
  EXPECT_NE(scene_.core().registry.FindTarget(uid, "host-1"), nullptr);
  one_->ReportRemoved(uid);
  EXPECT_EQ(scene_.core().registry.FindTarget(uid, "host-1"), nullptr);
  two_->AckAll();
  two_->ReportRemoved(uid);
  EXPECT_EQ(registry.FindByUid(uid), nullptr);
  EXPECT_FALSE(registry.RequireSeen("web").ok());
  EXPECT_TRUE(scene_.core().store.Load()->apps.empty());
}

TEST_F(AppOrdersTest, HostThatWasAwayIsToldOfADeletionWhenItReturns) {
  const std::string uid = scene_.App("web").record.uid;
  two_->Disconnect();
  ASSERT_TRUE(orders().Delete({"web", "", {}, ""}).ok());
  scene_.Run();
  one_->AckAll();
  one_->ReportRemoved(uid);
  v1::AppStatus& status = *two_->hello.add_apps();
  status.set_app("web");
  status.set_app_uid(uid);
  two_->Connect();
  ASSERT_EQ(two_->Desired().size(), 1u);
  EXPECT_TRUE(two_->Desired()[0].targets(0).removed());
  two_->AckAll();
  two_->ReportRemoved(uid);
  EXPECT_EQ(scene_.core().registry.FindByUid(uid), nullptr);
}

TEST_F(AppOrdersTest, HostThatReturnsWithoutADeletedAppHasConfirmed) {
  const std::string uid = scene_.App("web").record.uid;
  two_->Disconnect();
  ASSERT_TRUE(orders().Delete({"web", "", {}, ""}).ok());
  scene_.Run();
  one_->AckAll();
  one_->ReportRemoved(uid);
  two_->Connect();
  EXPECT_EQ(scene_.core().registry.FindByUid(uid), nullptr);
}

TEST_F(AppOrdersTest, NameTakenAnewWaitsUntilTheHostHasLetGoOfTheOldApp) {
  const std::string old = scene_.App("web").record.uid;
  ASSERT_TRUE(orders().Delete({"web", "", {}, ""}).ok());
  scene_.Run();
  scene_.Apply(SpecOf("web"));
  EXPECT_EQ(one_->Target("web")->app_uid(), old);
  one_->AckAll();
  EXPECT_EQ(one_->Target("web")->app_uid(), old);
  one_->ReportRemoved(old);
  EXPECT_NE(one_->Target("web")->app_uid(), old);
  EXPECT_FALSE(one_->Target("web")->removed());
}

TEST_F(AppOrdersTest, DeletingEndsTheRollout) {
  AppSpec spec = SpecOf("web");
  spec.args = {"--fast"};
  const std::string uid = scene_.Apply(spec).rollout_uid;
  ASSERT_TRUE(orders().Delete({"web", "", {}, ""}).ok());
  scene_.Run();
  EXPECT_EQ(scene_.core().driver.ActiveRolloutOf("web"), "");
  EXPECT_TRUE(Terminal(scene_.core().driver.Get(uid)->state.phase));
}

TEST_F(AppOrdersTest, AnswerIsSavedWithTheChange) {
  AppOrder order{"web", "", RequestAnswers::Make("q", "/m", "web"), ""};
  ASSERT_TRUE(orders().Stop(order).ok());
  auto found = scene_.core().answers.Find("q", "/m");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(**found, "web");
  EXPECT_EQ(scene_.core().answers.Find("q", "/other").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fleet::controller
