#include "proto/rpc/app_spec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleet {
namespace {

TEST(ApplyDefaults, ChoosesInterpreterAndNameByScript) {
  struct Case {
    std::string script, interpreter, name;
  };
  const std::vector<Case> cases = {
      {"app.js", "node", "app"},
      {"a/b/api.server.mjs", "node", "api.server"},
      {"x.cjs", "node", "x"},
      {"worker.py", "python3", "worker"},
      {"run.sh", "bash", "run"},
      {"r.rb", "ruby", "r"},
      {"p.pl", "perl", "p"},
      {"i.php", "php", "i"},
      {"s.ts", "bun", "s"},
      {"s.tsx", "bun", "s"},
      {"/usr/bin/nginx", "none", "nginx"},
      {"./server", "none", "server"},
      {"a.js/server", "none", "server"},
      {"data.bin", "none", "data"},
      {".js", "none", ".js"},
  };
  for (const Case& c : cases) {
    AppSpec spec;
    spec.script = c.script;
    ApplyDefaults(spec);
    EXPECT_EQ(spec.interpreter, c.interpreter) << c.script;
    EXPECT_EQ(spec.name, c.name);
  }
}

TEST(ApplyDefaults, LeavesWhatTheUserWrote) {
  AppSpec spec;
  spec.script = "app.js";
  spec.interpreter = "none";
  spec.name = "web";
  spec.readiness.success_threshold = 0;
  spec.readiness.failure_threshold = 7;
  ApplyDefaults(spec);
  EXPECT_EQ(spec.interpreter, "none");
  EXPECT_EQ(spec.name, "web");
  EXPECT_EQ(spec.readiness.success_threshold, 1);
  EXPECT_EQ(spec.readiness.failure_threshold, 7);
}

TEST(IsNode, LooksAtTheInterpreterThenAtTheExtension) {
  AppSpec spec;
  spec.script = "app.js";
  EXPECT_TRUE(IsNode(spec));
  spec.interpreter = "/opt/node20/bin/node";
  EXPECT_TRUE(IsNode(spec));
  spec.interpreter = "bun";
  EXPECT_FALSE(IsNode(spec));
  spec.interpreter = "none";
  EXPECT_FALSE(IsNode(spec));
}

TEST(EffectiveStrategy, SurgesWhereSocketsAreHeld) {
  AppSpec spec;
  EXPECT_EQ(EffectiveStrategy(spec), ReloadStrategy::kStopFirst);
  spec.listen = {"tcp://0.0.0.0:80"};
  EXPECT_EQ(EffectiveStrategy(spec), ReloadStrategy::kSurge);
  spec.listen.clear();
  spec.exec_mode = ExecMode::kCluster;
  EXPECT_EQ(EffectiveStrategy(spec), ReloadStrategy::kSurge);
  spec.reload_strategy = ReloadStrategy::kStopFirst;
  EXPECT_EQ(EffectiveStrategy(spec), ReloadStrategy::kStopFirst);
}

TEST(ResolveInstances, CountsFromTheCores) {
  EXPECT_EQ(ResolveInstances(3, 8), 3);
  EXPECT_EQ(ResolveInstances(0, 8), 8);
  EXPECT_EQ(ResolveInstances(-1, 8), 7);
  EXPECT_EQ(ResolveInstances(-8, 8), 1);
  EXPECT_EQ(ResolveInstances(0, 0), 1);
}

}  // namespace
}  // namespace fleet
