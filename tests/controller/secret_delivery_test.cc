// Which hosts are told what a secret holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr char kPlanted[] = "hunter2-planted";

class SecretDeliveryTest : public ::testing::Test {
 protected:
  SecretDeliveryTest() {
    scene.core().sessions.SetSecrets(
        [this](const std::string& name) -> absl::StatusOr<std::string> {
          asked.insert(name);
          return name == "db" ? kPlanted : "of another app";
        });
    spec.secrets["DB_PASSWORD"] = "db";
    spec.hosts = "host-1";
  }

  static bool Knows(const FakeAgent& agent) {
    for (const v1::SessionResponse& message : agent.inbox) {
      if (message.SerializeAsString().find(kPlanted) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  FleetScene scene;
  AppSpec spec = SpecOf("web");
  std::set<std::string> asked;
};

TEST_F(SecretDeliveryTest, TheHostsThatRunAnAppWhichNamesItAndNoOther) {
  auto one = scene.Agent("host-1");
  auto two = scene.Agent("host-2");
  scene.Apply(spec);
  one->AckAll();
  AppSpec api = SpecOf("api");  // Runs on both.
  api.secrets["TOKEN"] = "api-token";
  scene.Apply(api);
  ASSERT_NE(one->Target("web"), nullptr);
  EXPECT_THAT(one->Target("web")->secret_values(),
              ElementsAre(Pair("db", kPlanted)));
  ASSERT_NE(one->Target("api"), nullptr);
  EXPECT_THAT(one->Target("api")->secret_values(),
              ElementsAre(Pair("api-token", "of another app")));
  EXPECT_FALSE(Knows(*two));
  EXPECT_THAT(asked, ElementsAre("api-token", "db"));

  // One that comes later, and one that comes back.
  auto three = scene.Agent("host-3");
  EXPECT_FALSE(Knows(*three));
  one->Disconnect();
  one->inbox.clear();
  one->Connect();
  EXPECT_TRUE(Knows(*one));
}

TEST_F(SecretDeliveryTest, AnAppThatIsTakenAwayIsSentWithoutIt) {
  auto one = scene.Agent("host-1");
  scene.Apply(spec);
  one->AckAll();
  one->inbox.clear();
  ASSERT_TRUE(scene.core().orders.Delete({"web", "", {}, ""}).ok());
  scene.Run();
  ASSERT_NE(one->Target("web"), nullptr);
  EXPECT_TRUE(one->Target("web")->removed());
  EXPECT_FALSE(Knows(*one));
}

}  // namespace
}  // namespace fleet::controller
