#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/command_table.h"
#include "cli/completion_script.h"
#include "cli/help_text.h"
#include "cli/render/text_style.h"
#include "cli/spec_file/child_output.h"

namespace fleet::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(const std::string& words) {
  return ParseCommandLine(absl::StrSplit(words, ' ', absl::SkipEmpty()));
}

std::string ErrorOf(const std::string& words) {
  return std::string(Parse(words).status().message());
}

TEST(CommandLine, RolloutOrdersKnowWhatWasSeen) {
  absl::StatusOr<CommandLine> line =
      ParseCommandLine({"rollout", "pause", "web", "--etag", "e7"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->etag, "e7");
  line = ParseCommandLine({"rollout", "watch", "r-1", "--from", "17"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->from_seq, 17);
  EXPECT_FALSE(ParseCommandLine({"rollout", "watch", "--from", "x"}).ok());
  EXPECT_FALSE(ParseCommandLine({"reload", "web", "--etag", "e7"}).ok());
}

TEST(CommandLine, HooksAndGatesAreFlags) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine(
      {"reload", "web", "--pre-reload", "git pull", "--post-rollout",
       "./announce", "--gate", "cpu <= 1.5 for 1m", "--gate",
       "prometheus https://prom:9090 rate(errors[5m]) <= 0.05 for 90s",
       "--gate", "http http://web/health = 204"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->policy.hooks.pre_reload.command, "git pull");
  EXPECT_EQ(line->policy.hooks.post_rollout.command, "./announce");
  const std::vector<MetricGate>& gates = line->policy.metric_gates;
  ASSERT_EQ(gates.size(), 3u);
  EXPECT_EQ(gates[0].max, 1.5);
  EXPECT_EQ(gates[0].window, absl::Minutes(1));
  EXPECT_EQ(gates[1].url, "https://prom:9090");
  EXPECT_EQ(gates[1].query, "rate(errors[5m])");
  EXPECT_EQ(gates[1].max, 0.05);
  EXPECT_EQ(gates[1].window, absl::Seconds(90));
  EXPECT_EQ(GateText(gates[1]),
            "prometheus https://prom:9090 rate(errors[5m]) <= 0.05 for 1m30s");
  EXPECT_EQ(gates[2].status, 204);
}

TEST(CommandLine, KnowsCommandsByNameAndAlias) {
  const struct {
    const char* words;
    const char* command;
  } cases[] = {
      {"ls", "ls"},
      {"list", "ls"},
      {"status", "ls"},
      {"ps", "ls"},
      {"l", "ls"},
      {"describe web", "show"},
      {"info web", "show"},
      {"desc web", "show"},
      {"del web", "delete"},
      {"--controller x ls", "ls"},
      {"rollout ls", "rollout ls"},
      {"rollout list", "rollout ls"},
      {"rollout status web", "rollout status"},
      {"--version", "version"},
      {"-v", "version"},
  };
  for (const auto& c : cases) {
    const auto line = Parse(c.words);
    ASSERT_TRUE(line.ok()) << c.words << ": " << line.status();
    EXPECT_EQ(line->command, c.command) << c.words;
    EXPECT_FALSE(line->help);
  }
}

TEST(CommandLine, ReadsFlags) {
  const auto line = Parse(
      "reload web api --hosts role=web --max-parallel 25% --max-failures 1 "
      "--on-failure abort --min-ready-time 0 --ready-deadline 5s "
      "--progress-deadline 1m --supersede --request-id r1 --no-wait "
      "--timeout 30s -o json --controller 127.0.0.1:1 --insecure --no-color");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->names, ElementsAre("web", "api"));
  EXPECT_EQ(line->hosts, "role=web");
  EXPECT_EQ(line->policy.max_parallel, "25%");
  EXPECT_EQ(line->policy.max_failures, "1");
  EXPECT_EQ(line->policy.on_failure, OnFailure::kAbort);
  EXPECT_EQ(line->policy.min_ready_time, absl::ZeroDuration());
  EXPECT_EQ(line->policy.ready_deadline, absl::Seconds(5));
  EXPECT_EQ(line->policy.progress_deadline, absl::Minutes(1));
  EXPECT_TRUE(line->supersede);
  EXPECT_EQ(line->request_id, "r1");
  EXPECT_FALSE(line->wait);
  EXPECT_EQ(line->timeout, absl::Seconds(30));
  EXPECT_EQ(line->output, OutputFormat::kJson);
  EXPECT_EQ(line->controller, "127.0.0.1:1");
  EXPECT_TRUE(line->insecure);
  EXPECT_TRUE(line->no_color);
}

TEST(CommandLine, FlagsOfStartBecomeFieldsOfASpec) {
  const auto line = Parse(
      "start app.js -i -1 --name web --kill-timeout 1600 --wait-ready "
      "--no-autorestart --stop-exit-codes 0,3 -- --port 80 -x");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->names, ElementsAre("app.js"));
  EXPECT_THAT(line->program_args, ElementsAre("--port", "80", "-x"));
  EXPECT_EQ(ToJson(line->fields),
            "{\"name\":\"web\",\"instances\":\"-1\","
            "\"wait_ready\":\"true\",\"kill_timeout\":\"1600\","
            "\"autorestart\":\"false\",\"stop_exit_codes\":[\"0\",\"3\"]}");
}

TEST(CommandLine, ScaleTakesSignedNumbers) {
  EXPECT_THAT(Parse("scale web -2")->names, ElementsAre("web", "-2"));
  EXPECT_THAT(Parse("scale web +2")->names, ElementsAre("web", "+2"));
  EXPECT_THAT(Parse("scale web 4")->names, ElementsAre("web", "4"));
}

TEST(CommandLine, NoFlagsStandAfterTwoDashes) {
  EXPECT_THAT(Parse("delete -- --web")->names, ElementsAre("--web"));
  EXPECT_THAT(Parse("send web -- -x --hosts")->names,
              ElementsAre("web", "-x", "--hosts"));
  EXPECT_TRUE(Parse("send web -- -x")->program_args.empty());
  EXPECT_THAT(ErrorOf("ping -- a"), HasSubstr("usage: fleetctl ping"));
}

TEST(CommandLine, OnlyAQuestionDoesNotWait) {
  EXPECT_FALSE(Parse("rollout status web")->wait);
  EXPECT_TRUE(Parse("rollout status web --wait")->wait);
  EXPECT_TRUE(Parse("reload web")->wait);
}

TEST(CommandLine, ACommandOfTwoWordsMayBeginLikeOneOfOne) {
  EXPECT_EQ(Parse("hosts")->command, "hosts");
  EXPECT_EQ(Parse("hosts host-1")->command, "hosts");
  EXPECT_EQ(Parse("hosts host-1")->names[0], "host-1");
  EXPECT_EQ(Parse("hosts label host-1 a=b")->command, "hosts label");
  EXPECT_EQ(Parse("hosts label host-1 a=b")->names[0], "host-1");
  EXPECT_EQ(Parse("help hosts label")->command, "hosts label");
}

TEST(CommandLine, WordsOfPm2AreKnown) {
  const struct {
    const char* typed;
    const char* command;
  } cases[] = {{"list", "ls"},
               {"describe web", "show"},
               {"sendSignal 9 a", "signal"},
               {"del web", "delete"},
               {"dump", "save"},
               {"kill", "down"},
               {"conf", "set"},
               {"module:install x", "install"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Parse(c.typed)->command, c.command) << c.typed;
  }
}

TEST(CommandLine, HelpNeedsNothingElse) {
  EXPECT_TRUE(Parse("")->help);
  EXPECT_TRUE(Parse("--help")->help);
  EXPECT_EQ(Parse("--help")->command, "");
  EXPECT_TRUE(Parse("reload --help")->help);
  EXPECT_EQ(Parse("help reload")->command, "reload");
}

TEST(CommandLine, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf("relaod web"), HasSubstr("did you mean \"reload\"?"));
  EXPECT_THAT(ErrorOf("rollout stauts"),
              HasSubstr("did you mean \"rollout status\"?"));
  EXPECT_THAT(ErrorOf("rollout"), HasSubstr("one of status, watch, ls"));
  EXPECT_THAT(ErrorOf("reload web --hsts x"),
              HasSubstr("did you mean --hosts?"));
  EXPECT_THAT(ErrorOf("ls --supersede"), HasSubstr("unknown flag --supersede"));
  EXPECT_THAT(ErrorOf("reload"),
              HasSubstr("usage: fleetctl reload APP|APP.N|FILE…"));
  EXPECT_THAT(ErrorOf("ping a"), HasSubstr("usage: fleetctl ping"));
  EXPECT_THAT(ErrorOf("reload web --timeout soon"),
              HasSubstr("--timeout: expected a duration"));
  EXPECT_THAT(ErrorOf("reload web --timeout 5"), HasSubstr("with its unit"));
  EXPECT_TRUE(Parse("reload web --timeout 0").ok());
  EXPECT_THAT(ErrorOf("ls -o xml"), HasSubstr("expected table, wide"));
  EXPECT_THAT(ErrorOf("reload web --max-parallel 0"),
              HasSubstr("--max-parallel"));
  EXPECT_FALSE(Parse("reload web --hosts").ok());
}

TEST(CommandTable, EveryCommandHasASummaryAndAnExample) {
  std::set<std::string_view> names;
  for (const CommandDoc& command : Commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_TRUE(command.examples.starts_with("fleetctl ") ||
                command.examples.starts_with("source "))
        << command.name;
    EXPECT_THAT(OverviewHelp(), HasSubstr(std::string(command.summary)));
    EXPECT_THAT(CommandHelp(command), HasSubstr("--controller"));
  }
}

TEST(CommandTable, HelpFitsATerminal) {
  for (const CommandDoc& command : Commands()) {
    for (const auto line : absl::StrSplit(CommandHelp(command), '\n')) {
      EXPECT_LE(DisplayWidth(std::string(line)), 80U) << line;
    }
  }
}

TEST(Completion, BashTakesItsScript) {
  const auto output = RunForOutput({"bash", "-c", CompletionScript("bash") + R"(
        COMP_WORDS=(fleetctl rel); COMP_CWORD=1; _fleetctl
        echo "${COMPREPLY[@]}" >&3
        COMP_WORDS=(fleetctl rollout r); COMP_CWORD=2; _fleetctl
        echo "${COMPREPLY[@]}" >&3
        COMP_WORDS=(fleetctl reload --max-p); COMP_CWORD=2; _fleetctl
        echo "${COMPREPLY[@]}" >&3
        fleetctl() { echo "host-1 host-2"; }
        COMP_WORDS=(fleetctl hosts ""); COMP_CWORD=2; _fleetctl
        echo "${COMPREPLY[@]}" >&3
        COMP_WORDS=(fleetctl hosts remove ""); COMP_CWORD=3; _fleetctl
        echo "${COMPREPLY[@]}" >&3)"},
                                   absl::Seconds(30));
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->messages, "");
  EXPECT_EQ(output->result,
            "reload reloadLogs\nresume retry\n--max-parallel\n"
            "label remove revoke host-1 host-2\nhost-1 host-2\n");
}

TEST(Completion, KnowsThreeShells) {
  EXPECT_THAT(CompletionScript("zsh"), HasSubstr("#compdef fleetctl"));
  EXPECT_THAT(CompletionScript("fish"), HasSubstr("complete -c fleetctl"));
  EXPECT_EQ(CompletionScript("tcsh"), "");
}

// docs/reference/pm2.md has the words; tests/pm2_table holds it to PM2's own
// table.
TEST(CommandLine, EveryWordOfPm2IsKnown) {
  std::ifstream page(std::string(FLEET_SOURCE_DIR) + "/docs/reference/pm2.md");
  std::string section;
  int words = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) section = line;
    if (section != "## Commands" || !line.starts_with("| `")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    const std::vector<std::string> parts = absl::StrSplit(cells[0], '`');
    for (size_t i = 1; i < parts.size(); i += 2, ++words) {
      EXPECT_NE(FindCommand(parts[i]), nullptr) << parts[i];
    }
  }
  EXPECT_GT(words, 90);
}

// Scripts written for PM2 keep working.
TEST(CommandLine, FlagsOfPm2AreLeftOutWithANoteOrSaidToBeDoneOtherwise) {
  struct Case {
    std::string args;
    std::string left_out;
    std::string names = "web";
  };
  for (const Case& c : std::vector<Case>{
           {"restart web --update-env", "--update-env"},
           {"reload web -a -s", "-a,-s"},
           {"delete web -s", "-s"},
           {"reload web --filter-env HOME --force", "--filter-env,--force"},
           {"reload --filter-env=HOME web", "--filter-env"},
           {"start web --no-vizion --no-pmx --trace",
            "--no-vizion,--no-pmx,--trace"},
           {"save --force", "--force", ""},
           {"ls web --mini-list", "--mini-list"}}) {
    const auto line = Parse(c.args);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(absl::StrJoin(line->without_meaning, ","), c.left_out) << c.args;
    EXPECT_EQ(absl::StrJoin(line->names, ","), c.names) << c.args;
  }
  EXPECT_EQ(ErrorOf("start a.js --no-daemon"),
            "--no-daemon of PM2 is not there; use fleet-keeper with "
            "fleet-agent in the foreground");
  // One letter means something else to commands that only look.
  EXPECT_FALSE(Parse("ls -a").ok());
  // What a started program is given is its own.
  const auto own = Parse("start a.js -- --trace");
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(own->without_meaning.empty());
}

}  // namespace
}  // namespace fleet::cli
