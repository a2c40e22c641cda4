#include "cli/commands/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

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

v1::WatchRolloutResponse Watched(const std::string& rollout, int64_t seq) {
  v1::WatchRolloutResponse message;
  *message.mutable_rollout() = FromText<v1::Rollout>(
      "uid: 'r-1' app: 'web' kind: ROLLOUT_KIND_RELOAD " + rollout);
  if (seq > 0) {
    auto* event = message.add_events();
    event->set_seq(seq);
    event->set_message("event " + std::to_string(seq));
    event->set_phase(message.rollout().phase());
  }
  return message;
}

class CommandsTest : public CommandScene {
 protected:
  void Succeeds() {
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1),
                              Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
                             absl::OkStatus(),
                             false});
  }
};

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
                                 "unix:///fake.sock: gone"));
}

TEST_F(CommandsTest, ReloadFollowsToSuccess) {
  Succeeds();
  const Ran ran = Run("reload web --hosts all --max-parallel 50%");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("event 1"));
  EXPECT_THAT(ran.err, HasSubstr("reload of web succeeded"));
  EXPECT_THAT(fake_.Requests(),
              ElementsAre("ListApps {omit_specs: true omit_hosts: true}",
                          "CreateRollout {app: \"web\" kind: "
                          "ROLLOUT_KIND_RELOAD hosts: \"all\" policy { "
                          "max_parallel: \"50%\" }}"));
}

TEST_F(CommandsTest, ReloadDrawsInPlaceOnATerminal) {
  terminal_ = [] { return TerminalSize{80, 24}; };
  Succeeds();
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("\x1b[K\n"));
  EXPECT_THAT(ran.err, Not(HasSubstr("event 1")));
}

TEST_F(CommandsTest, FailureIsExplainedAndIsThree) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING "
                "holds { kind: HOLD_KIND_FAILURE reason: 'limit' } "
                "steps { host: 'host-1' phase: HOST_STEP_PHASE_FAILED "
                "reason: 'exit code 1' }",
                1)},
       absl::OkStatus(),
       true});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("exit code 1"));
  EXPECT_THAT(ran.err, HasSubstr("host-1: 1/1 ready"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout retry r-1"));
}

TEST_F(CommandsTest, AbortedIsFive) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ABORTED", 1)}, absl::OkStatus(), false});
  EXPECT_EQ(Run("reload web").code, 5);
}

TEST_F(CommandsTest, TimeoutIsSixAndTheRolloutGoesOn) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)}, absl::OkStatus(), true});
  const Ran ran = Run("reload web --timeout 100ms");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.err, HasSubstr("goes on without this command"));
}

TEST_F(CommandsTest, InterruptDetaches) {
  fake_.watches.push_back(
      {{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)}, absl::OkStatus(), true});
  // Runs when the command waits and has its handler.
  loop_.Post([] { raise(SIGINT); });
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 130);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout abort"));
}

TEST_F(CommandsTest, ConflictIsEightAndSaysWhatToDo) {
  fake_.FailMethod(
      "CreateRollout",
      ErrorWithReason(absl::StatusCode::kAborted, "busy",
                      {"ROLLOUT_IN_PROGRESS", {{"rollout", "r-9"}}}));
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 8);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout status r-9 --wait"));
  EXPECT_THAT(ran.err, HasSubstr("--supersede"));
}

constexpr char kPlanBesideAnother[] =
    "app: 'web' kind: ROLLOUT_KIND_RELOAD to_revision: 3 under_way { uid: "
    "'r-9' app: 'web' kind: ROLLOUT_KIND_DEPLOY to_revision: 4 phase: "
    "ROLLOUT_PHASE_ROLLING message: '1 of 3 hosts done' }";

TEST_F(CommandsTest, DryRunSaysWhatIsUnderWayAndSucceeds) {
  fake_.rollout = FromText<v1::Rollout>(kPlanBesideAnother);
  Ran ran = Run("reload web --dry-run");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("under way: rollout r-9, deploy of web to "
                                 "revision 4: rolling, 1 of 3 hosts done\n"
                                 "  this would be refused"));
  EXPECT_THAT(ran.out, HasSubstr("fleetctl rollout status r-9 --wait"));
  EXPECT_THAT(ran.out, HasSubstr("would be made: reload of web"));
  ran = Run("reload web --dry-run --supersede");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("it would be ended (superseded)"));
  EXPECT_THAT(Run("reload web --dry-run -o json").out,
              HasSubstr("\"under_way\": {"));
}

TEST_F(CommandsTest, ApplyBesideAnotherIsRefusedBeforeAnythingIsAsked) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: web, script: a.js}\n");
  v1::ApplyResult& result = *fake_.applied.add_results();
  result = FromText<v1::ApplyResult>(
      "app: 'web' change: APPLY_CHANGE_UPDATED revision: 5 differences: "
      "'host host-2: removed'");
  *result.mutable_plan() = FromText<v1::Rollout>(kPlanBesideAnother);
  const Ran dry = Run({"apply", path, "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("under way: rollout r-9"));
  const Ran ran = Run({"apply", path});
  EXPECT_EQ(ran.code, 8);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("rollout r-9 of web has not ended: rolling"));
  EXPECT_THAT(ran.err, HasSubstr("--supersede"));
  EXPECT_THAT(ran.err, Not(HasSubstr("for good")));
}

TEST_F(CommandsTest, ALostStreamIsTakenUpAfterTheLastEvent) {
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1),
                            Watched("phase: ROLLOUT_PHASE_ROLLING", 2)},
                           absl::UnavailableError("restarting"),
                           false});
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 2),
                            Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 3)},
                           absl::OkStatus(),
                           false});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(fake_.WatchedFrom(), ElementsAre(0, 2));
  EXPECT_EQ(ran.err.find("event 2"), ran.err.rfind("event 2"));
  EXPECT_THAT(ran.err, HasSubstr("event 3"));
}

TEST_F(CommandsTest, DryRunOfWhatIsBeingAppliedSaysSo) {
  TempFolder folder;
  const std::string path =
      folder.Write("fleet.yaml", "apps:\n- {name: web, script: a.js}\n");
  fake_.applied = FromText<v1::ApplyAppsResponse>(
      "results { app: 'web' change: APPLY_CHANGE_UNCHANGED revision: 5 "
      "rollout_uid: 'r-9' }");
  EXPECT_EQ(Run({"apply", path, "--dry-run"}).out,
            "web: unchanged\nweb: rollout r-9 is under way and would be "
            "followed\n");
}

TEST_F(CommandsTest, ALostStreamIsSpokenOfInEveryForm) {
  const auto away = [this] {
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)},
                             absl::UnavailableError("restarting"),
                             false});
    fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
                             absl::OkStatus(),
                             false});
  };
  away();
  Ran ran = Run("reload web -o json");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("r-1: lost the controller, trying again"));
  EXPECT_THAT(ran.err, HasSubstr("r-1: the controller is back"));
  EXPECT_THAT(ran.out, Not(HasSubstr("lost")));
  away();
  terminal_ = [] { return TerminalSize{80, 24}; };
  ran = Run("reload web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("the controller is away; the rollout goes"));
}

TEST_F(CommandsTest, AControllerThatStaysAwayIsSevenAndTheRolloutGoesOn) {
  clock_.speed = 10000;
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_ROLLING", 1)},
                           absl::UnavailableError("gone"),
                           false});
  fake_.watches.push_back({{}, absl::UnavailableError("gone"), false});
  fake_.watches.push_back({{}, absl::UnavailableError("gone"), false});
  const Ran ran = Run("reload web");
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("did not come back"));
  EXPECT_THAT(ran.err, HasSubstr("goes on without this command"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout status r-1 --wait"));
}

TEST_F(CommandsTest, NoWaitReturnsAtOnce) {
  const Ran ran = Run("reload web --no-wait");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("fleetctl rollout status r-1 --wait"));
}

TEST_F(CommandsTest, PatternsNameTheAppsThereAre) {
  Succeeds();
  EXPECT_EQ(Run("reload w*").code, 0);
  EXPECT_EQ(Run("reload x*").code, 1);
  EXPECT_THAT(fake_.Requests(),
              Contains(HasSubstr("CreateRollout {app: \"web\"")));
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
  EXPECT_EQ(Run("scale web 4").code, 0);
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

TEST_F(CommandsTest, OrdersGoOnFromWhereTheRolloutStood) {
  fake_.rollout.set_last_seq(5);
  fake_.watches.push_back({{Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 6)},
                           absl::OkStatus(),
                           false});
  EXPECT_EQ(Run("rollout retry r-1").code, 0);
  EXPECT_THAT(fake_.WatchedFrom(), ElementsAre(5));
}

TEST_F(CommandsTest, AnUndoHasSucceededWhenTheRolloutIsRolledBack) {
  const std::string back =
      "phase: ROLLOUT_PHASE_ROLLED_BACK "
      "rollback_revision: 3 end_time { seconds: 9 } ";
  fake_.watches.push_back({{Watched(back, 6)}, absl::OkStatus(), false});
  Ran ran = Run("rollout undo r-1");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("reload of web was rolled back to revision "
                                 "3"));
  fake_.watches.push_back(
      {{Watched(back + "failed: true", 6)}, absl::OkStatus(), false});
  ran = Run("reload web");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("failed and was rolled back to revision 3"));
  EXPECT_THAT(ran.err, HasSubstr("fleetctl logs web --err"));
}

TEST_F(CommandsTest, WhatWaitsForAPersonSaysWhatToType) {
  const auto waits = Watched(
      "phase: ROLLOUT_PHASE_ROLLING holds { kind: HOLD_KIND_MANUAL_GATE "
      "reason: 'wave 1 of 2 is well; it waits to be promoted' }",
      1);
  const std::string what = "fleetctl rollout promote r-1    lets the next wave";
  fake_.watches.push_back(
      {{waits, waits, Watched("phase: ROLLOUT_PHASE_SUCCEEDED", 2)},
       absl::OkStatus(),
       false});
  const Ran ran = Run("reload web");
  EXPECT_THAT(ran.err, HasSubstr(what));
  EXPECT_EQ(ran.err.find(what), ran.err.rfind(what));
  fake_.rollout = waits.rollout();
  EXPECT_THAT(Run("rollout status r-1").out, HasSubstr(what));
  fake_.rollout.mutable_holds(0)->set_kind(v1::HOLD_KIND_USER);
  EXPECT_THAT(Run("rollout promote r-1 --no-wait").err,
              HasSubstr("is promoted (and stays paused: wave 1 of 2"));
}

TEST_F(CommandsTest, StatusOfAFailureSaysWhatServes) {
  for (const char* phase :
       {"ROLLOUT_PHASE_ROLLED_BACK", "ROLLOUT_PHASE_ROLLBACK_FAILED"}) {
    fake_.rollout = FromText<v1::Rollout>(
        std::string("uid: 'r-1' app: 'web' failed: true phase: ") + phase);
    EXPECT_THAT(Run("rollout status r-1").out,
                HasSubstr("what serves now:\n  host-1: 1/1 ready"));
  }
}

TEST_F(CommandsTest, RolloutOrdersNameTheRollout) {
  EXPECT_EQ(Run("rollout pause r-1 --reason lunch").code, 0);
  EXPECT_EQ(Run("rollout abort web").code, 0);
  Succeeds();
  EXPECT_EQ(Run("rollout retry r-1").code, 0);
  EXPECT_EQ(Run("rollout resume r-1 --no-wait").code, 0);
  EXPECT_EQ(Run("rollout status r-1").code, 0);
  EXPECT_EQ(Run("rollout status").code, 1);
  EXPECT_EQ(Run("rollout ls --active").code, 0);
  EXPECT_THAT(
      fake_.Requests(),
      ElementsAre("PauseRollout {name: \"r-1\" reason: \"lunch\"}",
                  "AbortRollout {name: \"web\"}",
                  "RetryRollout {name: \"r-1\"}",
                  "ResumeRollout {name: \"r-1\"}", "GetRollout {name: \"r-1\"}",
                  "ListRollouts {active_only: true}",
                  "ListRollouts {active_only: true}"));
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
