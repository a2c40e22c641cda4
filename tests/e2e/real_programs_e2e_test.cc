// Programs that everybody runs, as they are: started, served, reloaded under
// load, scaled, and stopped with all that they had started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kPort = 3000;
constexpr int kReloads = 3;

std::string Real(const std::string& name) { return AppPath("real/" + name); }

std::string NodeModules(const std::string& package) {
  return std::string(FLEET_SOURCE_DIR) + "/build/npm/" + package +
         "/node_modules";
}

// `pid` and all that descends from it.
void AddTree(pid_t pid, std::vector<pid_t>& tree) {
  tree.push_back(pid);
  const std::string process = "/proc/" + std::to_string(pid);
  std::ifstream children(process + "/task/" + std::to_string(pid) +
                         "/children");
  for (pid_t child = 0; children >> child;) AddTree(child, tree);
}

class RealPrograms : public testing::Test {
 protected:
  std::vector<pid_t> Processes() {
    std::vector<pid_t> tree;
    for (pid_t pid : fleet_.Pids("app", "host-1")) AddTree(pid, tree);
    return tree;
  }

  // An app that PM2's users write for a framework of Node.
  void StartCluster(const std::string& script, const std::string& package) {
    fleet_.MustCtl(
        {"start",
         fleet_.WriteApp("ecosystem.config.js",
                         "module.exports = {apps: [{name: 'app', script: '" +
                             Real(script) +
                             "', instances: 2, env: {NODE_PATH: '" +
                             NodeModules(package) + "'}}]};\n"),
         "--min-ready-time", "0"});
  }

  void Apply(const std::string& fields) {
    fleet_.MustCtl(
        {"apply", fleet_.WriteApp("fleet.yaml",
                                  "apps:\n  - name: app\n" + fields +
                                      "    rollout: {min_ready_time: 0s}\n")});
  }

  // Every answer is `body`, through reloads and changes of size.
  void ServesThroughReloads(const std::string& body, LoadMode mode) {
    const std::vector<pid_t> before = Processes();
    HttpLoad load({fleet_.Target(1, kPort)}, mode, 4);
    ASSERT_TRUE(load.AwaitServed(50, kPatience));
    for (int i = 0; i < kReloads; ++i) {
      fleet_.MustCtl({"reload", "app", "--min-ready-time", "0"});
    }
    fleet_.MustCtl({"scale", "app", "3"});
    EXPECT_EQ(fleet_.Pids("app", "host-1").size(), 3U);
    fleet_.MustCtl({"scale", "app", "1"});
    ASSERT_TRUE(load.AwaitServed(50, kPatience));
    const LoadCounts counts = load.Stop();
    EXPECT_EQ(counts.failed, 0) << counts.reasons.begin()->first;
    EXPECT_EQ(counts.bodies.size(), 1U);
    EXPECT_EQ(counts.bodies.count(body), 1U) << counts.bodies.begin()->first;
    for (pid_t pid : before) EXPECT_FALSE(IsAlive(pid));
  }

  void StopsWithItsTree(size_t at_least) {
    const std::vector<pid_t> tree = Processes();
    EXPECT_GE(tree.size(), at_least);
    fleet_.MustCtl({"stop", "app"});
    for (pid_t pid : tree) EXPECT_FALSE(IsAlive(pid)) << pid;
    EXPECT_THAT(HttpGet(fleet_.Target(1, kPort)).failure, Not(""));
  }

  TestFleet fleet_;
};

TEST_F(RealPrograms, ExpressInClusterMode) {
  StartCluster("express.js", "express@5.3.0");
  ServesThroughReloads("express", LoadMode::kKeepAlive);
  StopsWithItsTree(1);
}

TEST_F(RealPrograms, FastifyInClusterMode) {
  StartCluster("fastify.js", "fastify@5.12.8");
  ServesThroughReloads("fastify", LoadMode::kKeepAlive);
  StopsWithItsTree(1);
}

TEST_F(RealPrograms, GunicornWithSocketActivation) {
  Apply(
      "    script: /usr/bin/gunicorn\n    interpreter: none\n"
      "    args: [--workers, '2', --graceful-timeout, '3', 'wsgi:app']\n    "
      "cwd: " +
      Real("") +
      "\n    env: {PYTHONDONTWRITEBYTECODE: '1'}\n"
      "    listen: ['tcp://0.0.0.0:3000']\n"
      "    readiness: {http: {path: /, port: 3000}}\n");
  ServesThroughReloads("gunicorn", LoadMode::kClose);
  StopsWithItsTree(3);
}

TEST_F(RealPrograms, UvicornWithSocketActivation) {
  Apply(
      "    script: /usr/bin/uvicorn\n    interpreter: none\n"
      "    args: [--fd, '3', --no-access-log, 'asgi:app']\n    cwd: " +
      Real("") +
      "\n    env: {PYTHONDONTWRITEBYTECODE: '1'}\n"
      "    listen: ['tcp://0.0.0.0:3000']\n"
      "    readiness: {http: {path: /, port: 3000}}\n");
  ServesThroughReloads("uvicorn", LoadMode::kClose);
  StopsWithItsTree(1);
}

TEST_F(RealPrograms, NginxThatBindsItsPortItself) {
  Apply(
      "    script: /usr/sbin/nginx\n    interpreter: none\n"
      "    args: [-p, " +
      fleet_.dir() + ", -c, " + Real("nginx.conf") +
      ", -g, 'daemon off;']\n"
      "    stop_signal: SIGQUIT\n    takeover: true\n"
      "    listen: ['tcp://0.0.0.0:3000']\n"
      "    readiness: {http: {path: /, port: 3000}}\n");
  ServesThroughReloads("nginx", LoadMode::kClose);
  StopsWithItsTree(3);
}

TEST_F(RealPrograms, CaddyAServerWrittenInGo) {
  Apply(
      "    script: /usr/bin/caddy\n    interpreter: none\n"
      "    args: [respond, --listen, ':3000', caddy]\n"
      "    env: {HOME: " +
      fleet_.dir() +
      "}\n    takeover: true\n    listen: ['tcp://0.0.0.0:3000']\n"
      "    readiness: {http: {path: /, port: 3000}}\n");
  ServesThroughReloads("caddy", LoadMode::kClose);
  StopsWithItsTree(1);
}

TEST_F(RealPrograms, RedisKeepsItsDataThroughARestart) {
  const std::string data = fleet_.dir() + "/redis";
  std::filesystem::create_directories(data);
  const std::string address = fleet_.Address(1);
  Apply(
      "    script: /usr/bin/redis-server\n    interpreter: none\n"
      "    args: [--bind, " +
      address + ", --port, '3000', --dir, " + data +
      ", --save, '3600 1', --supervised, systemd]\n"
      "    readiness: {notify: true, tcp: {port: 3000}}\n");
  const auto redis = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"redis-cli", "-h", address, "-p", "3000"});
    ProcessOptions options;
    options.argv = words;
    return RunCommand(options, fleet_.dir(), kPatience).out;
  };
  EXPECT_EQ(redis({"set", "colour", "blue"}), "OK\n");
  const pid_t before = fleet_.Pids("app", "host-1").at(0);
  fleet_.MustCtl({"reload", "app", "--min-ready-time", "0"});
  EXPECT_FALSE(IsAlive(before));
  EXPECT_EQ(redis({"get", "colour"}), "blue\n");
  StopsWithItsTree(1);
  EXPECT_THAT(redis({"ping"}), Not(HasSubstr("PONG")));
}

TEST_F(RealPrograms, ABashLoopAndWhatItStarts) {
  Apply("    script: " + Real("loop.sh") + "\n    instances: 2\n");
  for (const char* words : {"round of 0", "round of 1"}) {
    EXPECT_TRUE(fleet_.Eventually([&] {
      return fleet_.Ctl({"logs", "app"}).out.find(words) != std::string::npos;
    })) << words;
  }
  const std::vector<pid_t> before = fleet_.Pids("app", "host-1");
  fleet_.MustCtl({"reload", "app", "--min-ready-time", "0"});
  fleet_.MustCtl({"scale", "app", "+1"});
  for (pid_t pid : before) EXPECT_FALSE(IsAlive(pid));
  EXPECT_EQ(fleet_.Pids("app", "host-1").size(), 3U);
  StopsWithItsTree(3);
}

}  // namespace
}  // namespace fleet::e2e
