// What a PM2 user types, word for word, on a fleet of two hosts.
// commands_e2e_test.cc has what is Fleet's own in these commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <set>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Says what it was started with and what it is told.
constexpr char kTold[] =
    "process.on('message', m => console.log('told', JSON.stringify(m)));\n"
    "process.on('SIGUSR2', () => console.log('SIGUSR2'));\n"
    "console.log('args', process.argv.slice(2).join(' '));\n"
    "console.error('instance', process.env.NODE_APP_INSTANCE);\n"
    "setInterval(() => {}, 1000);\n";

class Pm2Commands : public testing::Test {
 protected:
  std::vector<pid_t> Pids(const std::string& app) {
    std::vector<pid_t> pids = fleet_.Pids(app, "host-1");
    const std::vector<pid_t> more = fleet_.Pids(app, "host-2");
    pids.insert(pids.end(), more.begin(), more.end());
    std::sort(pids.begin(), pids.end());
    return pids;
  }

  // The lines of `fleetctl logs ARGS… --raw`, in any order.
  std::multiset<std::string> Logs(std::vector<std::string> args) {
    args.insert(args.begin(), "logs");
    args.emplace_back("--raw");
    std::istringstream text(fleet_.MustCtl(args));
    std::multiset<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.insert(line);
    return lines;
  }

  bool Logged(const std::string& app, const std::string& line, size_t times) {
    return fleet_.Eventually([&] { return Logs({app}).count(line) == times; });
  }

  // Each ends with `code`, and says `text`.
  struct Wrong {
    std::vector<std::string> args;
    int code;
    std::string text;
  };
  void ExpectRefused(const std::vector<Wrong>& all) {
    for (const Wrong& wrong : all) {
      const CommandResult ran = fleet_.Ctl(wrong.args);
      const std::string what = testing::PrintToString(wrong.args);
      EXPECT_EQ(ran.exit_code, wrong.code) << what;
      EXPECT_EQ(ran.out, "") << what;
      EXPECT_THAT(ran.err, HasSubstr(wrong.text)) << what;
    }
  }

  TestFleet fleet_{{.hosts = 2}};
};

TEST_F(Pm2Commands, StartTakesAScriptWithFlagsAndArguments) {
  const std::string script = fleet_.WriteApp("api.js", kTold);
  // A folder of its own: what is watched does not change by others' hand.
  fleet_.MustCtl({"start",
                  script,
                  "--cwd",
                  fleet_.dir() + "/apps",
                  "-i",
                  "2",
                  "-x",
                  "--name",
                  "api",
                  "--namespace",
                  "shop",
                  "--watch",
                  "--ignore-watch",
                  "*.log",
                  "--max-memory-restart",
                  "200M",
                  "--cron",
                  "0 3 29 2 *",
                  "--no-autorestart",
                  "--min-ready-time",
                  "0",
                  "--",
                  "--port",
                  "80",
                  "two words"});
  EXPECT_EQ(Pids("api").size(), 4U);
  EXPECT_TRUE(Logged("api", "args --port 80 two words", 4));
  const nlohmann::json spec = fleet_.Show("api")["spec"];
  EXPECT_EQ(spec["namespace"], "shop");
  EXPECT_EQ(spec["exec_mode"], "EXEC_MODE_FORK");
  EXPECT_EQ(spec["watch"]["paths"], nlohmann::json::array({"."}));
  EXPECT_EQ(spec["watch"]["ignore"], nlohmann::json::array({"*.log"}));
  EXPECT_EQ(spec["restart"]["autorestart"], false);
  EXPECT_EQ(spec["restart"]["max_memory_bytes"], 200 << 20);
  EXPECT_EQ(spec["restart"]["cron_restart"], "0 3 29 2 *");
  for (const char* list : {"list", "ls", "l", "ps", "status"}) {
    EXPECT_THAT(fleet_.MustCtl({list}),
                AllOf(StartsWith("id  name"), HasSubstr("api     4/4    2/2")));
  }
  // As it was told: an end is the end, until somebody starts it.
  kill(fleet_.Pids("api", "host-1").at(0), SIGKILL);
  EXPECT_TRUE(fleet_.Eventually([&] { return Pids("api").size() == 3; }));
  EXPECT_THAT(fleet_.MustCtl({"ls", "api"}), HasSubstr("exited: SIGKILL"));
  fleet_.MustCtl({"start", "api"});
  EXPECT_EQ(Pids("api").size(), 4U);

  ExpectRefused({
      {{"start"}, 2, "usage: fleetctl start FILE|SCRIPT|APP"},
      {{"start", "apj"},
       1,
       "there is no file \"apj\" here, and: there is no "
       "app \"apj\"; did you mean \"api\"?"},
      {{"start", script, "-i", "many"},
       1,
       "\"instances\": expected a whole "
       "number or max, found"},
      {{"start", script, "--max-memory-restart", "lots"}, 1, "such as 300M"},
      {{"start", script, "--cron", "* *"}, 1, "must have five fields"},
      {{"start", script, "--instnces", "2"}, 2, "did you mean --instances?"},
      {{"strat", script}, 2, "did you mean \"start\"?"},
  });
}

// The rest of the flags; what each does on a worker is shown for its field.
TEST_F(Pm2Commands, EveryFlagOfStartIsInTheSpec) {
  std::istringstream words(
      "--name all-flags --no-autostart --interpreter node --cwd /tmp "
      "--namespace n --shutdown-with-message --kill-timeout 1600 "
      "--listen-timeout 3s --restart-delay 100 --exp-backoff-restart-delay 200 "
      "--max-restarts 7 --stop-exit-codes 0,143 --wait-ready --merge-logs "
      "--disable-logs --time --no-treekill --uid root --gid root -o /tmp/o "
      "-e /tmp/e -l /tmp/l --pid /tmp/p --log-type json "
      "--log-date-format YYYY --watch --watch-delay 1000");
  std::vector<std::string> args = {"start", fleet_.WriteApp("told.js", kTold),
                                   "--node-args", "--no-warnings --trace-exit"};
  for (std::string word; words >> word;) args.push_back(word);
  fleet_.MustCtl(args);
  EXPECT_THAT(fleet_.MustCtl({"ls", "all-flags"}), HasSubstr("stopped"));
  const nlohmann::json spec = fleet_.Show("all-flags")["spec"];
  nlohmann::json wanted = spec;
  wanted.merge_patch(nlohmann::json::parse(R"({
    "interpreter": "node", "interpreter_args": ["--no-warnings", "--trace-exit"],
    "cwd": "/tmp", "user": "root", "group": "root", "namespace": "n",
    "autostart": false, "pid_file": "/tmp/p",
    "restart": {"max_restarts": 7, "restart_delay": "100ms",
                "exp_backoff_restart_delay": "200ms",
                "stop_exit_codes": [0, 143]},
    "readiness": {"wait_ready": true, "timeout": "3s"},
    "stop": {"kill_timeout": "1.6s", "shutdown_with_message": true,
             "treekill": false},
    "logs": {"out_file": "/tmp/o", "error_file": "/tmp/e",
             "log_file": "/tmp/l", "merge": true, "disabled": true,
             "date_format": "YYYY", "json": true},
    "watch": {"paths": ["."], "delay": "1s"}})"));
  EXPECT_EQ(spec, wanted);
}

TEST_F(Pm2Commands, EveryWayToNameAppsReachesThem) {
  const std::string file = fleet_.WriteApp(
      "fleet.yaml",
      "apps:\n"
      "  - {name: api, namespace: shop, script: sleep, args: ['1000']}\n"
      "  - {name: job, namespace: shop, script: sleep, args: ['1000']}\n"
      "  - {name: web, script: sleep, args: ['1000']}\n");
  fleet_.MustCtl({"start", file, "--only", "web", "--min-ready-time", "0"});
  EXPECT_EQ(fleet_.MustCtl({"ls", "-o", "name"}), "web\n");
  fleet_.MustCtl({"start", file, "--min-ready-time", "0"});
  EXPECT_EQ(fleet_.MustCtl({"ls", "--sort", "name:desc", "-o", "name"}),
            "web\njob\napi\n");
  const std::string api = std::to_string(fleet_.Show("api")["id"].get<int>());
  const auto running = [&] {
    std::string names;
    for (const char* app : {"api", "job", "web"}) {
      if (!Pids(app).empty())
        names += names.empty() ? app : "," + std::string(app);
    }
    return names;
  };
  struct Case {
    std::string word;
    std::string left;
  };
  for (const Case& c : std::vector<Case>{{"api", "job,web"},
                                         {api, "job,web"},
                                         {"shop", "web"},
                                         {"a*", "job,web"},
                                         {"/^(api|web)$/", "job"},
                                         {file, ""},
                                         {"all", ""}}) {
    fleet_.MustCtl({"stop", c.word});
    EXPECT_EQ(running(), c.left) << c.word;
    fleet_.MustCtl({"start", c.word});
    EXPECT_EQ(running(), "api,job,web") << c.word;
  }
  // Orders that replace workers, by words of every kind.
  const auto replaced = [&](const std::vector<std::string>& order,
                            const std::string& app, const std::string& other) {
    const std::vector<pid_t> old = Pids(app);
    const std::vector<pid_t> kept = Pids(other);
    fleet_.MustCtl(order);
    const std::vector<pid_t> now = Pids(app);
    EXPECT_EQ(now.size(), old.size());
    for (pid_t pid : old) EXPECT_THAT(now, Not(testing::Contains(pid)));
    EXPECT_EQ(Pids(other), kept);
  };
  replaced({"restart", api, "--min-ready-time", "0"}, "api", "job");
  replaced({"reload", "/^w/", "--min-ready-time", "0"}, "web", "api");
  fleet_.MustCtl({"scale", "api", "3"});
  fleet_.MustCtl({"scale", "shop", "+1"});
  fleet_.MustCtl({"scale", "a*", "-2"});
  EXPECT_EQ(Pids("api").size(), 4U);
  EXPECT_EQ(Pids("job").size(), 4U);
  ExpectRefused({
      {{"scale", "web", "-5"}, 1, "leaves none: use stop"},
      {{"scale", "web", "x"}, 2, "expected a number, +N, -N or max"},
      {{"stop", "99"}, 1, "there is no app with the id 99"},
      {{"restart", "web", "wbe"}, 1, "there is no app \"wbe\"; did you mean"},
      {{"reload", "nothing-*"}, 1, "no app matches \"nothing-*\""},
      {{"delete"}, 2, "usage: fleetctl delete"},
  });
  fleet_.MustCtl({"delete", "/^job$/"});
  fleet_.MustCtl({"del", "all"});
  EXPECT_EQ(fleet_.MustCtl({"ls", "-o", "name"}), "");
  // Nothing of it was tried as what it is not.
  const auto audit = nlohmann::json::parse(
      fleet_.MustCtl({"audit", "-n", "200", "-o", "json"}));
  EXPECT_GT(audit["records"].size(), 20U);
  for (const auto& record : audit["records"]) {
    const bool meant = record["method"] == "/fleet.v1.AppService/ScaleApp" &&
                       record["subject"] == "web";
    EXPECT_TRUE(meant || record["outcome"] == "OK") << record;
  }
}

TEST_F(Pm2Commands, LogsAreFilteredEmptiedAndBegunAnew) {
  const std::string script = fleet_.WriteApp(
      "say.sh",
      "echo one; echo two $FLEET_HOST; echo three >&2; exec sleep 1000\n");
  fleet_.MustCtl({"start", script, "--name", "say", "--min-ready-time", "0"});
  EXPECT_TRUE(fleet_.Eventually([&] { return Logs({"say"}).size() == 6; }));
  const std::string all = fleet_.MustCtl({"logs", "say"});
  EXPECT_THAT(all, AllOf(HasSubstr("host-1 say.0 | one\n"),
                         HasSubstr("host-2 say.0 | three\n")));
  EXPECT_THAT(Logs({"say", "--out"}),
              ElementsAre("one", "one", "two host-1", "two host-2"));
  EXPECT_THAT(Logs({"say", "--err"}), ElementsAre("three", "three"));
  EXPECT_THAT(Logs({"say", "--out", "--lines", "1", "--nostream"}),
              ElementsAre("two host-1", "two host-2"));
  EXPECT_THAT(Logs({"say", "--host", "host-2", "--grep", "t"}),
              ElementsAre("three", "two host-2"));
  EXPECT_THAT(Logs({"--since", "1h"}).size(), 6U);
  const auto line = nlohmann::json::parse(
      fleet_.MustCtl({"logs", "say", "--json", "--err", "--host", "host-1"}));
  EXPECT_EQ(line["message"], "three");
  EXPECT_EQ(line["type"], "err");
  EXPECT_EQ(line["host"], "host-1");
  EXPECT_EQ(line["process_id"], 0);
  ExpectRefused({
      {{"logs", "sya"}, 1, "no app \"sya\"; apps: say"},
      {{"logs", "say", "--host", "host-9"}, 1, "no host of say matches"},
      {{"logs", "say", "--lines", "x"}, 2, "expected a number"},
      {{"logs", "say", "--since", "3x"}, 2, "expected how long ago"},
      {{"logs", "say", "--grep", "("}, 1, "\"(\" is no pattern"},
      {{"logs", "say", "--err", "--out"}, 2, "exclude each other"},
  });

  EXPECT_EQ(fleet_.MustCtl({"reloadLogs"}),
            "say: 4 log files on 2 hosts opened anew\n");
  EXPECT_THAT(fleet_.MustCtl({"flush"}),
              StartsWith("say: 4 log files on 2 hosts emptied, "));
  EXPECT_THAT(Logs({"say"}), IsEmpty());
  EXPECT_THAT(Logs({}), IsEmpty());
}

TEST_F(Pm2Commands, WhatIsTypedToLookAndWhatNeedsNoDoing) {
  const std::string script = fleet_.WriteApp("told.js", kTold);
  fleet_.MustCtl({"start", script, "--min-ready-time", "0"});
  const std::string id = std::to_string(fleet_.Show("told")["id"].get<int>());
  for (const char* show : {"describe", "desc", "show", "info"}) {
    EXPECT_THAT(fleet_.MustCtl({show, id}),
                AllOf(StartsWith("told\n"), HasSubstr("told.0 on host-2, pid "),
                      HasSubstr("command        node " + script)));
  }
  EXPECT_THAT(fleet_.MustCtl({"env", id}), HasSubstr("FLEET_APP=told\n"));
  EXPECT_EQ(fleet_.MustCtl({"id", "told"}), "[ " + id + " ]\n");
  std::istringstream printed(fleet_.MustCtl({"pid", "told"}));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; printed >> pid;) pids.push_back(pid);
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(pids, Pids("told"));
  const auto list = nlohmann::json::parse(fleet_.MustCtl({"jlist"}));
  const auto pretty = nlohmann::json::parse(fleet_.MustCtl({"prettylist"}));
  ASSERT_EQ(list.size(), 2U);
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_THAT(pids, testing::Contains(list[i]["pid"]));
    EXPECT_EQ(list[i]["pm2_env"]["status"], "online");
    EXPECT_EQ(list[i]["pm2_env"]["pm_exec_path"], script);
    EXPECT_EQ(pretty[i]["pid"], list[i]["pid"]);
  }
  EXPECT_THAT(fleet_.MustCtl({"ping"}),
              AllOf(StartsWith("pong"), HasSubstr("2 of 2 hosts")));
  EXPECT_THAT(fleet_.Ctl({"report"}).out, HasSubstr("ok       controller: "));
  EXPECT_EQ(fleet_.MustCtl({"inspect", "told.0", "--host", "host-1"}),
            "told.0: 1 worker on 1 host got SIGUSR1\n");
  EXPECT_THAT(fleet_.MustCtl({"completion", "bash"}),
              StartsWith("# bash completion of fleetctl"));
  const std::string sample = fleet_.dir() + "/ecosystem.config.js";
  fleet_.MustCtl({"init", sample});
  fleet_.MustCtl({"start", sample, "--dry-run"});

  for (const char* word :
       {"save", "dump", "resurrect", "cleardump", "update"}) {
    const CommandResult said = fleet_.Ctl({word});
    EXPECT_EQ(said.exit_code, 0) << word;
    EXPECT_THAT(said.err, StartsWith("Nothing to ")) << word;
  }
  ExpectRefused({
      {{"kill"}, 2, "down is for this user's fleet on this machine"},
      {{"deploy", "production"}, 1, "fleetctl reload FILE --env NAME"},
      {{"pull", "told"}, 1, "fleetctl rollback APP"},
      {{"set", "told:key", "1"}, 1, "fleetctl explain FIELD"},
      {{"install", "pm2-logrotate"}, 1, "Log rotation (log_max_size, "},
      {{"link", "a", "b"}, 1, "There is no service to link to"},
      {{"profile:cpu"}, 1, "fleetctl inspect APP.N"},
      {{"slist"}, 1, "fleetctl hosts -o json"},
      {{"show", "tolt"}, 1, "there is no app \"tolt\"; did you mean \"told\"?"},
      {{"env"}, 2, "usage: fleetctl env APP"},
      {{"monit"}, 1, "it needs a terminal"},
  });
}

TEST_F(Pm2Commands, WorkersAreSignalledToldAttachedAndReset) {
  const std::string told = fleet_.WriteApp("told.js", kTold);
  const std::string echo = fleet_.WriteApp(
      "echo.sh", "while read line; do echo \"echo $line\"; done\n");
  fleet_.MustCtl({"start", told, "--name", "told", "--min-ready-time", "0"});
  fleet_.MustCtl({"start", echo, "--stdin", "--min-ready-time", "0"});
  EXPECT_TRUE(Logged("told", "instance 0", 2));  // It listens.

  EXPECT_EQ(fleet_.MustCtl({"sendSignal", "SIGUSR2", "told"}),
            "told: 2 workers on 2 hosts got SIGUSR2\n");
  EXPECT_TRUE(Logged("told", "SIGUSR2", 2));
  fleet_.MustCtl({"send", "told", R"({"level":"debug"})"});
  EXPECT_TRUE(Logged("told", R"(told {"level":"debug"})", 2));
  fleet_.MustCtl({"send", "echo", "a", "line"});
  EXPECT_TRUE(Logged("echo", "echo a line", 2));
  // Input from a file, from a pipe, and none at all.
  const std::string lines = fleet_.WriteApp("lines", "from a file\nthe last");
  const auto attach = [&](const std::string& before, const std::string& after) {
    ProcessOptions options;
    options.argv = {"/bin/sh", "-c",
                    before + ProgramPath("fleetctl") + " --controller " +
                        fleet_.controller_address() + " attach echo.0" + after};
    EXPECT_EQ(RunCommand(options, fleet_.dir(), kPatience).exit_code, 0);
  };
  attach("", " < " + lines);
  EXPECT_TRUE(Logged("echo", "echo the last", 2));
  attach("cat " + lines + " | ", "");
  EXPECT_TRUE(Logged("echo", "echo the last", 4));
  attach("", " < /dev/null");
  attach("", " <&-");

  kill(fleet_.Pids("told", "host-1").at(0), SIGKILL);
  const auto restarts = [&] {
    return fleet_.InstancesOn("told", "host-1").at(0)["restarts"].get<int>();
  };
  EXPECT_TRUE(fleet_.Eventually([&] { return restarts() == 1; }));
  EXPECT_EQ(fleet_.MustCtl({"reset", "told"}),
            "told: 2 workers on 2 hosts count their restarts from 0\n");
  EXPECT_TRUE(fleet_.Eventually([&] { return restarts() == 0; }));
  ExpectRefused({
      {{"sendSignal", "SIGFOO", "told"}, 2, "\"SIGFOO\" is no signal"},
      {{"send", "told"}, 2, "usage: fleetctl send APP|APP.N MESSAGE"},
      {{"reset", "tolt"}, 1, "did you mean \"told\"?"},
      {{"trigger", "told"}, 2, "usage: fleetctl trigger APP|APP.N ACTION"},
  });
}

// The package that PM2's own pages have people use, as it is on npm.
constexpr char kPm2Io[] =
    "const io = require('@pm2/io');\n"
    "const users = io.metric({name: 'Realtime users', unit: 'people'});\n"
    "users.set(41);\n"
    "io.action('db:clean', reply => reply({clean: true}));\n"
    "io.action('greet', (who, reply) => { users.set(42);\n"
    "    reply({hello: who, from: +process.env.NODE_APP_INSTANCE}); });\n"
    "require('http').createServer((_, answer) => answer.end()).listen(3000);\n";

TEST_F(Pm2Commands, TriggerAndShowKnowWhatPm2IoOffers) {
  const std::string script = fleet_.WriteApp("io.js", kPm2Io);
  const std::string file = fleet_.WriteApp(
      "ecosystem.config.js",
      "module.exports = {apps: [{name: 'io', script: '" + script +
          "', instances: 2, env: {NODE_PATH: '" + FLEET_SOURCE_DIR +
          "/build/npm/@pm2_io@6.1.0/node_modules'}}]};\n");
  fleet_.MustCtl({"start", file, "--min-ready-time", "0"});
  EXPECT_EQ(fleet_.MustCtl({"trigger", "io", "db:clean"}),
            "[io.0 on host-1] = {\"clean\":true}\n"
            "[io.1 on host-1] = {\"clean\":true}\n"
            "[io.0 on host-2] = {\"clean\":true}\n"
            "[io.1 on host-2] = {\"clean\":true}\n");
  EXPECT_EQ(fleet_.MustCtl(
                {"trigger", "io.1", "greet", "Ada", "L", "--host", "host-2"}),
            "[io.1 on host-2] = {\"from\":1,\"hello\":\"Ada L\"}\n");
  const CommandResult unknown =
      fleet_.Ctl({"trigger", "io.0", "gret", "--host", "host-1"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("io.0 has no action \"gret\""),
                                 HasSubstr("db:clean, greet")));
  EXPECT_TRUE(fleet_.Eventually([&] {
    const std::string shown = fleet_.MustCtl({"show", "io"});
    return shown.find("Realtime users 41 people") != shown.npos &&
           shown.find("Realtime users 42 people") != shown.npos;
  })) << fleet_.MustCtl({"show", "io"});
}

}  // namespace
}  // namespace fleet::e2e
