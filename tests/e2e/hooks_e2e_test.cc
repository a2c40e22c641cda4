// Deploy scripts, migrations and metric gates on real hosts.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;
constexpr int kGatePort = 3100;

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int CountLines(const std::string& text, const std::string& line) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string one; std::getline(lines, one);) count += one == line ? 1 : 0;
  return count;
}

class Deploy : public testing::Test {
 protected:
  Deploy() : fleet_({.hosts = 2}), log_(fleet_.dir() + "/hooks.log") {}

  // `rollout` are more lines of the spec's rollout.
  std::string Spec(const std::string& version, const std::string& rollout) {
    return fleet_.WriteApp(
        "fleet.yaml", "apps:\n  - name: web\n    script: " + AppPath("web.js") +
                          "\n    exec_mode: cluster\n    instances: 2\n"
                          "    wait_ready: true\n    env: {VERSION: '" +
                          version +
                          "'}\n    rollout:\n      min_ready_time: 0s\n"
                          "      order: name\n" +
                          rollout);
  }
  // A command that notes that it ran.
  std::string Note(const std::string& more = "") const {
    return "'echo $FLEET_HOOK $FLEET_HOST $FLEET_REVISION $VERSION >>" + log_ +
           more + "'";
  }
  int Ran(const std::string& line) const {
    return CountLines(Read(log_), line);
  }

  TestFleet fleet_;
  const std::string log_;
};

TEST_F(Deploy, HooksRunOnceWhoeverDiesMeanwhile) {
  const std::string go = fleet_.dir() + "/go";
  fleet_.MustCtl(
      {"apply", Spec("1",
                     "      hooks:\n"
                     "        pre_rollout: " +
                         Note() + "\n        pre_reload: " + Note() +
                         "\n        post_reload: " + Note() +
                         "\n        post_rollout: " + Note() + "\n")});
  EXPECT_EQ(Read(log_).find("pre_rollout host-1 1 1\n"), 0u) << Read(log_);
  for (const char* host : {"host-1", "host-2"}) {
    EXPECT_EQ(Ran(std::string("pre_reload ") + host + " 1 1"), 1);
    EXPECT_EQ(Ran(std::string("post_reload ") + host + " 1 1"), 1);
  }
  EXPECT_EQ(CountLines(Read(log_), "post_rollout host-1 1 1") +
                CountLines(Read(log_), "post_rollout host-2 1 1"),
            1);

  // The agent is killed in the middle of its hook, and the controller too.
  auto apply = fleet_.StartCtl(
      {"apply",
       Spec("2", "      hooks:\n        pre_reload: " +
                     Note("; while [ ! -e " + go + " ]; do sleep 0.05; done") +
                     "\n")},
      "apply");
  ASSERT_TRUE(
      fleet_.Eventually([&] { return Ran("pre_reload host-1 2 2") == 1; }));
  const std::vector<pid_t> pids = fleet_.Pids("web", "host-1");
  const pid_t agent = fleet_.AgentPid(1);
  kill(agent, SIGKILL);
  ASSERT_TRUE(fleet_.Eventually([&] {
    const pid_t now = fleet_.AgentPid(1);
    return now != 0 && now != agent;
  }));
  fleet_.KillController();
  fleet_.StartController();
  fleet_.AwaitConnected(2);
  EXPECT_EQ(fleet_.Pids("web", "host-1"), pids) << "touched before its hook";
  std::ofstream(go) << "\n";
  EXPECT_EQ(apply->Wait(kPatience).value_or(-1), 0);
  for (const char* host : {"host-1", "host-2"}) {
    EXPECT_EQ(Ran(std::string("pre_reload ") + host + " 2 2"), 1);
  }
  EXPECT_EQ(HttpGet(fleet_.Target(1, kPort)).body, "v2");
}

TEST_F(Deploy, ADeployScriptThatFailsTouchesNothingAndSaysWhy) {
  fleet_.MustCtl({"apply", Spec("1", "")});
  const std::vector<pid_t> pids = fleet_.Pids("web", "host-1");
  CommandResult r = fleet_.Ctl(
      {"apply", Spec("2",
                     "      hooks:\n        pre_reload: 'echo npm ERR "
                     "missing lockfile; exit 7'\n")});
  EXPECT_EQ(r.exit_code, 3) << r.err;
  for (const char* part :
       {"host-1", "pre_reload", "exit code 7", "npm ERR missing lockfile",
        "2/2 ready, revision 1", "rollout retry", "rollout undo"}) {
    EXPECT_NE(r.err.find(part), std::string::npos) << part << "\n" << r.err;
  }
  EXPECT_EQ(fleet_.Pids("web", "host-1"), pids);
  EXPECT_EQ(HttpGet(fleet_.Target(1, kPort)).body, "v1");
  const std::string logs =
      fleet_.MustCtl({"logs", "web", "--err", "--lines", "100"});
  EXPECT_NE(logs.find("npm ERR missing lockfile"), std::string::npos) << logs;
  EXPECT_NE(logs.find("pre_reload of revision 2"), std::string::npos) << logs;
  const std::string show = fleet_.MustCtl({"show", "web"});
  EXPECT_NE(show.find("exit code 7"), std::string::npos) << show;
  // A rollback runs the proven revision's hooks: it has none.
  fleet_.MustCtl({"rollout", "undo", "web"});
  EXPECT_EQ(fleet_.Pids("web", "host-1"), pids);
}

TEST_F(Deploy, MetricGatesFromOutsideStopABadCanary) {
  const std::string value = fleet_.dir() + "/value";
  std::ofstream(value) << "0.01";
  const std::string gate = fleet_.WriteApp(
      "gate.js",
      "const fs = require('fs');\n"
      "require('http').createServer((q, r) => {\n"
      "  const v = fs.readFileSync('" +
          value +
          "', 'utf8').trim();\n"
          "  if (q.url.startsWith('/api/v1/query?query=errors')) r.end(\n"
          "    JSON.stringify({status: 'success', data: {resultType: "
          "'vector',\n"
          "      result: [{metric: {host: 'a'}, value: [1, v]}]}}));\n"
          "  else r.end(v);\n"
          "}).listen(" +
          std::to_string(kGatePort) + ", '" + fleet_.Address(1) + "');\n");
  fleet_.MustCtl({"start", gate, "--name", "gate", "--hosts", "host-1",
                  "--min-ready-time", "0s"});
  const std::string url =
      "http://" + fleet_.Address(1) + ":" + std::to_string(kGatePort);
  const std::vector<std::string> policy = {
      "--canary",     "1",
      "--bake",       "1s",
      "--on-failure", "rollback",
      "--gate",       "http " + url + "/ratio <= 0.05",
      "--gate",       "prometheus " + url + " errors <= 0.05"};
  const auto apply = [&](const std::string& version,
                         const std::vector<std::string>& more) {
    std::vector<std::string> args = {"apply", Spec(version, "")};
    args.insert(args.end(), policy.begin(), policy.end());
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  fleet_.MustCtl(apply("1", {}));

  std::ofstream(value, std::ios::trunc) << "0.12";
  CommandResult bad = fleet_.Ctl(apply("2", {}));
  EXPECT_EQ(bad.exit_code, 3) << bad.err;
  for (const char* part :
       {"value 0.12 > 0.05", "since", "UTC", "/ratio", "rolled back"}) {
    EXPECT_NE(bad.err.find(part), std::string::npos) << part << bad.err;
  }
  EXPECT_EQ(HttpGet(fleet_.Target(1, kPort)).body, "v1");

  // Nobody answers: it holds, says who, and goes on when there is an answer.
  std::ofstream(value, std::ios::trunc) << "0.01";
  fleet_.MustCtl({"stop", "gate"});
  fleet_.MustCtl(apply("3", {"--no-wait"}));
  std::string status;
  ASSERT_TRUE(fleet_.Eventually([&] {
    status = fleet_.MustCtl({"rollout", "status", "web", "-o", "json"});
    return status.find("HOLD_KIND_METRIC") != std::string::npos;
  }));
  EXPECT_NE(status.find("no answer from metric gate http"), std::string::npos)
      << status;
  EXPECT_NE(status.find("since"), std::string::npos) << status;
  fleet_.MustCtl({"start", "gate"});
  fleet_.MustCtl({"rollout", "watch", "web"});
  EXPECT_EQ(HttpGet(fleet_.Target(2, kPort)).body, "v3");
}

}  // namespace
}  // namespace fleet::e2e
