// The programs themselves, beside this test's own.
#include "cli/local/local_fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;

TEST(LocalFleet, ComesUpOnceAndGoesDown) {
  TempFolder folder;
  const Environment env = [&](const std::string& name) {
    return name == "XDG_STATE_HOME" ? folder.path() : "";
  };
  const std::string socket = LocalSocketPath(env, PathExists);
  const auto client =
      FleetClient::Make({"unix:" + socket, true, "", ""}, false);
  ASSERT_TRUE(client.ok()) << client.status();
  const SystemClock clock;
  EventLoop loop(clock);
  LocalFleet fleet(env, socket);
  EXPECT_FALSE(fleet.ControllerRuns());
  EXPECT_THAT(fleet.Down().value(), HasSubstr("no fleet runs"));

  const auto up = fleet.Up(**client, loop);
  ASSERT_TRUE(up.ok()) << up.status();
  EXPECT_THAT(*up, HasSubstr("(controller and agent, state in"));
  EXPECT_TRUE(fleet.ControllerRuns());
  EXPECT_TRUE(fleet.AgentRuns());
  const auto again = fleet.Up(**client, loop);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, "");

  const auto down = fleet.Down();
  ASSERT_TRUE(down.ok()) << down.status();
  EXPECT_THAT(*down, HasSubstr("ended: agent and its workers, controller"));
  EXPECT_FALSE(fleet.ControllerRuns());
  EXPECT_FALSE(fleet.AgentRuns());
}

}  // namespace
}  // namespace fleet::cli
