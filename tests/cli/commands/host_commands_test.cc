#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/status.h"
#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;

class HostCommandsTest : public CommandScene {
 protected:
  HostCommandsTest() {
    fake_.hosts = FromText<v1::ListHostsResponse>(R"pb(
      hosts { name: "web-1" state: HOST_STATE_CONNECTED }
      hosts { name: "web-2" state: HOST_STATE_CONNECTED }
      hosts { name: "db" state: HOST_STATE_DISCONNECTED }
    )pb");
  }
};

TEST_F(HostCommandsTest, LabelsAreSetAndTakenBack) {
  const Ran ran = Run("hosts label web-* role=web old-");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "web-1: role=web\nweb-2: role=web\n");
  EXPECT_THAT(fake_.Requests(),
              Contains("SetHostLabels {name: \"web-2\" labels { key: \"role\" "
                       "value: \"web\" } remove: \"old\"}"));
  EXPECT_EQ(Run("hosts label web-1 role").code, 2);
  EXPECT_EQ(Run("hosts label web-1 =x").code, 2);
  const Ran unknown = Run("hosts label web-3 a=b");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"web-1\"?"));
}

TEST_F(HostCommandsTest, OneThatCannotBeRemovedDoesNotKeepTheOthers) {
  EXPECT_EQ(Run("hosts remove db").out, "db: removed\n");
  fake_.FailMethod("DeleteHost", absl::FailedPreconditionError("connected"));
  const Ran ran = Run("hosts remove web-1 web-2");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(fake_.Requests(), Contains("DeleteHost {name: \"web-2\"}"));
}

TEST_F(HostCommandsTest, NoneAndNoneThatMatchesAreToldApart) {
  fake_.hosts.clear_hosts();
  EXPECT_THAT(Run("hosts").err, HasSubstr("an agent joins by connecting"));
  const Ran ran = Run("hosts --hosts zone=b");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err,
            "no host matches \"zone=b\"; fleetctl hosts shows those there "
            "are\n");
}

TEST_F(HostCommandsTest, PingSaysHowTheControllerIs) {
  EXPECT_THAT(Run("ping").out, HasSubstr("pong from the controller"));
  fake_.FailMethod("GetController", absl::UnavailableError("gone"));
  EXPECT_EQ(Run("ping").code, 7);
}

}  // namespace
}  // namespace fleet::cli
