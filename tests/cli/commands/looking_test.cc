// Commands that only look, as scripts use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command_scene.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;

using LookingTest = CommandScene;

TEST_F(LookingTest, IdsAndPidsAreForScripts) {
  EXPECT_EQ(Run("id web").out, "[ 3 ]\n");
  EXPECT_EQ(Run("pid web").out, "5\n");
  EXPECT_THAT(Run("pid -o wide").out, HasSubstr("host-1  web.0       5"));
  EXPECT_EQ(Run("id nothing").code, 1);
}

TEST_F(LookingTest, JlistIsOneLineOfJson) {
  const Ran ran = Run("jlist");
  EXPECT_THAT(ran.out, HasSubstr("\"name\":\"web\",\"pm_id\":3"));
  EXPECT_EQ(ran.out.find('\n'), ran.out.size() - 1);
  EXPECT_THAT(Run("prettylist web").out, HasSubstr("\n    \"pm_id\": 3"));
}

TEST_F(LookingTest, ListsAreSorted) {
  v1::App& second = *fake_.apps.add_apps();
  second.set_name("api");
  second.set_id(9);
  EXPECT_EQ(Run("ls -o name").out, "web\napi\n");
  EXPECT_EQ(Run("ls -o name --sort name").out, "api\nweb\n");
  EXPECT_EQ(Run("ls -o name --sort id:desc").out, "api\nweb\n");
  EXPECT_EQ(Run("ls -o name --sort cpu").out, "web\napi\n");
  EXPECT_FALSE(ParseCommandLine({"ls", "--sort", "colour"}).ok());
}

TEST_F(LookingTest, TheDoctorsExitCodeIsForScripts) {
  EXPECT_EQ(Run("doctor").code, 0) << Run("doctor").out;
  v1::HostCheckup& host = *fake_.checks.add_checkups();
  host.set_host("host-1");
  v1::HostCheck& check = *host.add_checks();
  check.set_name("disk");
  check.set_state(v1::CHECK_STATE_WARNING);
  EXPECT_EQ(Run("doctor").code, 0);
  check.set_state(v1::CHECK_STATE_PROBLEM);
  EXPECT_EQ(Run("doctor").code, 1);
  EXPECT_THAT(Run("doctor -o json").out, HasSubstr("\"problems\": 1"));
}

TEST_F(LookingTest, MonitNeedsATerminal) {
  fake_.FailMethod("GetController", absl::UnavailableError("gone"));
  EXPECT_EQ(Run("monit").code, 7);
}

TEST_F(LookingTest, EnvShowsWhatEachInstanceGets) {
  v1::AppSpec& spec = *fake_.apps.mutable_apps(0)->mutable_spec();
  (*spec.mutable_env())["PORT_BASE"] = "3000";
  (*spec.mutable_env())["TEXT"] = "a\x1b[31m";
  (*spec.mutable_secrets())["TOKEN"] = "web-token";
  spec.set_increment_var("PORT_BASE");
  EXPECT_EQ(Run("env web.2").out,
            "FLEET_APP=web\nFLEET_GENERATION=<generation>\nFLEET_HOST=<host>"
            "\nFLEET_INSTANCE=2\n"
            "NODE_APP_INSTANCE=2\nPORT_BASE=3002\nTEXT=a\\x1b[31m\n"
            "TOKEN=<secret web-token>\n");
  EXPECT_THAT(Run("env web").out, HasSubstr("PORT_BASE=<3000 + instance>"));
}

TEST_F(LookingTest, WhatNeedsNoDoingIsSaidAndIsNoError) {
  const Ran saved = Run("save");
  EXPECT_EQ(saved.code, 0);
  EXPECT_EQ(saved.out, "");
  EXPECT_THAT(saved.err, HasSubstr("fleetctl export"));
  EXPECT_EQ(Run("resurrect").code, 0);
  EXPECT_EQ(Run("update").code, 0);
  EXPECT_EQ(Run("install pm2-logrotate").code, 1);
  EXPECT_THAT(Run("conf").err, HasSubstr("fleetctl explain"));
}

TEST_F(LookingTest, InspectGoesToOneWorker) {
  v1::HostAnswer& answer = *fake_.answers.Add();
  answer.set_host("host-1");
  answer.set_instances(1);
  EXPECT_EQ(Run("inspect web").code, 2);
  fake_.apps.mutable_apps(0)->mutable_spec()->set_interpreter("node");
  EXPECT_THAT(Run("inspect web.0").err, HasSubstr("127.0.0.1:9229"));
  EXPECT_THAT(
      fake_.Requests(),
      testing::Contains("SignalApp {name: \"web\" slot: 0 signal: 10}"));
}

TEST_F(LookingTest, InspectSendsNothingToWhatItsSignalWouldEnd) {
  v1::AppSpec& spec = *fake_.apps.mutable_apps(0)->mutable_spec();
  spec.set_interpreter("python3");
  const Ran python = Run("inspect web.0");
  EXPECT_EQ(python.code, 1);
  EXPECT_THAT(python.err, HasSubstr("web is not run by node but by python3"));
  EXPECT_THAT(python.err, HasSubstr("fleetctl signal SIGUSR1 web.0"));
  spec.set_interpreter("none");
  spec.set_script("/srv/web");
  EXPECT_THAT(Run("inspect web.0").err, HasSubstr("but /srv/web itself"));
  EXPECT_THAT(fake_.Requests(),
              testing::Not(testing::Contains(HasSubstr("SignalApp"))));
}

TEST_F(LookingTest, TriggerPrintsWhatEachWorkerReplies) {
  v1::HostAnswer& answer = *fake_.answers.Add();
  answer.set_host("host-1");
  v1::ActionReply& reply = *answer.add_replies();
  reply.set_slot(2);
  reply.set_value(R"({"cleared":3})");
  const Ran ran = Run("trigger web clear all caches --timeout 2s");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "[web.2 on host-1] = {\"cleared\":3}\n");
  EXPECT_THAT(fake_.Requests(),
              testing::Contains("TriggerApp {name: \"web\" action: "
                                "\"clear\" parameter: \"all caches\" "
                                "timeout { seconds: 2 }}"));
  reply.set_code(4);
  reply.set_message("web.2 has not replied within 2s");
  const Ran late = Run("trigger web.2 clear");
  EXPECT_EQ(late.code, 1);
  EXPECT_EQ(late.out, "");
  EXPECT_EQ(late.err, "fleetctl: host-1: web.2 has not replied within 2s\n");
}

TEST_F(LookingTest, FlushAndReloadLogsSayWhatBecameOfTheFiles) {
  v1::HostAnswer& answer = *fake_.answers.Add();
  answer.set_host("host-1");
  answer.set_log_files(4);
  answer.set_log_bytes(12 << 20);
  EXPECT_EQ(Run("flush").out,
            "web: 4 log files on 1 host emptied, 12.0 MB freed\n");
  EXPECT_THAT(fake_.Requests(), testing::Contains("FlushLogs {name: \"web\"}"));
  answer.set_log_bytes(0);
  EXPECT_EQ(Run("reloadLogs web.1 --hosts host-1").out,
            "web.1: 4 log files on 1 host opened anew\n");
  EXPECT_THAT(fake_.Requests(),
              testing::Contains("ReopenLogs {name: \"web\" slot: 1 hosts: "
                                "\"host-1\"}"));
  answer.set_code(9);
  answer.set_message("cannot empty /var/log/web.log: Permission denied");
  const Ran refused = Run("flush web");
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err,
            "fleetctl: web on host-1: cannot empty "
            "/var/log/web.log: Permission denied\n");
}

}  // namespace
}  // namespace fleet::cli
