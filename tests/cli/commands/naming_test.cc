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

// What is not an app is never ordered as one: the audit log would hold it.
TEST_F(NamingTest, ANamespaceIsNotTriedAsAnApp) {
  EXPECT_EQ(Run("stop shop --no-wait").code, 0);
  EXPECT_THAT(fake_.Requests(), Not(Contains("StopApp {name: \"shop\"}")));
}

// Also when nothing in the file has changed: the code may have.
TEST_F(NamingTest, ReloadOfAFileAppliesItAndReloadsWhatThatLeavesAlone) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml",
      "apps:\n- {name: web, script: a.js}\n- {name: api, script: a.js}\n");
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UPDATED revision: 1 } "
      "results { app: 'api' change: APPLY_CHANGE_CREATED revision: 1 }");
  int rolled = 0;
  for (const char* word : {"reload", "startOrReload", "startOrGracefulReload",
                           "restart", "startOrRestart"}) {
    EXPECT_EQ(Run({word, path, "--no-wait"}).code, 0) << word;
    EXPECT_THAT(
        fake_.Requests(),
        Contains(HasSubstr("CreateRollout {app: \"web\"")).Times(++rolled));
  }
  EXPECT_THAT(fake_.Requests(), Contains(HasSubstr("ApplyApps {")));
  EXPECT_THAT(fake_.Requests(),
              Not(Contains(HasSubstr("CreateRollout {app: \"api\""))));
}

TEST_F(NamingTest, OneRequestIdIsOneChangePerApp) {
  Run("stop all --no-wait --request-id x");
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"web\" request_id: \"x.web\"}"));
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"api\" request_id: \"x.api\"}"));
}

TEST_F(NamingTest, AnInstanceIsShownByItself) {
  const Ran shown = Run("ls api.1");
  EXPECT_THAT(shown.out, HasSubstr("api.1"));
  EXPECT_THAT(shown.out, Not(HasSubstr("api.0")));
  EXPECT_THAT(Run("show 5.0").out, Not(HasSubstr("api.1 ")));
}

TEST_F(NamingTest, WhatIsForWholeAppsTakesNoInstance) {
  const Ran deleted = Run("delete api.1");
  EXPECT_EQ(deleted.code, 1);
  EXPECT_THAT(deleted.err, HasSubstr("delete is for whole apps, and api.1 is "
                                     "one instance of api"));
  EXPECT_EQ(Run("scale api.1 3").code, 1);
}

TEST_F(NamingTest, AnInstanceIsStoppedAndStartedByItself) {
  EXPECT_EQ(Run("stop api.1 web --no-wait --hosts host-1").code, 0);
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"api\" hosts: \"host-1\" slot: 1}"));
  EXPECT_THAT(fake_.Requests(),
              Contains("StopApp {name: \"web\" hosts: \"host-1\"}"));
  EXPECT_EQ(Run("start 5.1 --no-wait").code, 0);
  EXPECT_THAT(fake_.Requests(), Contains("StartApp {name: \"api\" slot: 1}"));
}

TEST_F(NamingTest, AnInstanceIsWaitedForAsIfItWereTheOnlyOne) {
  v1::Instance& one = *fake_.apps.mutable_apps(1)
                           ->mutable_hosts(0)
                           ->mutable_status()
                           ->mutable_instances(1);
  one.set_state(v1::INSTANCE_STATE_STOPPED);
  one.set_pid(0);
  const Ran stopped = Run("stop api.1");
  EXPECT_EQ(stopped.code, 0);
  EXPECT_EQ(stopped.err, "api.1: stopped\n");
  // It keeps nobody waiting who starts the others.
  v1::Instance& zero = *fake_.apps.mutable_apps(1)
                            ->mutable_hosts(0)
                            ->mutable_status()
                            ->mutable_instances(0);
  zero.set_ready(true);
  EXPECT_EQ(Run("start api.0").err, "api.0: started\n");
}

TEST_F(NamingTest, ARestartOfAnInstanceIsOverWhenItsOldWorkerIsGone) {
  *fake_.answers.Add() = FromText<v1::HostAnswer>(
      "host: 'host-1' instances: 1 workers { slot: 1 worker_id: 8 }");
  v1::Instance& one = *fake_.apps.mutable_apps(1)
                           ->mutable_hosts(0)
                           ->mutable_status()
                           ->mutable_instances(1);
  one.set_worker_id(8);
  one.set_ready(true);
  EXPECT_EQ(Run("restart api.1 --timeout 1ms").code, 6);
  EXPECT_THAT(fake_.Requests(),
              Contains("RestartInstance {name: \"api\" slot: 1 strategy: "
                       "RELOAD_STRATEGY_STOP_FIRST}"));
  one.set_worker_id(9);
  EXPECT_EQ(Run("restart api.1").err, "api.1: restarted\n");
  EXPECT_EQ(Run("reload api.1").err, "api.1: reloaded\n");
  EXPECT_THAT(fake_.Requests(),
              Contains("RestartInstance {name: \"api\" slot: 1}"));
  EXPECT_EQ(Run("reload api.1 --dry-run").out, "would be reloaded: api.1\n");
  // A host that does not do it is an error, and is not waited for.
  fake_.answers.Clear();
  *fake_.answers.Add() = FromText<v1::HostAnswer>(
      "host: 'host-1' code: 14 message: 'the host is not connected'");
  const Ran away = Run("restart api.1");
  EXPECT_EQ(away.code, 1);
  EXPECT_EQ(away.err, "fleetctl: api.1 on host-1: the host is not connected\n");
}

// What a host does not take is neither waited for nor hidden.
TEST_F(NamingTest, ARefusedOrderIsSaidAndNotWaitedFor) {
  auto* host = fake_.apps.mutable_apps(0)->mutable_hosts(0);
  host->set_target_serial(3);
  host->set_refusal("user root is not allowed");
  const Ran ran = Run("scale web 4");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("web on host-1: the host refused it: user "
                                 "root is not allowed\n"));
  EXPECT_THAT(Run("ls").out, HasSubstr("web: host-1: the host refused it: "));
  EXPECT_THAT(Run("show web").out, HasSubstr("the host refused it: user root"));
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
