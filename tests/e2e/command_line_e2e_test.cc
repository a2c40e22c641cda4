// What a person and a script get from fleetctl: what is data and what is
// progress, on a terminal and without one, exit codes, and a fleet where none
// was set up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/cleanup/cleanup.h"
#include "nlohmann/json.hpp"
#include "tests/cli/spec_file/temp_folder.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CommandLine : public testing::Test {
 protected:
  void StartWeb() {
    fleet_.MustCtl(
        {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  }

  TestFleet fleet_{{.hosts = 2}};
};

TEST_F(CommandLine, DataIsOnStdoutInEveryFormAndProgressOnStderr) {
  StartWeb();
  const CommandResult reload =
      fleet_.Ctl({"reload", "web", "--min-ready-time", "0"});
  EXPECT_EQ(reload.exit_code, 0);
  EXPECT_THAT(reload.out, IsEmpty());
  // Nobody looks on: lines that are added, and no colours.
  for (const char* line : {"host-1: admitted", "host-1: done", "host-2: done",
                           "reload of web succeeded: 2 of 2 hosts done"}) {
    EXPECT_THAT(reload.err, HasSubstr(line));
  }
  EXPECT_THAT(reload.err, Not(HasSubstr("\x1b")));

  struct Form {
    std::string name;
    std::string begins;
  };
  for (const Form& form : std::vector<Form>{{"table", "id  name"},
                                            {"wide", "instance  host"},
                                            {"json", "{"},
                                            {"yaml", "apps:\n"},
                                            {"name", "web\n"}}) {
    const CommandResult ls = fleet_.Ctl({"ls", "-o", form.name});
    EXPECT_EQ(ls.exit_code, 0) << form.name;
    EXPECT_THAT(ls.out, StartsWith(form.begins));
    EXPECT_THAT(ls.out, AllOf(HasSubstr("web"), Not(HasSubstr("\x1b"))));
    EXPECT_THAT(ls.err, IsEmpty()) << form.name;
  }
  EXPECT_TRUE(nlohmann::json::accept(fleet_.MustCtl({"hosts", "-o", "json"})));
  EXPECT_THAT(fleet_.MustCtl({"version"}),
              AllOf(StartsWith("fleetctl "), HasSubstr("2 of 2 hosts")));

  // A shell takes its completion.
  ProcessOptions shell;
  shell.argv = {"bash", "-c",
                ". <(" + ProgramPath("fleetctl") +
                    " completion bash) && complete -p fleetctl"};
  EXPECT_THAT(RunCommand(shell, fleet_.dir(), kPatience).out,
              HasSubstr("fleetctl"));
}

TEST_F(CommandLine, ATerminalGetsALinePerHostThatIsDrawnInPlace) {
  StartWeb();
  const auto on_terminal = [&](const std::map<std::string, std::string>& env) {
    ProcessOptions options;
    options.argv = {"script", "-qec",
                    ProgramPath("fleetctl") + " --controller " +
                        fleet_.controller_address() +
                        " reload web --min-ready-time 500ms",
                    "/dev/null"};
    options.env = env;
    options.env["TERM"] = "xterm-256color";
    return RunCommand(options, fleet_.dir(), kPatience);
  };
  const CommandResult plain = on_terminal({{"NO_COLOR", "1"}});
  EXPECT_EQ(plain.exit_code, 0) << plain.out;
  // A bar, a phase, and the cursor goes up again for the next picture.
  EXPECT_THAT(plain.out, AllOf(HasSubstr("host-1  "), HasSubstr("host-2  "),
                               HasSubstr("█"), HasSubstr("░"),
                               HasSubstr("verifying"), HasSubstr("\x1b[")));
  EXPECT_THAT(plain.out, Not(testing::ContainsRegex("\x1b\\[[0-9;]+m")));
  EXPECT_THAT(plain.out, HasSubstr("reload of web succeeded"));
  EXPECT_THAT(on_terminal({{"NO_COLOR", ""}}).out,
              testing::ContainsRegex("\x1b\\[[0-9;]+m"));
}

TEST_F(CommandLine, ATimeoutIsSixAndAControllerThatIsGoneIsSeven) {
  StartWeb();
  const CommandResult late = fleet_.Ctl(
      {"reload", "web", "--min-ready-time", "60s", "--timeout", "1s"});
  EXPECT_EQ(late.exit_code, 6) << late.err;
  EXPECT_THAT(late.err, AllOf(HasSubstr("goes on without this command"),
                              HasSubstr("fleetctl rollout status r-"),
                              HasSubstr("fleetctl rollout abort r-")));
  // It does go on, and is in the way of another.
  EXPECT_THAT(fleet_.MustCtl({"rollout", "ls"}), HasSubstr("rolling"));
  const CommandResult second = fleet_.Ctl({"reload", "web"});
  EXPECT_EQ(second.exit_code, 8) << second.err;
  EXPECT_THAT(second.err,
              AllOf(HasSubstr("wait for it"), HasSubstr("--supersede")));
  fleet_.MustCtl({"reload", "web", "--supersede", "--min-ready-time", "0"});

  fleet_.StopController();
  const CommandResult gone = fleet_.Ctl({"ls"});
  EXPECT_EQ(gone.exit_code, 7);
  EXPECT_THAT(gone.out, IsEmpty());
  EXPECT_THAT(gone.err, AllOf(HasSubstr("cannot reach the controller at unix:"),
                              HasSubstr("workers go on without it"),
                              HasSubstr("FLEET_CONTROLLER")));
  EXPECT_EQ(HttpGet(fleet_.Target(1, 3000)).body, "v1");
}

TEST(CommandLineAlone, PlaintextIsForLoopbackAndForWhoAsksForIt) {
  const cli::TempFolder folder;
  ProcessOptions controller;
  controller.argv = {ProgramPath("fleet-controller"),
                     "--state-dir",
                     folder.path() + "/state",
                     "--listen",
                     "0.0.0.0:0",
                     "--insecure"};
  const CommandResult refused =
      RunCommand(controller, folder.path(), kPatience);
  EXPECT_GT(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("--insecure works on loopback"));
  for (const char* address : {"127.0.0.1:7400", "192.0.2.1:7400"}) {
    ProcessOptions ls;
    ls.argv = {ProgramPath("fleetctl"), "ls", "--controller", address};
    ls.env = {
        {"HOME", folder.path()}, {"XDG_CONFIG_HOME", ""}, {"FLEET_TOKEN", ""}};
    const CommandResult ran = RunCommand(ls, folder.path(), kPatience);
    EXPECT_EQ(ran.exit_code, 1) << address;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("without encryption is refused"),
                               HasSubstr("fleetctl login")));
  }
}

TEST(CommandLineAlone, WithNothingSetUpAStartBringsUpThisUsersFleet) {
  const cli::TempFolder folder;
  const std::string& home = folder.path();
  folder.Write("app.js", "setInterval(() => {}, 1000);\n");
  const auto own = [&](std::vector<std::string> args) {
    ProcessOptions options;
    args.insert(args.begin(), ProgramPath("fleetctl"));
    options.argv = std::move(args);
    options.cwd = home;
    options.env = {{"HOME", home},          {"FLEET_CONTROLLER", ""},
                   {"FLEET_TOKEN", ""},     {"XDG_STATE_HOME", ""},
                   {"XDG_RUNTIME_DIR", ""}, {"XDG_CONFIG_HOME", ""},
                   {"XDG_CACHE_HOME", ""}};
    return RunCommand(options, home, kPatience);
  };
  const auto clean_up = absl::MakeCleanup([&] { own({"down"}); });
  const CommandResult none = own({"ls"});
  EXPECT_EQ(none.exit_code, 7);
  EXPECT_THAT(none.err, HasSubstr("start one with `fleetctl up`"));
  const CommandResult start = own({"start", "app.js", "--min-ready-time", "0"});
  EXPECT_EQ(start.exit_code, 0) << start.err;
  EXPECT_THAT(start.err, HasSubstr("controller and agent"));
  EXPECT_THAT(own({"ls"}).out, AllOf(HasSubstr("app"), HasSubstr("1/1")));
  std::istringstream printed(own({"pid", "app"}).out);
  pid_t worker = 0;
  ASSERT_TRUE(printed >> worker);
  EXPECT_TRUE(IsAlive(worker));
  EXPECT_EQ(own({"down"}).exit_code, 0);
  EXPECT_FALSE(IsAlive(worker));
  EXPECT_EQ(own({"ls"}).exit_code, 7);
}

}  // namespace
}  // namespace fleet::e2e
