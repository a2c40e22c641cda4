// What PM2's users type, against the real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// Node: tells what it is told.
constexpr char kListener[] =
    "process.on('message', m => console.log('message', JSON.stringify(m)));\n"
    "process.on('SIGUSR2', () => console.log('got SIGUSR2'));\n"
    "console.log('it hears');\n"
    "setInterval(() => {}, 1000);\n";

// Python: echoes its standard input.
constexpr char kEcho[] =
    "import sys\n"
    "for line in sys.stdin:\n"
    "    print('echo', line.strip(), flush=True)\n";

class Commands : public testing::Test {
 protected:
  // The app's logs hold `text`, `times` times.
  bool Logged(const std::string& app, const std::string& text, int times) {
    return fleet_.Eventually([&] {
      const std::string logs = fleet_.Ctl({"logs", app}).out;
      int found = 0;
      for (size_t at = logs.find(text); at != logs.npos;
           at = logs.find(text, at + 1)) {
        ++found;
      }
      return found == times;
    });
  }

  TestFleet fleet_{{.hosts = 2}};
};

TEST_F(Commands, SignalsMessagesAndInputReachTheWorkers) {
  const std::string listener = fleet_.WriteApp("listener.js", kListener);
  const std::string echo = fleet_.WriteApp("echo.py", kEcho);
  const std::string file = fleet_.WriteApp(
      "fleet.yaml", "apps:\n  - {name: listener, script: " + listener +
                        ", instances: 2}\n  - {name: echo, script: " + echo +
                        ", stdin: true}\n");
  fleet_.MustCtl({"apply", file, "--min-ready-time", "0"});
  ASSERT_TRUE(Logged("listener", "it hears", 4));

  EXPECT_EQ(fleet_.MustCtl({"signal", "SIGUSR2", "listener"}),
            "listener: 4 workers on 2 hosts got SIGUSR2\n");
  EXPECT_TRUE(Logged("listener", "got SIGUSR2", 4));
  // By id, one instance, one host.
  const int id = fleet_.Show("listener")["id"];
  fleet_.MustCtl({"send", std::to_string(id) + ".1", "--hosts", "host-2",
                  R"({"level": "debug"})"});
  EXPECT_TRUE(Logged("listener", R"(message {"level":"debug"})", 1));

  fleet_.MustCtl({"send", "echo", "hello", "there"});
  EXPECT_TRUE(Logged("echo", "echo hello there", 2));
  // The pipe is the keeper's: a new agent goes on with it, and the worker has
  // not seen its end.
  const pid_t worker = fleet_.Pids("echo", "host-1").at(0);
  const pid_t agent = fleet_.AgentPid(1);
  kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  EXPECT_TRUE(fleet_.Eventually([&] {
    return fleet_.Ctl({"send", "echo", "again", "--hosts", "host-1"})
               .exit_code == 0;
  }));
  EXPECT_TRUE(Logged("echo", "echo again", 1));
  EXPECT_EQ(fleet_.Pids("echo", "host-1").at(0), worker);

  const CommandResult refused = fleet_.Ctl({"send", "listener.7", "x"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("listener has 2 instances"));

  const auto list = nlohmann::json::parse(fleet_.MustCtl({"jlist"}));
  ASSERT_EQ(list.size(), 6U);
  for (const auto& process : list) {
    EXPECT_EQ(process["pm2_env"]["status"], "online");
    EXPECT_GT(process["pid"], 0);
  }
  EXPECT_EQ(fleet_.MustCtl({"id", "listener"}),
            "[ " + std::to_string(id) + " ]\n");
  const std::string shown =
      fleet_.MustCtl({"show", "echo", "--hosts", "host-1"});
  for (const char* part : {"echo.0 on host-1, pid ", "command ", "cwd ",
                           "memory ", "limits ", "readiness "}) {
    EXPECT_THAT(shown, HasSubstr(part));
  }
}

TEST_F(Commands, NamesScalesResetsAndTheDoctor) {
  const std::string file = fleet_.WriteApp(
      "fleet.yaml",
      "apps:\n"
      "  - {name: api, namespace: shop, script: sleep, interpreter: none, "
      "args: ['1000']}\n"
      "  - {name: job, namespace: shop, script: sleep, interpreter: none, "
      "args: ['1000']}\n"
      "  - {name: bad, script: 'false', interpreter: none, max_restarts: 1, "
      "min_uptime: 10s, hosts: host-1}\n");
  fleet_.Ctl({"apply", file, "--no-wait"});
  EXPECT_TRUE(fleet_.Eventually([&] {
    return fleet_.Pids("api", "host-1").size() == 1 &&
           fleet_.Pids("job", "host-2").size() == 1;
  }));
  fleet_.MustCtl({"scale", "shop", "+1", "--hosts", "host-1"});
  EXPECT_EQ(fleet_.Pids("api", "host-1").size(), 2U);
  EXPECT_EQ(fleet_.Pids("job", "host-2").size(), 1U);
  fleet_.MustCtl({"stop", "/^(api|job)$/"});
  EXPECT_EQ(fleet_.MustCtl({"pid", "shop"}), "");
  fleet_.MustCtl({"start", "shop"});
  fleet_.MustCtl({"restart", "job", "--min-ready-time", "0s"});
  EXPECT_EQ(fleet_.Ctl({"stop", "jib"}).err,
            "fleetctl: there is no app \"jib\"; did you mean \"job\"?\n");

  // A worker that is killed is restarted and counted, until it is reset.
  kill(fleet_.Pids("job", "host-2").at(0), SIGKILL);
  const auto restarts = [&] {
    int64_t sum = 0;
    for (const auto& instance : fleet_.InstancesOn("job", "host-2")) {
      sum += instance["restarts"].get<int64_t>();
    }
    return sum;
  };
  EXPECT_TRUE(fleet_.Eventually([&] { return restarts() == 1; }));
  fleet_.MustCtl({"reset", "job"});
  EXPECT_TRUE(fleet_.Eventually([&] { return restarts() == 0; }));

  // Labels place apps at once.
  fleet_.MustCtl({"hosts", "label", "host-2", "tier=back"});
  const std::string labelled = fleet_.WriteApp(
      "back.yaml",
      "apps:\n  - {name: back, script: sleep, interpreter: none, "
      "args: ['1000'], hosts: tier=back}\n");
  fleet_.MustCtl({"apply", labelled, "--min-ready-time", "0"});
  EXPECT_EQ(fleet_.Pids("back", "host-1").size(), 0U);
  fleet_.MustCtl({"hosts", "label", "host-1", "tier=back"});
  EXPECT_TRUE(fleet_.Eventually(
      [&] { return fleet_.Pids("back", "host-1").size() == 1; }));

  // The doctor sees the crash loop and a host that is away.
  EXPECT_TRUE(fleet_.Eventually([&] {
    return fleet_.Ctl({"doctor"}).out.find("crash loop: bad on host-1") !=
           std::string::npos;
  })) << fleet_.Ctl({"doctor"}).out;
  fleet_.StopHost(2);
  EXPECT_TRUE(fleet_.Eventually([&] {
    const CommandResult ran = fleet_.Ctl({"doctor"});
    return ran.exit_code == 1 &&
           ran.out.find("host: host-2: not connected") != std::string::npos;
  }));
  const auto json =
      nlohmann::json::parse(fleet_.Ctl({"doctor", "-o", "json"}).out);
  EXPECT_GE(json["problems"], 2);
  const CommandResult stays = fleet_.Ctl({"hosts", "remove", "host-1"});
  EXPECT_EQ(stays.exit_code, 1);
  EXPECT_THAT(stays.err, HasSubstr("is connected"));
  fleet_.MustCtl({"hosts", "remove", "host-2"});
  EXPECT_THAT(fleet_.MustCtl({"hosts"}), Not(HasSubstr("host-2")));
}

// What @pm2/io does in a program: it offers an action and replies when it is
// asked for it.
constexpr char kActions[] =
    "let calls = 0;\n"
    "const say = (type, data) => process.send({type: 'axm:' + type, data});\n"
    "say('action', {action_name: 'count', action_type: 'custom'});\n"
    "process.on('message', m => {\n"
    "  const name = m.msg || m;\n"
    "  if (name === 'count') say('reply', {action_name: name,\n"
    "      return: {calls: ++calls, opts: m.opts}});\n"
    "});\n"
    "console.log('pid', process.pid);\n"
    "setInterval(() => {}, 1000);\n";

TEST_F(Commands, ActionsReplyAndSingleInstancesObey) {
  const std::string actions = fleet_.WriteApp("actions.js", kActions);
  const std::string file = fleet_.WriteApp(
      "fleet.yaml", "apps:\n  - {name: act, script: " + actions +
                        ", instances: 3, exec_mode: fork}\n");
  fleet_.MustCtl({"apply", file, "--min-ready-time", "0s"});

  EXPECT_EQ(fleet_.MustCtl({"trigger", "act.1", "count", "by", "two"}),
            "[act.1 on host-1] = {\"calls\":1,\"opts\":\"by two\"}\n"
            "[act.1 on host-2] = {\"calls\":1,\"opts\":\"by two\"}\n");
  EXPECT_EQ(fleet_.MustCtl({"trigger", "act.1", "count", "--host", "host-2"}),
            "[act.1 on host-2] = {\"calls\":2}\n");
  // Whoever has replied has told its actions.
  EXPECT_EQ(fleet_.MustCtl({"trigger", "act.0", "count", "--host", "host-1"}),
            "[act.0 on host-1] = {\"calls\":1}\n");
  const CommandResult unknown =
      fleet_.Ctl({"trigger", "act.0", "cuont", "--host", "host-1"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.err,
            "fleetctl: host-1: act.0 has no action \"cuont\"; it has: count\n");

  // An instance that is stopped by hand stays so, and is seen to.
  const auto pid_of = [&](int slot, const std::string& host) -> pid_t {
    for (const auto& instance : fleet_.InstancesOn("act", host)) {
      if (instance["slot"] == slot) return instance.value("pid", 0);
    }
    return -1;
  };
  const pid_t zero = pid_of(0, "host-1");
  fleet_.MustCtl({"stop", "act.1", "--hosts", "host-1"});
  EXPECT_EQ(fleet_.Pids("act", "host-1").size(), 2U);
  EXPECT_EQ(fleet_.Pids("act", "host-2").size(), 3U);
  EXPECT_THAT(fleet_.MustCtl({"ls", "act.1"}), HasSubstr("stopped"));
  EXPECT_THAT(fleet_.MustCtl({"ls"}),
              testing::AllOf(HasSubstr("5/5"), HasSubstr("online, 1 stopped")));
  // Also for an agent and a controller that are started anew.
  const pid_t agent = fleet_.AgentPid(1);
  kill(agent, SIGKILL);
  ASSERT_TRUE(WaitGone(agent, kPatience));
  fleet_.KillController();
  fleet_.StartController();
  fleet_.AwaitConnected(2);
  EXPECT_TRUE(fleet_.Eventually([&] { return pid_of(0, "host-1") == zero; }));
  EXPECT_EQ(pid_of(1, "host-1"), 0);
  fleet_.MustCtl({"start", "act.1"});
  EXPECT_GT(pid_of(1, "host-1"), 0);
  EXPECT_EQ(pid_of(0, "host-1"), zero);

  // A restart takes one, a reload too, and starts what is stopped.
  const pid_t two = pid_of(2, "host-2");
  EXPECT_EQ(fleet_.Ctl({"restart", "act.2", "--hosts", "host-2"}).err,
            "act.2: restarted\n");
  EXPECT_NE(pid_of(2, "host-2"), two);
  EXPECT_FALSE(IsAlive(two));
  EXPECT_EQ(pid_of(0, "host-1"), zero);
  fleet_.MustCtl({"stop", "act.2"});
  EXPECT_EQ(fleet_.Ctl({"reload", "act.2"}).err, "act.2: reloaded\n");
  EXPECT_GT(pid_of(2, "host-1"), 0);
  // The whole app's reload brings back what was stopped.
  fleet_.MustCtl({"stop", "act.0"});
  fleet_.MustCtl({"reload", "act", "--min-ready-time", "0s"});
  EXPECT_EQ(fleet_.Pids("act", "host-1").size(), 3U);
  EXPECT_EQ(fleet_.Ctl({"stop", "act.3"}).err,
            "fleetctl: there is no act.3: act has 3 instances on each host, "
            "from act.0 on\n");

  // Log files: emptied, and begun anew after somebody has renamed them.
  EXPECT_TRUE(Logged("act.0", "pid ", 4));  // Two hosts, two workers each.
  EXPECT_THAT(fleet_.MustCtl({"flush", "act.0"}),
              HasSubstr("act.0: 2 log files on 2 hosts emptied, "));
  EXPECT_EQ(fleet_.MustCtl({"logs", "act.0", "--raw"}), "");
  EXPECT_NE(fleet_.MustCtl({"logs", "act.1", "--raw"}), "");
  EXPECT_EQ(fleet_.MustCtl({"reloadLogs", "act"}),
            "act: 12 log files on 2 hosts opened anew\n");
  EXPECT_THAT(
      fleet_.MustCtl({"audit"}),
      testing::AllOf(HasSubstr("FlushLogs"), HasSubstr("ReopenLogs"),
                     HasSubstr("TriggerApp"), HasSubstr("RestartInstance")));
}

}  // namespace
}  // namespace fleet::e2e
