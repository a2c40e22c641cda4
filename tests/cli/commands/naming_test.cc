// How commands take the names of apps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class NamingTest : public CommandScene {
 protected:
  NamingTest() {
    *fake_.apps.add_apps() = FromText<v1::App>(R"pb(
      name: "api"
      id: 5
      namespace: "shop"
      hosts {
        host: "host-1"
        connected: true
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 2
          instances { slot: 0 pid: 70 state: INSTANCE_STATE_ONLINE }
          instances { slot: 1 pid: 71 state: INSTANCE_STATE_ONLINE }
        }
      }
    )pb");
  }
};

TEST_F(NamingTest, EveryCommandTakesIdsNamespacesAndFiles) {
  EXPECT_EQ(Run("stop 3 shop --no-wait").code, 0);
  EXPECT_THAT(fake_.Requests(), Contains("StopApp {name: \"web\"}"));
  EXPECT_THAT(fake_.Requests(), Contains("StopApp {name: \"api\"}"));
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: api, script: a.js}\n");
  EXPECT_EQ(Run({"delete", path, "--no-wait"}).code, 0);
  EXPECT_THAT(fake_.Requests(), Contains("DeleteApp {name: \"api\"}"));
  EXPECT_EQ(Run("scale 3 5 +1 --no-wait --hosts host-2").code, 0);
  EXPECT_THAT(fake_.Requests(),
              Contains("ScaleApp {name: \"web\" instances: 1 relative: true "
                       "hosts: \"host-2\"}"));
}

TEST_F(NamingTest, OneRequestIdIsOneChangePerApp) {
  Run("stop all --no-wait --request-id x");
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"web\" request_id: \"x.web\"}"));
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"api\" request_id: \"x.api\"}"));
}

TEST_F(NamingTest, AnInstanceIsShownButNotStopped) {
  const Ran shown = Run("ls api.1");
  EXPECT_THAT(shown.out, HasSubstr("api.1"));
  EXPECT_THAT(shown.out, Not(HasSubstr("api.0")));
  EXPECT_THAT(Run("show 5.0").out, Not(HasSubstr("api.1 ")));
  const Ran stopped = Run("stop api.1");
  EXPECT_EQ(stopped.code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("stop is for whole apps, and api.1 is one "
                                     "instance of api"));
}

TEST_F(NamingTest, HostsNarrowWhatIsShown) {
  Run("ls --hosts role=web");
  EXPECT_THAT(fake_.Requests(), Contains("ListApps {hosts: \"role=web\"}"));
  Run("show web --hosts host-1");
  EXPECT_THAT(fake_.Requests(),
              Contains("GetApp {name: \"web\" hosts: \"host-1\"}"));
  const Ran ran = Run("delete web --hosts host-1");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl stop APP --hosts"));
}

TEST_F(NamingTest, WhatIsNotKnownIsSaidBeforeAnythingIsDone) {
  const Ran ran = Run("stop web apy");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "fleetctl: there is no app \"apy\"; did you mean \"api\"?\n");
  EXPECT_THAT(fake_.Requests(), Not(Contains(HasSubstr("StopApp"))));
}

}  // namespace
}  // namespace fleet::cli
