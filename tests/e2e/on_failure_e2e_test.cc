// Four bad releases under each on_failure, all at once: what serves goes on
// serving, no request fails, the rollout ends where its policy says, and so
// does fleetctl.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

struct BadRelease {
  std::string name;
  std::string script;  // Its body; PORT is in the environment.
  std::string spec;    // More of the spec, for the bad release alone.
  std::vector<std::string> flags;
  std::string why;      // The report says so.
  bool after_its_step;  // It is found out when the first host is done.
};

std::vector<BadRelease> BadReleases() {
  // Serves nobody but its probe.
  auto server = [](const std::string& health, const std::string& rest) {
    return "require('http').createServer((q, r) => {"
           "if (q.url === '/health') {" +
           health +
           "}\n r.statusCode = 500; r.end('wrong'); })"
           ".listen(+process.env.PORT);\n"
           "console.error('cannot reach the database');\n" +
           rest;
  };
  return {
      {"never",
       server("return;", ""),
       "    listen_timeout: 5s\n",
       {},
       "ready",
       false},
      {"soak",
       server("return r.end('fine');",
              "setTimeout(() => process.exit(9), 5000);\n"),
       "",
       {"--min-ready-time", "8s"},
       "exit code 9",
       false},
      {"sick",
       server("r.statusCode = 500; return r.end('sick');", ""),
       "    listen_timeout: 5s\n",
       {},
       "500 \"sick\"",
       false},
      {"leak",
       "require('" + AppPath("web.js") +
           "');\nglobal.leak = Buffer.alloc(300 << 20, 1);\n",
       "",
       {"--canary", "1", "--bake", "6s", "--gate", "memory <= 200M"},
       "memory",
       true},
  };
}

struct Policy {
  std::string name;
  std::string phase;
};

std::vector<Policy> Policies() {
  return {{"pause", "ROLLOUT_PHASE_"},
          {"rollback", "ROLLOUT_PHASE_ROLLED_BACK"},
          {"abort", "ROLLOUT_PHASE_ABORTED"}};
}

// A release under a policy: an app of its own, on both hosts.
struct Case {
  BadRelease bad;
  Policy policy;
  std::string app;
  int port = 0;
  std::vector<pid_t> pids[2];
  std::unique_ptr<ChildProcess> apply;
};

class OnFailure : public testing::Test {
 protected:
  OnFailure() : fleet_({.hosts = 2}) {
    for (const BadRelease& bad : BadReleases()) {
      for (const Policy& policy : Policies()) {
        Case& c = cases_.emplace_back();
        c.bad = bad;
        c.policy = policy;
        c.app = bad.name + "-" + policy.name;
        c.port = 3000 + static_cast<int>(cases_.size());
      }
    }
  }

  std::string Entry(const Case& c, const std::string& script,
                    const std::string& version, const std::string& more) {
    return absl::StrCat(
        "  - name: ", c.app, "\n    script: ", script,
        "\n    exec_mode: cluster\n    instances: 1\n    stop_signal: SIGINT\n"
        "    readiness: {http: {port: ",
        c.port,
        ", path: /health}}\n"
        "    env: {PORT: '",
        c.port, "', VERSION: '", version, "'}\n", more);
  }

  // All apps, version 1, with one command.
  void ApplyFirst() {
    std::string all = "apps:\n";
    for (const Case& c : cases_) {
      absl::StrAppend(&all, Entry(c, AppPath("web.js"), "1", ""));
    }
    fleet_.MustCtl(
        {"apply", fleet_.WriteApp("first.yaml", all), "--min-ready-time", "0"});
    for (Case& c : cases_) {
      for (int i = 0; i < 2; ++i) {
        c.pids[i] = fleet_.Pids(c.app, fleet_.HostName(i + 1));
      }
    }
  }

  void StartBad(Case& c) {
    const std::string script =
        fleet_.WriteApp(c.bad.name + ".js", c.bad.script);
    std::vector<std::string> args = {
        "apply",
        fleet_.WriteApp(c.app + ".yaml",
                        "apps:\n" + Entry(c, script, "2", c.bad.spec)),
        "--on-failure", c.policy.name};
    args.insert(args.end(), c.bad.flags.begin(), c.bad.flags.end());
    c.apply = fleet_.StartCtl(args, c.app);
  }

  void ExpectEnd(Case& c) {
    const std::string said = ReadFile(fleet_.dir() + "/" + c.app + ".err");
    EXPECT_NE(said.find(c.bad.why), std::string::npos) << c.app << "\n" << said;
    const bool told = said.find("cannot reach the database") != said.npos;
    EXPECT_NE(told, c.bad.after_its_step) << c.app << "\n" << said;
    const auto rollout = nlohmann::json::parse(
        fleet_.Ctl({"rollout", "status", c.app, "-o", "json"}).out, nullptr,
        false);
    ASSERT_TRUE(rollout.is_object()) << c.app;
    const std::string phase = rollout.value("phase", "");
    EXPECT_EQ(phase.rfind(c.policy.phase, 0), 0U) << c.app << " is " << phase;
    const bool held =
        rollout.dump().find("HOLD_KIND_FAILURE") != std::string::npos;
    EXPECT_EQ(held, c.policy.name == "pause") << rollout.dump(1);
  }

  // The first host has the bad release only where it was done with it before
  // it was found out, and nobody asked for the way back.
  void ExpectServes(Case& c) {
    const bool stays = c.bad.after_its_step && c.policy.name != "rollback";
    EXPECT_EQ(HttpGet(fleet_.Target(1, c.port)).body, stays ? "v2" : "v1")
        << c.app;
    EXPECT_EQ(HttpGet(fleet_.Target(2, c.port)).body, "v1") << c.app;
    EXPECT_EQ(fleet_.Pids(c.app, "host-2"), c.pids[1]) << c.app;
    if (c.bad.after_its_step) return;
    // What was given up may still be on its way out.
    EXPECT_TRUE(fleet_.Eventually([&] {
      return fleet_.Pids(c.app, "host-1") == c.pids[0];
    })) << c.app;
  }

  TestFleet fleet_;
  std::vector<Case> cases_;
};

TEST_F(OnFailure, DecidesHowABadReleaseEnds) {
  ApplyFirst();
  std::vector<HttpLoad::Target> targets;
  for (const Case& c : cases_) {
    targets.push_back(fleet_.Target(1, c.port));
    targets.push_back(fleet_.Target(2, c.port));
  }
  HttpLoad load(targets, LoadMode::kClose, 1, absl::Milliseconds(40));
  ASSERT_TRUE(load.AwaitServed(100, kPatience));
  for (Case& c : cases_) StartBad(c);
  for (Case& c : cases_) {
    EXPECT_EQ(c.apply->Wait(2 * kPatience).value_or(-1), 3)
        << c.app << "\n"
        << ReadFile(fleet_.dir() + "/" + c.app + ".err");
  }
  ASSERT_TRUE(load.AwaitServed(100, kPatience));
  const LoadCounts counts = load.Stop();
  EXPECT_EQ(counts.failed, 0) << nlohmann::json(counts.reasons).dump();
  for (Case& c : cases_) {
    ExpectEnd(c);
    ExpectServes(c);
  }
  // A person's abort is no failure.
  fleet_.MustCtl({"rollout", "abort", "sick-pause"});
  EXPECT_EQ(fleet_.Ctl({"rollout", "status", "sick-pause", "--wait"}).exit_code,
            5);
}

}  // namespace
}  // namespace fleet::e2e
