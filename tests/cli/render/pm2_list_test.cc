#include "cli/render/pm2_list.h"

#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using Json = nlohmann::json;

Json List() {
  return Json::parse(
      Pm2List(FromText<v1::ListAppsResponse>(R"pb(
                apps {
                  name: "web"
                  id: 4
                  namespace: "shop"
                  spec {
                    script: "app.js"
                    cwd: "/srv"
                    interpreter: "node"
                    exec_mode: EXEC_MODE_CLUSTER
                    instance_var: "NODE_APP_INSTANCE"
                    env { key: "A" value: "1" }
                  }
                  hosts {
                    host: "host-1"
                    connected: true
                    status {
                      desired_instances: 2
                      instances {
                        slot: 0
                        pid: 100
                        state: INSTANCE_STATE_ONLINE
                        start_time { seconds: 1700000000 }
                        rss_bytes: 5000
                        cpu_cores: 0.2549
                        restarts: 7
                      }
                      instances {
                        slot: 1
                        state: INSTANCE_STATE_CRASH_LOOP
                        last_exit_code: 3
                        unstable_exits: 16
                      }
                    }
                  }
                  hosts {
                    host: "host-2"
                    status { instances { pid: 9 state: INSTANCE_STATE_ONLINE } }
                  }
                })pb"),
              -1));
}

// What scripts written for `pm2 jlist` read.
TEST(Pm2List, HasThePlacesThatScriptsLookAt) {
  const Json list = List();
  ASSERT_EQ(list.size(), 3U);
  const Json& first = list[0];
  EXPECT_EQ(first["name"], "web");
  EXPECT_EQ(first["pm_id"], 4);
  EXPECT_EQ(first["pid"], 100);
  EXPECT_EQ(first["monit"]["memory"], 5000);
  EXPECT_EQ(first["monit"]["cpu"], 25.5);
  const Json& env = first["pm2_env"];
  EXPECT_EQ(env["status"], "online");
  EXPECT_EQ(env["restart_time"], 7);
  EXPECT_EQ(env["pm_uptime"], 1700000000000);
  EXPECT_EQ(env["exec_mode"], "cluster_mode");
  EXPECT_EQ(env["instances"], 2);
  EXPECT_EQ(env["pm_exec_path"], "/srv/app.js");
  EXPECT_EQ(env["NODE_APP_INSTANCE"], 0);
  EXPECT_EQ(env["env"]["A"], "1");
  EXPECT_EQ(env["namespace"], "shop");
  EXPECT_EQ(first["fleet"]["host"], "host-1");
  EXPECT_EQ(first["fleet"]["instance"], "web.0");
}

TEST(Pm2List, StatesAreInPm2sWordsAndNeverBetterThanWhatIsKnown) {
  const Json list = List();
  EXPECT_EQ(list[1]["pm2_env"]["status"], "errored");
  EXPECT_EQ(list[1]["pm2_env"]["exit_code"], 3);
  EXPECT_EQ(list[1]["pm2_env"]["unstable_restarts"], 16);
  EXPECT_FALSE(list[0]["pm2_env"].contains("exit_code"));
  EXPECT_EQ(list[1]["pid"], 0);
  EXPECT_EQ(list[2]["pm2_env"]["status"], "stale");
  EXPECT_EQ(list[2]["fleet"]["connected"], false);
}

}  // namespace
}  // namespace fleet::cli
