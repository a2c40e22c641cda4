#include "cli/monit/monit_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/monit/monit_keys.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(5000);
const absl::Time kWall = absl::FromUnixSeconds(1700000000);

MonitState TwoHosts() {
  MonitState state;
  state.hosts = FromText<v1::ListHostsResponse>(R"pb(
    hosts {
      name: "host-1"
      state: HOST_STATE_CONNECTED
      cores: 8
      memory_bytes: 17179869184
      instances: 2
      instances_ready: 2
      usage { cpu_cores: 4 memory_used_bytes: 4294967296 load1: 1.5 }
    }
    hosts {
      name: "host-2"
      state: HOST_STATE_DISCONNECTED
      cores: 2
      memory_bytes: 2147483648
      last_seen_time { seconds: 1699999940 }
    })pb");
  state.apps = FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "cron"
      hosts {
        host: "host-1"
        connected: true
        status {
          desired_instances: 1
          instances {
            slot: 0
            state: INSTANCE_STATE_CRASH_LOOP
            last_exit: "exit code 3"
            restarts: 16
          }
        }
      }
    }
    apps {
      name: "web"
      hosts {
        host: "host-1"
        connected: true
        status {
          desired_instances: 2
          instances {
            slot: 0
            pid: 100
            worker_id: 1
            ready: true
            state: INSTANCE_STATE_ONLINE
            start_time { seconds: 1699999000 }
            rss_bytes: 50000000
            cpu_cores: 0.25
          }
          instances {
            slot: 1
            pid: 101
            worker_id: 2
            ready: true
            state: INSTANCE_STATE_ONLINE
            start_time { seconds: 1699990000 }
            rss_bytes: 50000000
            cpu_cores: 1.0
          }
        }
      }
      hosts {
        host: "host-2"
        observe_time { seconds: 1699999940 }
        status { instances { slot: 0 pid: 7 state: INSTANCE_STATE_ONLINE } }
      }
    })pb");
  state.history.AddHosts(state.hosts);
  state.history.AddApps(state.apps);
  state.updated = kNow;
  state.selected = {"web", "host-1", 0};
  state.logs_app = "web";
  AddLogs(FromText<v1::TailLogsResponse>(R"pb(
            lines { host: "host-1" app: "web" slot: 0 text: "GET / 200" }
            lines {
              host: "host-1"
              app: "web"
              slot: 1
              stream: LOG_STREAM_ERR
              text: "warning"
            })pb"),
          state);
  return state;
}

std::string Shown(const MonitState& state, size_t width = 80,
                  size_t height = 18) {
  MonitFrame frame;
  frame.size = {width, height};
  frame.now = kNow;
  frame.wall_now = kWall;
  const std::string text = RenderMonit(state, frame).ToText();
  // The clock is of the local time zone.
  const std::string clock =
      absl::FormatTime("%H:%M:%S", kWall, absl::LocalTimeZone());
  const size_t at = text.find(clock);
  return at == text.npos
             ? text
             : text.substr(0, at) + "HH:MM:SS" + text.substr(at + clock.size());
}

TEST(MonitView, EightyColumns) {
  EXPECT_EQ(
      Shown(TwoHosts()),
      " fleet  hosts 1/2  apps 2  ready 2/3  cpu 4.0/10                       "
      " HH:MM:SS\n"
      " host                  cpu                        mem   load workers "
      "state\n"
      " host-1              4.0/8        ▅   4.00 GB/16.0 GB   1.50     2/2 "
      "connected\n"
      " host-2                -/2                  -/2.00 GB      -     0/0 "
      "away for 1m\n"
      " instance       host           ↺ uptime    cpu               mem state\n"
      " cron.0         host-1        16      -      -                 - crash "
      "loop: exi\n"
      " web.0          host-1         0 16m40s  25.0%        ▃  47.7 MB "
      "online\n"
      " web.1          host-1         0  2h46m 100.0%        █  47.7 MB "
      "online\n"
      " web.0          host-2         0      -   0.0%               0 B no "
      "news for 1m0\n"
      "\n\n\n\n"
      " logs of web  web: no news from host-2 (1m00s)\n"
      " host-1 .0 GET / 200\n"
      " host-1 .1 warning\n"
      "\n"
      " r reload  R restart  s stop  S start  + - scale  / filter  tab hosts  "
      "? help\n");
}

TEST(MonitView, NoAnswerIsSaid) {
  MonitState state = TwoHosts();
  state.updated = kNow - absl::Seconds(12);
  EXPECT_THAT(Shown(state), HasSubstr("no answer for 12"));
  EXPECT_THAT(Shown(MonitState()), HasSubstr("no answer yet"));
  EXPECT_THAT(Shown(MonitState()), HasSubstr("waiting for the controller"));
}

TEST(MonitView, EverySizeIsDrawnWithoutHarm) {
  MonitState state = TwoHosts();
  for (size_t width : {1, 2, 10, 39, 80, 200, 1000}) {
    for (size_t height : {1, 2, 3, 5, 6, 7, 24, 100}) {
      for (bool help : {false, true}) {
        state.help = help;
        const MonitLayout layout = LayoutOf(state, {width, height});
        EXPECT_LE(layout.host_rows + layout.instance_rows + layout.log_rows,
                  height);
        Shown(state, width, height);
      }
    }
  }
}

TEST(MonitView, TheSelectionStaysInSight) {
  MonitState state = TwoHosts();
  v1::App& app = *state.apps.mutable_apps(1);
  auto* instances = app.mutable_hosts(0)->mutable_status()->mutable_instances();
  for (int slot = 2; slot < 200; ++slot) {
    v1::Instance& instance = *instances->Add();
    instance.set_slot(slot);
    instance.set_state(v1::INSTANCE_STATE_ONLINE);
  }
  HandleKey({Key::Kind::kEnd, ""}, 5, state);
  EXPECT_THAT(Shown(state), HasSubstr(" web.0          host-2"));
  HandleKey({Key::Kind::kUp, ""}, 5, state);
  EXPECT_THAT(Shown(state), HasSubstr(" web.199 "));
  HandleKey({Key::Kind::kPageUp, ""}, 5, state);
  EXPECT_EQ(state.selected.slot, 194);
  EXPECT_THAT(Shown(state), HasSubstr(" web.194 "));
}

TEST(MonitKeys, WhatEndsWorkersIsAskedForFirst) {
  MonitState state = TwoHosts();
  EXPECT_FALSE(HandleKey({Key::Kind::kText, "s"}, 5, state).order);
  EXPECT_THAT(Shown(state), HasSubstr(" stop web on all hosts?  y: yes"));
  EXPECT_FALSE(HandleKey({Key::Kind::kText, "n"}, 5, state).order);
  EXPECT_FALSE(state.asked);
  HandleKey({Key::Kind::kText, "r"}, 5, state);
  const auto order = HandleKey({Key::Kind::kText, "y"}, 5, state).order;
  EXPECT_EQ(order, (MonitOrder{MonitOrder::Kind::kReload, "web", ""}));
  EXPECT_EQ(HandleKey({Key::Kind::kText, "+"}, 5, state).order,
            (MonitOrder{MonitOrder::Kind::kScaleUp, "web", ""}));
}

TEST(MonitKeys, AHostNarrowsRowsAndOrders) {
  MonitState state = TwoHosts();
  HandleKey({Key::Kind::kTab, ""}, 5, state);
  HandleKey({Key::Kind::kDown, ""}, 5, state);
  EXPECT_EQ(state.selected_host, "host-2");
  HandleKey({Key::Kind::kEnter, ""}, 5, state);
  EXPECT_THAT(Shown(state), HasSubstr("1 rows, host host-2"));
  EXPECT_THAT(Shown(state), Not(HasSubstr("cron.0")));
  EXPECT_EQ(HandleKey({Key::Kind::kText, "S"}, 5, state).order,
            (MonitOrder{MonitOrder::Kind::kStart, "web", "host-2"}));
  HandleKey({Key::Kind::kEscape, ""}, 5, state);
  EXPECT_THAT(Shown(state), HasSubstr("cron.0"));
}

TEST(MonitKeys, AFilterIsTypedAndTakenBack) {
  MonitState state = TwoHosts();
  HandleKey({Key::Kind::kText, "/"}, 5, state);
  for (const char* letter : {"C", "r", "a", "é", "x"}) {
    HandleKey({Key::Kind::kText, letter}, 5, state);
  }
  HandleKey({Key::Kind::kBackspace, ""}, 5, state);
  HandleKey({Key::Kind::kBackspace, ""}, 5, state);
  EXPECT_EQ(state.filter, "Cra");
  HandleKey({Key::Kind::kEnter, ""}, 5, state);
  // Of the state "crash loop", and no key of the filter was an order.
  EXPECT_THAT(Shown(state), HasSubstr("cron.0"));
  EXPECT_THAT(Shown(state), Not(HasSubstr("web.1")));
  EXPECT_EQ(state.selected.app, "cron");
  HandleKey({Key::Kind::kText, "q"}, 5, state);
  HandleKey({Key::Kind::kEscape, ""}, 5, state);
  EXPECT_EQ(state.filter, "");
}

TEST(MonitKeys, QuitHelpAndSuspend) {
  MonitState state = TwoHosts();
  HandleKey({Key::Kind::kText, "?"}, 5, state);
  EXPECT_THAT(Shown(state), HasSubstr("any key closes this"));
  HandleKey({Key::Kind::kText, "x"}, 5, state);
  EXPECT_FALSE(state.help);
  EXPECT_TRUE(HandleKey({Key::Kind::kText, "q"}, 5, state).quit);
  EXPECT_TRUE(HandleKey({Key::Kind::kInterrupt, ""}, 5, state).quit);
  EXPECT_TRUE(HandleKey({Key::Kind::kSuspend, ""}, 5, state).suspend);
}

TEST(UsageHistory, FollowsWorkersAndForgetsThem) {
  MonitState state = TwoHosts();
  for (int i = 0; i < 100; ++i) state.history.AddApps(state.apps);
  EXPECT_EQ(state.history.OfInstance("web", "host-1", 0).cpu_cores.size(),
            UsageHistory::kKept);
  // A successor begins anew.
  state.apps.mutable_apps(1)
      ->mutable_hosts(0)
      ->mutable_status()
      ->mutable_instances(0)
      ->set_worker_id(9);
  state.history.AddApps(state.apps);
  EXPECT_EQ(state.history.OfInstance("web", "host-1", 0).cpu_cores.size(), 1U);
  state.history.AddApps({});
  EXPECT_TRUE(state.history.OfInstance("web", "host-1", 0).cpu_cores.empty());
}

}  // namespace
}  // namespace fleet::cli
