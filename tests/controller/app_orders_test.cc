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
  EXPECT_EQ(scene_.core().registry.FindByName("web"), nullptr);
  EXPECT_TRUE(one_->Target("web")->removed());
  one_->AckAll();
  EXPECT_NE(scene_.core().registry.FindTarget(uid, "host-1"), nullptr);
  one_->ReportRemoved(uid);
  EXPECT_EQ(scene_.core().registry.FindTarget(uid, "host-1"), nullptr);
  two_->AckAll();
  two_->ReportRemoved(uid);
  EXPECT_EQ(scene_.core().registry.FindByUid(uid), nullptr);
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
