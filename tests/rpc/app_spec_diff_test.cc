#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/app_spec.h"

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AppSpec Web() {
  AppSpec spec;
  spec.name = "web";
  spec.script = "app.js";
  spec.env = {{"TOKEN", "secret-1"}, {"OLD", "x"}};
  ApplyDefaults(spec);
  return spec;
}

TEST(DiffAppSpecs, IsEmptyForTheSame) {
  EXPECT_THAT(DiffAppSpecs(Web(), Web()), IsEmpty());
}

TEST(DiffAppSpecs, NamesChangedFieldsInOrderAndNeverShowsEnvValues) {
  AppSpec to = Web();
  to.hosts = "role=web";
  to.instances = 4;
  to.args = {"--port", "80"};
  to.readiness.http = HttpProbe{80, "/up", 204};
  to.stop.kill_timeout = absl::Seconds(90);
  to.rollout.max_parallel = "25%";
  to.rollout.on_failure = OnFailure::kAbort;
  to.env = {{"TOKEN", "secret-2"}, {"NEW", "y"}};
  EXPECT_THAT(DiffAppSpecs(Web(), to),
              ElementsAre("args: [] → [--port, 80]", "instances: 1 → 4",
                          "readiness.http: (unset) → :80/up = 204",
                          "stop.kill_timeout: 30s → 1m30s",
                          "rollout.max_parallel: (unset) → 25%",
                          "rollout.on_failure: (unset) → abort",
                          "hosts: all → role=web", "env.NEW: set",
                          "env.OLD: removed", "env.TOKEN: changed"));
}

}  // namespace
}  // namespace fleet
