// The full-screen view in a real terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

using testing::HasSubstr;

// A tmux server of its own, with one pane of 80 by 24.
class Terminal {
 public:
  explicit Terminal(TestFleet& fleet)
      : fleet_(fleet), socket_(fleet.dir() + "/tmux") {
    Tmux(
        {"-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh"});
  }
  ~Terminal() { Tmux({"kill-server"}); }

  std::string Tmux(std::vector<std::string> words) {
    words.insert(words.begin(), {"tmux", "-u", "-S", socket_});
    ProcessOptions options;
    options.argv = std::move(words);
    options.env = {{"LC_ALL", "C.UTF-8"}, {"TMUX", ""}, {"PS1", "shell> "}};
    return RunCommand(options, fleet_.dir(), kPatience).out;
  }
  void Keys(const std::string& keys) { Tmux({"send-keys", keys}); }
  void Type(const std::string& text) {
    Tmux({"send-keys", "-l", text});
    Keys("Enter");
  }
  std::string Screen() { return Tmux({"capture-pane", "-p"}); }
  bool Shows(const std::string& text) {
    return fleet_.Eventually(
        [&] { return Screen().find(text) != std::string::npos; });
  }

 private:
  TestFleet& fleet_;
  const std::string socket_;
};

bool HasTmux() { return access("/usr/bin/tmux", X_OK) == 0; }

TEST(Monit, DrawsTakesKeysAndGivesTheTerminalBack) {
  if (!HasTmux()) GTEST_SKIP() << "tmux is not installed";
  TestFleet fleet({.hosts = 2, .tls = true});
  const std::string script = fleet.WriteApp(
      "talker.py",
      "import time\nwhile True:\n    print('hello from a worker', "
      "flush=True)\n    time.sleep(0.2)\n");
  fleet.MustCtl({"start", script, "--name", "talker", "-i", "2",
                 "--min-ready-time", "0"});
  Terminal terminal(fleet);
  terminal.Type("echo before");
  ASSERT_TRUE(terminal.Shows("before"));
  const std::string monit =
      absl::StrCat(ProgramPath("fleetctl"), " monit --controller ",
                   fleet.controller_address());
  terminal.Type(monit + "; echo left with $?");
  ASSERT_TRUE(terminal.Shows("fleet  hosts 2/2  apps 1  ready 4/4"))
      << terminal.Screen();
  EXPECT_TRUE(terminal.Shows("talker.1"));
  EXPECT_TRUE(terminal.Shows("hello from a worker"));
  EXPECT_THAT(terminal.Screen(), testing::Not(HasSubstr("before")));

  // What ends workers is asked for, and done after a yes.
  terminal.Keys("s");
  EXPECT_TRUE(terminal.Shows("stop talker on all hosts?"));
  terminal.Keys("n");
  terminal.Keys("+");
  EXPECT_TRUE(terminal.Shows("talker.2"));
  EXPECT_TRUE(terminal.Shows("ready 6/6"));
  terminal.Keys("r");
  terminal.Keys("y");
  EXPECT_TRUE(terminal.Shows("is under way")) << terminal.Screen();

  // One host only, then a filter that fits nothing.
  terminal.Keys("Tab");
  terminal.Keys("Down");
  terminal.Keys("Enter");
  EXPECT_TRUE(terminal.Shows("host host-2"));
  terminal.Keys("/");
  terminal.Keys("x");
  terminal.Keys("y");
  EXPECT_TRUE(terminal.Shows("nothing fits"));
  terminal.Keys("Escape");
  terminal.Keys("?");
  EXPECT_TRUE(terminal.Shows("any key closes this"));
  terminal.Keys("x");
  terminal.Tmux({"resize-window", "-x", "120", "-y", "40"});
  EXPECT_TRUE(terminal.Shows("pid"));

  // The controller goes, which is said, and comes back.
  fleet.StopController();
  EXPECT_TRUE(terminal.Shows("no answer for"));
  fleet.StartController();
  EXPECT_TRUE(terminal.Shows("hosts 2/2")) << terminal.Screen();

  terminal.Keys("q");
  EXPECT_TRUE(terminal.Shows("left with 0"));
  EXPECT_THAT(terminal.Screen(), HasSubstr("before"));

  // Whose token ends sees no more, and is told why.
  std::string token =
      fleet.MustCtl({"token", "create", "eva", "--role", "viewer"});
  token.erase(token.find_last_not_of('\n') + 1);
  WriteFile(fleet.dir() + "/token", token);
  terminal.Type(absl::StrCat("clear; HOME=", fleet.dir(), " ",
                             ProgramPath("fleetctl"), " monit --controller ",
                             fleet.tls_address(), " --token-file ", fleet.dir(),
                             "/token; echo left with $?"));
  ASSERT_TRUE(terminal.Shows("fleet  hosts 2/2")) << terminal.Screen();
  fleet.MustCtl({"token", "revoke", "eva"});
  EXPECT_TRUE(terminal.Shows("left with 4")) << terminal.Screen();
  EXPECT_THAT(terminal.Screen(), HasSubstr("revoked"));
  EXPECT_THAT(terminal.Screen(), testing::Not(HasSubstr("fleet  hosts")));

  // Killed by SIGTERM, and by a crash: the screen before comes back.
  for (const int signal : {SIGTERM, SIGSEGV}) {
    terminal.Type("clear; " + monit + "; echo ended");
    ASSERT_TRUE(terminal.Shows("fleet  hosts"));
    pid_t pid = 0;
    ProcessOptions find;
    find.argv = {"pgrep", "-n", "-f",
                 "fleetctl monit --controller " + fleet.controller_address()};
    ASSERT_TRUE(fleet.Eventually([&] {
      const std::string out = RunCommand(find, fleet.dir(), kPatience).out;
      return absl::SimpleAtoi(absl::StripSuffix(out, "\n"), &pid) && pid > 0;
    }));
    ASSERT_EQ(kill(pid, signal), 0);
    EXPECT_TRUE(terminal.Shows("ended")) << terminal.Screen();
    EXPECT_THAT(terminal.Screen(), testing::Not(HasSubstr("fleet  hosts")));
    // The terminal echoes again.
    terminal.Type("echo typed-$((1+1))");
    EXPECT_TRUE(terminal.Shows("typed-2"));
  }
}

}  // namespace
}  // namespace fleet::e2e
