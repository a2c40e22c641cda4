#include "cli/render/app_table.h"

#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "cli/render/app_details.h"
#include "cli/render/app_summary.h"
#include "cli/render/host_table.h"
#include "cli/render/rollout_table.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

v1::ListAppsResponse TwoApps() {
  return FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "web"
      spec { exec_mode: EXEC_MODE_CLUSTER }
      active_rollout_uid: "r-1"
      hosts {
        host: "host-1"
        connected: true
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 2
          instances {
            slot: 0
            pid: 100
            generation: 4
            revision: 3
            state: INSTANCE_STATE_ONLINE
            ready: true
            start_time { seconds: 1699999000 }
            rss_bytes: 50000000
            cpu_cores: 0.25
            restarts: 1
          }
          instances {
            slot: 1
            pid: 101
            generation: 3
            revision: 2
            state: INSTANCE_STATE_ONLINE
            ready: true
            start_time { seconds: 1699990000 }
            rss_bytes: 50000000
            cpu_cores: 0.05
          }
        }
      }
      hosts {
        host: "host-2"
        observe_time { seconds: 1699999880 }
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 1
          instances {
            slot: 0
            pid: 7
            generation: 3
            revision: 2
            state: INSTANCE_STATE_ONLINE
            ready: true
            start_time { seconds: 1699990000 }
          }
        }
      }
    }
    apps {
      name: "cron"
      id: 1
      hosts {
        host: "host-1"
        connected: true
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 1
          instances {
            slot: 0
            state: INSTANCE_STATE_BACKOFF
            last_exit: "exit code 3"
            next_start_time { seconds: 1700000004 }
            restarts: 9
          }
        }
      }
    }
  )pb");
}

TableView View() { return {kNow, {}, 0, false}; }

TEST(AppTable, ShowsARowPerAppAndBelowWhatDoesNotFit) {
  EXPECT_EQ(AppTable(TwoApps(), View()),
            "id  name  ready  hosts  rev  ↺  uptime    cpu      mem  state\n"
            " 0  web     2/2    1/2  2,3  1  16m40s  30.0%  95.4 MB  online\n"
            " 1  cron    0/1    0/1    -  9       -   0.0%      0 B  waiting "
            "restart\n"
            "web: MIXED 2,3: several revisions run; rollout r-1 has not ended: "
            "fleetctl rollout status r-1\n"
            "web: no news from host-2 (2m00s)\n");
}

// Two hosts, each with a worker of a revision.
v1::App OfTwoRevisions() {
  return FromText<v1::App>(R"pb(
    name: "web"
    revision: 4
    proven_revision: 3
    hosts {
      host: "host-1"
      connected: true
      status { instances { pid: 1 revision: 3 state: INSTANCE_STATE_ONLINE } }
    }
    hosts {
      host: "host-2"
      connected: true
      status { instances { pid: 2 revision: 4 state: INSTANCE_STATE_ONLINE } }
    }
  )pb");
}

TEST(AppDetails, NamesHostsThatWereScaledByThemselves) {
  v1::App app = OfTwoRevisions();
  app.mutable_spec()->set_instances(4);
  for (v1::HostApp& host : *app.mutable_hosts()) {
    v1::AppStatus& status = *host.mutable_status();
    status.set_run_state(v1::RUN_STATE_RUNNING);
    status.set_desired_instances(host.host() == "host-1" ? 2 : 4);
  }
  EXPECT_NE(AppDetails(app, {}, View()).find("4 on each host; 2 on host-1\n"),
            std::string::npos);
}

TEST(AppSummary, OfSeveralRevisionsItSaysWhatToTypeNext) {
  v1::App app = OfTwoRevisions();
  EXPECT_EQ(RevisionText(Summarize(app)), "MIXED 3,4");
  EXPECT_EQ(MixedHelp(app, Summarize(app)),
            "all to the proven one: fleetctl rollback web --to-revision 3");
  v1::ListAppsResponse apps;
  *apps.add_apps() = app;
  EXPECT_EQ(NotesText(apps, View()),
            "web: MIXED 3,4: several revisions run; all to the proven one: "
            "fleetctl rollback web --to-revision 3\n");
  EXPECT_NE(AppDetails(app, {}, View()).find("fleetctl rollback web --to-rev"),
            std::string::npos);
  app.set_proven_revision(0);
  EXPECT_EQ(MixedHelp(app, Summarize(app)),
            "no revision is proven yet: fleetctl apply FILE");
  app.mutable_hosts(1)->mutable_cordon()->set_reason("disk");
  EXPECT_EQ(MixedHelp(app, Summarize(app)),
            "hosts that are cordoned follow once they are uncordoned");
  app.set_active_rollout_uid("r-1");
  EXPECT_EQ(MixedHelp(app, Summarize(app)),
            "rollout r-1 has not ended: fleetctl rollout status r-1");
}

TEST(AppSummary, WhatIsBeingStoppedMixesWithNothing) {
  v1::App app = OfTwoRevisions();
  v1::Instance& failed =
      *app.mutable_hosts(1)->mutable_status()->mutable_instances(0);
  failed.set_state(v1::INSTANCE_STATE_STOPPING);
  EXPECT_EQ(RevisionText(Summarize(app)), "3");
  EXPECT_EQ(MixedHelp(app, Summarize(app)), "");
  // Alone it is what there is.
  app.mutable_hosts()->DeleteSubrange(0, 1);
  EXPECT_EQ(RevisionText(Summarize(app)), "4");
}

TEST(AppTable, ShowsARowPerWorkerAndMarksWhatIsStale) {
  EXPECT_EQ(InstanceTable(TwoApps(), View()),
            "instance  host    pid  rev  ↺  uptime    cpu      mem  state\n"
            "web.0     host-1  100    3  1  16m40s  25.0%  47.7 MB  online\n"
            "web.1     host-1  101    2  0   2h46m   5.0%  47.7 MB  online\n"
            "web.0     host-2    7    2  0   2h46m      -        -  stale "
            "2m00s, was online\n"
            "cron.0    host-1    -    0  9       -      -        -  waiting "
            "restart: in 4.0s: exit code 3\n");
}

TEST(AppTable, WideHasMoreColumnsAndANarrowTerminalCutsTheLongest) {
  TableView view = View();
  view.wide = true;
  EXPECT_NE(InstanceTable(TwoApps(), view).find("gen  mode     namespace"),
            std::string::npos);
  view = View();
  view.width = 60;
  for (const auto line : absl::StrSplit(InstanceTable(TwoApps(), view), '\n')) {
    EXPECT_LE(DisplayWidth(std::string(line)), 60U) << line;
  }
}

TEST(AppTable, SaysThatLinesAreBeingLost) {
  const auto apps = FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "web"
      hosts {
        host: "host-1"
        connected: true
        status {
          instances { logs { lost_bytes: 5 } }
          instances { logs { problem: "cannot write: No space left" } }
          instances { logs { problem: "cannot write: No space left" } }
        }
      }
    }
  )pb");
  const std::string text = AppTable(apps, View());
  EXPECT_TRUE(text.ends_with(
      "\nweb: log lines are lost on host-1: cannot write: No space left\n"))
      << text;
}

TEST(AppTable, ACrashLoopAndAFailedStepAreSaidWithWhatToDo) {
  const auto apps = FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "web"
      hosts {
        host: "host-1"
        connected: true
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 1
          step { phase: STEP_PHASE_FAILED reason: "exit code 3" }
          instances {
            slot: 0
            state: INSTANCE_STATE_CRASH_LOOP
            last_exit: "exit code 3"
          }
        }
      }
    })pb");
  const std::string text = AppTable(apps, View());
  EXPECT_NE(text.find("web: last step failed on host-1: exit code 3; fleetctl "
                      "show web\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("web: crash loop on host-1: exit code 3; fleetctl logs "
                      "web --err\n"),
            std::string::npos)
      << text;
}

TEST(AppTable, PaintsOnlyWhenAsked) {
  EXPECT_EQ(AppTable(TwoApps(), View()).find('\x1b'), std::string::npos);
  TableView view = View();
  view.style.colours = true;
  EXPECT_NE(AppTable(TwoApps(), view).find("\x1b[32monline"),
            std::string::npos);
}

TEST(AppTable, AStoppedAppIsStoppedOnlyWhenTheHostsSaySo) {
  auto apps = FromText<v1::ListAppsResponse>(R"pb(
    apps {
      name: "a"
      run_state: RUN_STATE_STOPPED
      hosts {
        host: "h"
        connected: true
        status {
          run_state: RUN_STATE_RUNNING
          desired_instances: 1
          instances { slot: 0 pid: 5 state: INSTANCE_STATE_ONLINE ready: true }
        }
      }
    })pb");
  EXPECT_NE(AppTable(apps, View()).find("online"), std::string::npos);
  auto* status = apps.mutable_apps(0)->mutable_hosts(0)->mutable_status();
  status->set_run_state(v1::RUN_STATE_STOPPED);
  status->clear_instances();
  EXPECT_NE(AppTable(apps, View()).find("stopped"), std::string::npos);
}

TEST(HostTable, ShowsHosts) {
  const auto hosts = FromText<v1::ListHostsResponse>(R"pb(
    hosts {
      name: "host-1"
      state: HOST_STATE_CONNECTED
      cores: 8
      memory_bytes: 8589934592
      instances: 4
      instances_ready: 4
      usage { cpu_cores: 1.5 memory_used_bytes: 1073741824 load1: 0.7 }
      labels { key: "zone" value: "a" }
      labels { key: "role" value: "web" }
      connect_time { seconds: 1699999940 }
    }
    hosts {
      name: "host-2"
      state: HOST_STATE_DISCONNECTED
      cores: 2
      last_seen_time { seconds: 1699999970 }
    }
  )pb");
  EXPECT_EQ(HostTable(hosts, View()),
            "name    state      ready    cpu  load              mem  labels\n"
            "host-1  connected    4/4  1.5/8  0.70  1.00 GB/8.00 GB  "
            "role=web,zone=a\n"
            "host-2  away 30s     0/0    -/2     -            -/0 B  -\n");
  TableView wide = View();
  wide.wide = true;
  EXPECT_NE(HostTable(hosts, wide).find("agent  keeper  kernel"),
            std::string::npos);
}

TEST(HostTable, SaysBelowWhatIsNotWell) {
  const auto hosts = FromText<v1::ListHostsResponse>(R"pb(
    hosts { name: "a" state: HOST_STATE_CONNECTED agent_version: "1.0" }
    hosts { name: "b" state: HOST_STATE_CONNECTED agent_version: "1.1" }
    hosts {
      name: "c"
      state: HOST_STATE_CONFLICT
      reason: "two machines"
      connect_time { seconds: 1699999940 }
      cores: 8
      usage { cpu_cores: 1.5 }
    }
    hosts {
      name: "d"
      state: HOST_STATE_CONNECTED
      agent_version: "1.0"
      usage { problem: "No space left on device: 0 B" }
    }
    hosts {
      name: "e"
      state: HOST_STATE_DISCONNECTED
      usage { problem: "as of yesterday" }
    }
  )pb");
  const std::string text = HostTable(hosts, View());
  EXPECT_NE(text.find("d: No space left on device: 0 B\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("yesterday"), std::string::npos) << text;
  EXPECT_NE(text.find("c: two machines\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1.5/8"), std::string::npos) << "of the one that stays";
  EXPECT_NE(text.find("agents of several versions: 1.0, 1.1;"),
            std::string::npos)
      << text;
}

TEST(HostTable, SaysWhoHasCordonedAHostWhenAndWhy) {
  const auto hosts = FromText<v1::ListHostsResponse>(R"pb(
    hosts {
      name: "a"
      state: HOST_STATE_CONNECTED
      cordon {
        reason: "disk is failing"
        actor: "ann"
        time { seconds: 1699999940 }
      }
    }
    hosts {
      name: "b"
      state: HOST_STATE_CONNECTED
      cordon {
        drained: true
        actor: "ben"
        time { seconds: 1699999970 }
      }
    })pb");
  const std::string text = HostTable(hosts, View());
  for (const char* part :
       {"a     cordoned", "b     drained",
        "a is cordoned by ann, 1m00s ago: disk is failing; fleetctl uncordon a",
        "b is drained by ben, 30s ago; fleetctl uncordon b"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(RolloutTable, ShowsRollouts) {
  const auto rollouts = FromText<v1::ListRolloutsResponse>(R"pb(
    rollouts {
      uid: "r-1"
      app: "web"
      kind: ROLLOUT_KIND_DEPLOY
      from_revision: 2
      to_revision: 3
      phase: ROLLOUT_PHASE_ROLLING
      holds { kind: HOLD_KIND_FAILURE }
      hosts_done: 1
      hosts_total: 3
      actor: "ann"
      create_time { seconds: 1699999940 }
    })pb");
  EXPECT_EQ(RolloutTable(rollouts, kNow, {}),
            "rollout  app  kind    revision  state                hosts done   "
            " age   took  by\n"
            "r-1      web  deploy     2 → 3  paused by a failure         1/3  "
            "1m00s  1m00s  ann\n");
}

TEST(AppDetails, ShowsNoValuesOfEnv) {
  const auto app = FromText<v1::App>(R"pb(
    name: "web"
    revision: 3
    proven_revision: 2
    revision_hash: "ab12"
    spec {
      name: "web"
      script: "app.js"
      interpreter: "node"
      cwd: "/srv"
      instances: 2
      env { key: "TOKEN" value: "hunter2" }
    }
    hosts {
      host: "host-1"
      connected: true
      status {
        desired_instances: 2
        step {
          generation: 4
          phase: STEP_PHASE_FAILED
          reason: "exit code 1"
          stderr_tail: "Error: no\x1b[31m DB"
        }
        instances { slot: 0 last_exit: "exit code 1" }
      }
    })pb");
  const auto facts = FromText<v1::InspectAppResponse>(R"pb(
    answers {
      host: "host-1"
      workers {
        slot: 0
        pid: 77
        facts { name: "cgroup" value: "v2 /web.0: memory.max 300M" }
      }
    }
    answers { host: "host-2" code: 14 message: "not connected" })pb");
  const std::string text = AppDetails(app, facts.answers(), View());
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  for (const char* part :
       {"TOKEN", "node app.js", "revision 3 ab12, proven is 2",
        "generation 4 failed: exit code 1", "| Error: no\\x1b[31m DB",
        "web.0          on host-1: exit code 1", "SIGTERM, SIGKILL after 30",
        "web.0 on host-1, pid 77\n", "cgroup         v2 /web.0: memory.max",
        "host-2         nothing more is known: not connected"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(AppDetails, SaysWhatKeepsEachLimitAndWhereHostsDiffer) {
  const auto app = FromText<v1::App>(R"pb(
    name: "web"
    spec {
      name: "web"
      script: "app.js"
      restart { max_memory_bytes: 314572800 }
      readiness {
        grpc { port: 50051 service: "shop.Cart" }
        exec { command: "test" command: "-e" command: "up" }
      }
      liveness {
        tcp { port: 80 }
        watchdog { seconds: 20 }
      }
    }
    hosts {
      host: "host-1"
      status {
        limits { limit: "memory_max 64M" enforced_by: "cgroup v2" }
        limits { limit: "cpu 0.5" enforced_by: "cgroup v2" }
        limits { limit: "nofile 333" enforced_by: "rlimit" }
      }
    }
    hosts {
      host: "host-2"
      status {
        limits {
          limit: "memory_max 64M"
          enforced_by: "rlimit"
          note: "of each process's own data"
        }
        limits { limit: "cpu 0.5" note: "no cgroup is given" }
        limits { limit: "nofile 333" enforced_by: "rlimit" }
      }
    })pb");
  const std::string text =
      AppDetails(app, v1::InspectAppResponse().answers(), View());
  for (const char* part :
       {"limits and hardening\n",
        "  memory_max 64M: on host-1 cgroup v2; on host-2 rlimit, of each "
        "process's own data\n",
        "  cpu 0.5: on host-1 cgroup v2; on host-2 not kept, no cgroup is "
        "given\n",
        "  nofile 333: rlimit\n", "reloads over 300 MB (its whole tree",
        "gRPC :50051/shop.Cart and test -e up, within",
        "TCP :80, each 10s and WATCHDOG=1 within 20s, ended after 3"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace fleet::cli
