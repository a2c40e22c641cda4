#include "cli/commands/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/status.h"
#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using CommandsTest = CommandScene;

TEST_F(CommandsTest, LsIsOneCall) {
  const Ran ran = Run("ls");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("web"));
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(fake_.Requests(), ElementsAre("ListApps {}"));
}

TEST_F(CommandsTest, LsSpeaksEveryFormat) {
  EXPECT_EQ(Run("ls -o name").out, "web\n");
  EXPECT_THAT(Run("ls -o json").out, HasSubstr("\"name\": \"web\""));
  EXPECT_THAT(Run("ls -o yaml").out, HasSubstr("apps:\n  - name: \"web\""));
  EXPECT_THAT(Run("ls -o wide").out, HasSubstr("web.0"));
  EXPECT_THAT(Run("ls web").out, HasSubstr("web.0"));
}

TEST_F(CommandsTest, ShowSuggestsTheNameThatWasMeant) {
  EXPECT_EQ(Run("show web").code, 0);
  const Ran ran = Run("show wbe");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "fleetctl: there is no app \"wbe\"; did you mean \"web\"?\n");
}

TEST_F(CommandsTest, ErrorsHaveTheirExitCodes) {
  fake_.FailMethod("ListApps", absl::PermissionDeniedError("no"));
  EXPECT_EQ(Run("ls").code, 4);
  fake_.FailMethod("ListApps", absl::UnavailableError("gone"));
  const Ran ran = Run("ls");
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("cannot reach the controller at "
                                 "unix:///fake.sock: gone\n"));
  EXPECT_THAT(ran.err, HasSubstr("name another with --controller"));
}

TEST_F(CommandsTest, ApplySendsSpecsAndPrintsWhatChanges) {
  TempFolder folder;
  const std::string path = folder.Write(
      "fleet.yaml", "apps:\n- {name: web, script: a.js, force: true}\n");
  fake_.applied = FromText<v1::ApplyAppsResponse>(R"pb(
    results {
      app: "web"
      change: APPLY_CHANGE_UPDATED
      revision: 4
      differences: "instances: 2 → 4"
    })pb");
  const Ran ran = Run({"apply", path, "--dry-run"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "web: would be updated (revision 4)\n  instances: 2 → 4\n");
  EXPECT_THAT(ran.err,
              HasSubstr("note: " + path + ":2:29: has no effect here: force"));
  EXPECT_THAT(fake_.Requests()[0], HasSubstr("validate_only: true"));
  EXPECT_THAT(fake_.Requests()[0], HasSubstr("script: \"a.js\""));
}

TEST_F(CommandsTest, ABadFileChangesNothing) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {nme: web, script: a.js}\n");
  const Ran ran = Run({"apply", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr(path + ":2:4: unknown key \"nme\"; did you "
                                        "mean \"name\"?"));
  EXPECT_TRUE(fake_.Requests().empty());
}

TEST_F(CommandsTest, StartTakesScriptsAndStoppedApps) {
  environment_["COLOUR"] = "blue";
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'app' change: APPLY_CHANGE_CREATED revision: 1 }");
  const Ran script = Run("start ./app.js -i 2 --import-env COLOUR -- -p 80");
  EXPECT_EQ(script.code, 0);
  EXPECT_EQ(script.out, "app: created (revision 1)\n");
  const std::string request = fake_.Requests().back();
  EXPECT_THAT(request, HasSubstr("script: \"./app.js\" args: \"-p\" args: "
                                 "\"80\""));
  EXPECT_THAT(request, HasSubstr("key: \"COLOUR\" value: \"blue\""));

  const Ran app = Run("start web");
  EXPECT_EQ(app.code, 0);
  EXPECT_THAT(app.err, HasSubstr("web: started"));
  EXPECT_THAT(fake_.Requests(), Contains("StartApp {name: \"web\"}"));
}

TEST_F(CommandsTest, StartTakesSeveralAndPm2sFlags) {
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'app' change: APPLY_CHANGE_CREATED revision: 1 }");
  const Ran ran =
      Run("start ./a.js 3 -o out.log -e err.log --cron @daily --watch "
          "--ignore-watch tmp,logs --force --update-env --stdin --time "
          "--log-date-format HH:mm --max-memory-restart 300M --no-autorestart");
  // With a spec from flags, every word is a script.
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("--force, --update-env: without effect"));
  const std::string request = fake_.Requests()[0];
  EXPECT_THAT(request, HasSubstr("out_file: \"/"));
  EXPECT_THAT(request, HasSubstr("out.log\""));
  EXPECT_THAT(request, HasSubstr("stdin_pipe: true"));
  EXPECT_THAT(request, HasSubstr("max_memory_bytes: 314572800"));
  EXPECT_EQ(Run("start web 3").code, 0);
  EXPECT_THAT(fake_.Requests(), Contains("StartApp {name: \"web\"}"));
}

TEST_F(CommandsTest, ServeStartsAServerOfFiles) {
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'static-9000' change: APPLY_CHANGE_CREATED }");
  EXPECT_EQ(Run("serve /srv/www 9000").code, 0);
  EXPECT_THAT(fake_.Requests()[0], HasSubstr("name: \"static-9000\""));
  EXPECT_THAT(fake_.Requests()[0],
              HasSubstr("args: \"-m\" args: \"http.server\" args: "
                        "\"9000\""));
  EXPECT_THAT(fake_.Requests()[0], HasSubstr("cwd: \"/srv/www\""));
  EXPECT_EQ(Run("serve . many").code, 2);
}

TEST_F(CommandsTest, ScaleIsAbsoluteOrRelative) {
  const Ran ran = Run("scale web 4");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("web: scaled to 1 on host-1\n"))
      << "what the host says that it has";
  EXPECT_EQ(Run("scale web -2").code, 0);
  EXPECT_EQ(Run("scale web many").code, 2);
  EXPECT_THAT(fake_.Requests(),
              Contains("ScaleApp {name: \"web\" instances: 4}"));
  EXPECT_THAT(
      fake_.Requests(),
      Contains("ScaleApp {name: \"web\" instances: -2 relative: true}"));
}

TEST_F(CommandsTest, StopWaitsForTheHostsToTakeItUp) {
  fake_.apps.mutable_apps(0)->mutable_hosts(0)->set_target_serial(3);
  const Ran late = Run("stop web --timeout 1ms");
  EXPECT_EQ(late.code, 6);
  auto* host = fake_.apps.mutable_apps(0)->mutable_hosts(0);
  host->mutable_status()->set_serial(3);
  host->mutable_status()->clear_instances();
  const Ran ran = Run("stop web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("web: stopped"));
}

TEST_F(CommandsTest, StartStopsWaitingForACrashLoop) {
  auto* instance = fake_.apps.mutable_apps(0)
                       ->mutable_hosts(0)
                       ->mutable_status()
                       ->mutable_instances(0);
  instance->set_ready(false);
  instance->set_state(v1::INSTANCE_STATE_CRASH_LOOP);
  instance->set_last_exit("exit code 3");
  const Ran ran = Run("start web");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("web.0 on host-1 is in a crash loop: exit "
                                 "code 3"));
}

TEST_F(CommandsTest, LogsArePrintedAndNotesAreNotAmongThem) {
  fake_.tails.push_back(
      {{FromText<v1::TailLogsResponse>(
           "lines { host: 'h' app: 'web' slot: 2 text: 'hello' } dropped: 3 "
           "unreachable_hosts: 'h2: away'")},
       absl::OkStatus(),
       false});
  const Ran ran = Run("logs web.2 --err --lines 7");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "h web.2 | hello\n");
  EXPECT_THAT(ran.err, HasSubstr("no logs from h2: away"));
  EXPECT_THAT(fake_.Requests(), ElementsAre("TailLogs {apps: \"web.2\" lines: "
                                            "7 stream: LOG_STREAM_ERR}"));
}

TEST_F(CommandsTest, FollowedLogsComeBackWithoutRepeating) {
  const auto lines = [](const std::string& text) {
    return FromText<v1::TailLogsResponse>(text);
  };
  fake_.tails.push_back(
      {{lines("lines { host: 'h' app: 'a' text: 'one' time { seconds: 1 } }")},
       absl::UnavailableError("restarting"),
       false});
  fake_.tails.push_back(
      {{lines("lines { host: 'h' app: 'a' text: 'one' time { seconds: 1 } }"
              "lines { host: 'h' app: 'a' text: 'two' time { seconds: 2 } }")},
       absl::PermissionDeniedError("enough"),
       false});
  const Ran ran = Run("logs -f");
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out, "h a.0 | one\nh a.0 | two\n");
  EXPECT_THAT(fake_.Requests(),
              ElementsAre("TailLogs {apps: \"all\" follow: true}",
                          "TailLogs {apps: \"all\" follow: true filter { since "
                          "{ seconds: 1 } }}"));
}

TEST_F(CommandsTest, LogsAreFilteredByTheHosts) {
  fake_.tails.push_back(
      {{FromText<v1::TailLogsResponse>(
           "lines { host: 'h' app: 'web' slot: -1 text: 'a\"b' "
           "time { seconds: 1700000000 } cut_bytes: 5 position: 9 } "
           "skipped_bytes: 2048 late: 1 notes: 'h: disk full'")},
       absl::OkStatus(),
       false});
  const Ran ran =
      Run("logs web --since 2024-02-09T00:00:00Z --until 2024-02-10T00:00:00Z "
          "--grep err.r -v -i --json");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "{\"timestamp\":\"2023-11-14T22:13:20.000Z\",\"type\":\"out\","
            "\"app_name\":\"web\",\"process_id\":-1,\"host\":\"h\","
            "\"message\":\"a\\\"b\",\"cut_bytes\":5}\n");
  EXPECT_THAT(ran.err, HasSubstr("2.00 KB of logs were left out"));
  EXPECT_THAT(ran.err, HasSubstr("h: disk full"));
  EXPECT_THAT(ran.err, HasSubstr("they stand where they came"));
  EXPECT_THAT(fake_.Requests(),
              ElementsAre("TailLogs {apps: \"web\" filter { since { seconds: "
                          "1707436800 } until { seconds: 1707523200 } grep: "
                          "\"err.r\" ignore_case: true invert: true }}"));
}

TEST_F(CommandsTest, LogsAreShownRawOrWithTheTime) {
  const auto push = [this] {
    fake_.tails.push_back({{FromText<v1::TailLogsResponse>(
                               "lines { host: 'h' app: 'web' text: 'x' "
                               "time { seconds: 1700000000 } }")},
                           absl::OkStatus(),
                           false});
  };
  push();
  EXPECT_EQ(Run("logs web --raw").out, "x\n");
  push();
  EXPECT_EQ(Run("logs web --timestamp=X --nostream").out,
            "h web.0 | 1700000000: x\n");
  push();
  EXPECT_EQ(Run("logs --timestamp web --raw").out.size(),
            std::string("2023-11-14T22:13:20: x\n").size());
  EXPECT_THAT(fake_.Requests().back(), HasSubstr("apps: \"web\""));
}

TEST_F(CommandsTest, LogsRefuseWhatTheyDoNotUnderstand) {
  EXPECT_THAT(Run("logs --since soon").err, HasSubstr("--since: expected how"));
  EXPECT_THAT(Run("logs --timestamp=Qo").err, HasSubstr("--timestamp: \"Q\""));
  EXPECT_EQ(Run("logs --err --out").code, 2);
  EXPECT_EQ(Run("logs -v").code, 2);
}

TEST_F(CommandsTest, VersionAsksTheController) {
  EXPECT_THAT(Run("version").out, HasSubstr("fleet-controller 9.9"));
  fake_.FailMethod("GetController", absl::UnavailableError("gone"));
  const Ran ran = Run("version");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("fleetctl "));
}

TEST_F(CommandsTest, UpAndDownAreForTheLocalFleetOnly) {
  EXPECT_EQ(Run("up").code, 2);
  EXPECT_EQ(Run("down").code, 2);
}

}  // namespace
}  // namespace fleet::cli
