#include "cli/spec_file/app_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/cli/spec_file/read_app.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct AttributeCase {
  const char* yaml;
  std::function<std::string(const AppSpec&)> read;
  const char* expected;
};

std::string Duration(absl::Duration d) { return absl::FormatDuration(d); }

// Every attribute of PM2's schema that is in force, with each alias.
std::vector<AttributeCase> Pm2Attributes() {
  const auto script = [](const AppSpec& s) { return s.script; };
  const auto name = [](const AppSpec& s) { return s.name; };
  const auto interpreter = [](const AppSpec& s) { return s.interpreter; };
  const auto args = [](const AppSpec& s) { return Words(s.args); };
  const auto node_args = [](const AppSpec& s) {
    return Words(s.interpreter_args);
  };
  const auto cwd = [](const AppSpec& s) { return s.cwd; };
  const auto out = [](const AppSpec& s) { return s.logs.out_file; };
  const auto error = [](const AppSpec& s) { return s.logs.error_file; };
  const auto instances = [](const AppSpec& s) {
    return absl::StrCat(
        s.instances, s.exec_mode == ExecMode::kCluster ? " cluster" : " fork");
  };
  const auto memory = [](const AppSpec& s) {
    return absl::StrCat(s.restart.max_memory_bytes);
  };
  const auto codes = [](const AppSpec& s) {
    return absl::StrJoin(s.restart.stop_exit_codes, ",");
  };
  const auto kill = [](const AppSpec& s) {
    return Duration(s.stop.kill_timeout);
  };
  const auto listen = [](const AppSpec& s) {
    return Duration(s.readiness.timeout);
  };
  const auto uptime = [](const AppSpec& s) {
    return Duration(s.restart.min_uptime);
  };
  const auto delay = [](const AppSpec& s) {
    return Duration(s.restart.restart_delay);
  };
  const auto backoff = [](const AppSpec& s) {
    return Duration(s.restart.exp_backoff_restart_delay);
  };
  const auto restarts = [](const AppSpec& s) {
    return absl::StrCat(s.restart.max_restarts);
  };
  const auto user = [](const AppSpec& s) { return s.user + ":" + s.group; };
  return {
      {"{exec: b.js}", script, "b.js"},
      {"{script: b.py}", interpreter, "python3"},
      {"{script: b.js}", name, "b"},
      {"{script: b.js, name: web}", name, "web"},
      {"{script: b.js, name: web, name_prefix: x-}", name, "x-web"},
      {"{script: b.js, namePrefix: x-}", name, "x-b"},
      {"{namespace: shop}", [](const AppSpec& s) { return s.app_namespace; },
       "shop"},
      {"{cwd: /opt/app}", cwd, "/opt/app"},
      {"{cwd: ../api/}", cwd, "/srv/api"},
      {"{}", cwd, "/srv/web"},
      {"{args: [a, 1, 'b c']}", args, "a|1|b c"},
      {"{args: '--x \"1 2\" y'}", args, "--x|1 2|y"},
      {"{interpreter: bun}", interpreter, "bun"},
      {"{exec_interpreter: none}", interpreter, "none"},
      {"{execInterpreter: none}", interpreter, "none"},
      {"{node_args: '--a --b'}", node_args, "--a|--b"},
      {"{interpreterArgs: [--a]}", node_args, "--a"},
      {"{interpreter_args: [--a]}", node_args, "--a"},
      {"{out_file: log/o.log}", out, "/srv/web/log/o.log"},
      {"{out: /o}", out, "/o"},
      {"{output: /o}", out, "/o"},
      {"{out_log: /o}", out, "/o"},
      {"{outFile: 'NULL'}", out, "/dev/null"},
      {"{instances: 2, out_file: /o.log}", out, "/o-%i.log"},
      {"{instances: 1, out_file: /o-0.log}", out, "/o-%i.log"},
      {"{instances: 2, out_file: /o%i.log}", out, "/o%i.log"},
      {"{instances: 2, out_file: /o.txt}", out, "/o.txt"},
      {"{instances: 2, out_file: /o.log, merge_logs: true}", out, "/o.log"},
      {"{exec_mode: cluster, script: b.js, error_file: /e.log}", error,
       "/e-%i.log"},
      {"{out_file: /o.log, merge_logs: false}", out, "/o-%i.log"},
      {"{out_file: /o.log}", out, "/o.log"},
      {"{error_file: /e}", error, "/e"},
      {"{error: /e}", error, "/e"},
      {"{err: /e}", error, "/e"},
      {"{err_file: /e}", error, "/e"},
      {"{err_log: /e}", error, "/e"},
      {"{disable_logs: true}",
       [](const AppSpec& s) { return absl::StrCat(s.logs.disabled); }, "1"},
      {"{merge_logs: true}",
       [](const AppSpec& s) { return absl::StrCat(s.logs.merge); }, "1"},
      {"{combineLogs: true}",
       [](const AppSpec& s) { return absl::StrCat(s.logs.merge); }, "1"},
      {"{env: {A: 1.10, B: true, C: {d: [1]}, D: null}}", Env,
       "A=1.10,B=true,C={\"d\":[1]}"},
      {"{max_memory_restart: 300M}", memory, "314572800"},
      {"{max_memory_restart: 1000}", memory, "1000"},
      {"{maxMemoryRestart: 1G}", memory, "1073741824"},
      {"{restart_delay: 250}", delay, "250ms"},
      {"{exp_backoff_restart_delay: 100}", backoff, "100ms"},
      {"{wait_ready: true}",
       [](const AppSpec& s) { return absl::StrCat(s.readiness.wait_ready); },
       "1"},
      {"{script: b.js, instances: 4}", instances, "4 cluster"},
      {"{script: b.js, instances: max}", instances, "0 cluster"},
      {"{script: b.js, instances: -1}", instances, "-1 cluster"},
      {"{script: b.js, instances: '2', exec_mode: fork}", instances, "2 fork"},
      {"{script: b.py, instances: 4}", instances, "4 fork"},
      {"{script: b.js, exec_mode: cluster_mode}", instances, "1 cluster"},
      {"{script: b.js}", instances, "1 fork"},
      {"{}", kill, "1.6s"},
      {"{kill_timeout: 5000}", kill, "5s"},
      {"{kill_timeout: 1m}", kill, "1m"},
      {"{}", [](const AppSpec& s) { return s.stop.signal; }, "SIGINT"},
      {"{shutdown_with_message: true}",
       [](const AppSpec& s) {
         return absl::StrCat(s.stop.shutdown_with_message);
       },
       "1"},
      {"{treekill: false}",
       [](const AppSpec& s) { return absl::StrCat(s.stop.treekill); }, "0"},
      {"{listen_timeout: 8000}", listen, "8s"},
      {"{autorestart: false}",
       [](const AppSpec& s) { return absl::StrCat(s.restart.autorestart); },
       "0"},
      {"{stop_exit_codes: [0, 3]}", codes, "0,3"},
      {"{stop_exit_codes: 3}", codes, "3"},
      {"{min_uptime: 10s}", uptime, "10s"},
      {"{min_uptime: 1h}", uptime, "1h"},
      {"{max_restarts: 3}", restarts, "3"},
      {"{increment_var: PORT}",
       [](const AppSpec& s) { return s.increment_var; }, "PORT"},
      {"{instance_var: ID}", [](const AppSpec& s) { return s.instance_var; },
       "ID"},
      {"{port: 3000}", [](const AppSpec& s) { return absl::StrCat(s.port); },
       "3000"},
      {"{script: 'node app.js --x', name: web}",
       [](const AppSpec& s) { return s.script + " " + Words(s.args); },
       "bash -c|node app.js --x"},
      {"{script: './bin/node app.js'}", name, "node"},
      {"{cmd: b.js}", script, "b.js"},
      {"{command: b.js}", script, "b.js"},
      {"{script: b.js, instances: 2, execute_command: true}", instances,
       "2 fork"},
      {"{out: ~/o.log}", out, "/home/ann/o.log"},
      {"{uid: 1000, gid: www}", user, "1000:www"},
      {"{user: ann}", user, "ann:"},
  };
}

TEST(AppReader, ReadsEveryAttributeOfPm2ThatIsInForce) {
  for (const AttributeCase& c : Pm2Attributes()) {
    const Outcome outcome = ReadApp(Dialect::kPm2, c.yaml);
    EXPECT_EQ(c.read(outcome.spec), c.expected) << c.yaml;
    EXPECT_THAT(outcome.findings.errors, IsEmpty()) << c.yaml;
    EXPECT_THAT(outcome.findings.notes, IsEmpty()) << c.yaml;
  }
}

TEST(AppReader, SaysWhichFieldsAreNotInForceYet) {
  for (const Field& field : AllFields()) {
    if (field.support != Support::kNotYet || field.type != FieldType::kBool ||
        field.name.find('.') != std::string_view::npos) {
      continue;
    }
    const std::string name(field.name);
    const Outcome outcome =
        ReadApp(Dialect::kNative, absl::StrCat("{", name, ": true}"));
    EXPECT_THAT(outcome.findings.errors, IsEmpty()) << name;
    EXPECT_THAT(outcome.findings.notes,
                ElementsAre("f.yaml:1:2: not yet in force: " + name));
  }
}

TEST(AppReader, SaysThatPm2sOwnServicesHaveNoEffect) {
  for (const std::string key :
       {"pmx", "trace", "v8", "vizion", "automation", "io",
        "source_map_support", "windowsHide", "force", "kill_retry_time",
        "watch_options", "post_update", "disable_trace", "deep_monitoring",
        "event_loop_inspector", "disable_source_map_support"}) {
    const Outcome outcome =
        ReadApp(Dialect::kPm2, absl::StrCat("{", key, ": true}"));
    ASSERT_EQ(outcome.findings.notes.size(), 1U) << key;
    EXPECT_THAT(outcome.findings.notes[0], HasSubstr("has no effect here"));
  }
}

TEST(AppReader, IsSilentAboutWhatIsSwitchedOff) {
  const Outcome outcome = ReadApp(
      Dialect::kPm2,
      "{watch: false, vizion: false, time: false, ignore_watch: [], log: ''}");
  EXPECT_THAT(outcome.findings.notes, IsEmpty());
}

TEST(AppReader, UnknownKeyIsAnErrorThatNamesTheNearest) {
  const Outcome outcome = ReadApp(
      Dialect::kNative,
      "name: web\nscript: a.js\ninstnces: 4\nreadiness:\n  htp: {port: 1}\n"
      "rollout: {maxparallel: 2}\nzebra: 1\n");
  EXPECT_THAT(
      outcome.findings.errors,
      ElementsAre("f.yaml:3:1: unknown key \"instnces\"; did you mean "
                  "\"instances\"?",
                  "f.yaml:5:3: unknown key \"readiness.htp\"; did you mean "
                  "\"readiness.http\"?",
                  "f.yaml:6:11: unknown key \"rollout.maxparallel\"; did you "
                  "mean \"rollout.max_parallel\"?",
                  "f.yaml:7:1: unknown key \"zebra\""));
}

TEST(AppReader, UnknownKeyInPm2sFileIsANote) {
  const Outcome outcome = ReadApp(Dialect::kPm2, "{script: a.js, instnces: 4}");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  EXPECT_THAT(outcome.findings.notes,
              ElementsAre("f.yaml:1:16: unknown key \"instnces\"; did you mean "
                          "\"instances\"? (it has no effect)"));
}

struct TypeCase {
  const char* yaml;
  const char* error;
};

TEST(AppReader, SaysWhatWasExpectedAndWhatWasFound) {
  const TypeCase cases[] = {
      {"{instances: many}",
       "\"instances\": expected a whole number or max, found the text "
       "\"many\""},
      {"{instances: 2.5}",
       "\"instances\": expected a whole number or max, found the number 2.5"},
      {"{autorestart: 'yes'}",
       "\"autorestart\": expected true or false, found the text \"yes\""},
      {"{kill_timeout: 30}",
       "\"kill_timeout\": expected a duration with its unit, such as 10s, "
       "500ms or 2m, found the number 30"},
      {"{min_uptime: soon}",
       "\"min_uptime\": expected a duration with its unit, such as 10s, "
       "500ms or 2m, found the text \"soon\""},
      {"{max_memory_restart: big}",
       "\"max_memory_restart\": expected a size such as 300M, 1G or a number "
       "of bytes, found the text \"big\""},
      {"{env: [A]}",
       "\"env\": expected a map of names to values, found a "
       "list"},
      {"{env_prod: 3}",
       "\"env_prod\": expected a map of names to values, found the number 3"},
      {"{args: {a: 1}}",
       "\"args\": expected a text or a list of texts, found a map"},
      {"{args: \"a 'b\"}",
       "\"args\": the quote ' is not closed in the text \"a 'b\""},
      {"{script: [a]}", "\"script\": expected a text, found a list"},
      {"{exec_mode: threads}",
       "\"exec_mode\": expected one of fork, cluster, fork_mode, "
       "cluster_mode, found the text \"threads\""},
      {"{port: 99999999999}",
       "\"port\": expected a whole number, found the number 99999999999"},
      {"{stop_exit_codes: [a]}",
       "\"stop_exit_codes\": expected a whole number or a list of them, "
       "found a list"},
      {"{readiness: true}",
       "\"readiness\": expected a map of fields, found true"},
      {"{rollout: {max_parallel: lots}}",
       "\"rollout.max_parallel\": expected a number such as 2, or a "
       "percentage such as 25%, found the text \"lots\""},
      {"{cwd: }", "\"cwd\": expected a text, found nothing"},
      {"{script: a, exec: b}", "\"script\" stands twice (as exec)"},
      {"[a]", "an app must be a map of fields, found a list"},
  };
  for (const TypeCase& c : cases) {
    const Outcome outcome = ReadApp(Dialect::kNative, c.yaml);
    EXPECT_THAT(outcome.findings.errors,
                ElementsAre(testing::AllOf(
                    testing::StartsWith("f.yaml:1:"),
                    testing::EndsWith(absl::StrCat(": ", c.error)))))
        << c.yaml;
  }
}

TEST(AppReader, EnvNamePutsItsVariablesOverEnv) {
  const std::string app =
      "{env: {A: 1, B: 2}, env_prod: {B: 3}, append_env_to_name: true, "
      "name: web}";
  EXPECT_EQ(Env(ReadApp(Dialect::kPm2, app).spec), "A=1,B=2");
  const Outcome prod = ReadApp(Dialect::kPm2, app, "prod");
  EXPECT_EQ(Env(prod.spec), "A=1,B=3");
  EXPECT_EQ(prod.spec.name, "web-prod");
}

TEST(AppReader, NotesAnEnvironmentThatTheAppDoesNotHave) {
  EXPECT_THAT(ReadApp(Dialect::kPm2, "{env: {A: 1}}", "prod").findings.notes,
              ElementsAre("f.yaml:1:1: no env_prod here; --env prod changes "
                          "nothing"));
}

}  // namespace
}  // namespace fleet::cli
