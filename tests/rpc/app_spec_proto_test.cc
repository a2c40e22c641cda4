#include "proto/rpc/app_spec_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/rpc/status.h"

namespace fleet {
namespace {

using ::testing::IsEmpty;

void FillRest(AppSpec& s) {
  s.liveness = {HttpProbe{3003, "/live", 200},
                TcpProbe{3004},
                GrpcProbe{3005, "x"},
                ExecProbe{{"alive"}},
                absl::Seconds(20),
                absl::Seconds(3),
                absl::Seconds(2),
                absl::Seconds(4),
                2,
                5};
  s.takeover = true;
  s.secrets = {{"TOKEN", "web-token"}};
  s.limits = {1 << 30, 1 << 29, 1.5, 100, 4096, -1, -5, 027, 500};
  s.hardening = {true, std::vector<std::string>(), {"/usr"}, true};
  s.depends_on = {"db"};
  s.watch = {{"."}, {"*.log"}, absl::Seconds(1)};
  s.autostart = false;
  s.env_files = {".env", "-.env.local"};
  s.pid_file = "/run/web.pid";
  s.stdin_pipe = true;
}

// No field has its default.
RolloutPolicySpec FullPolicy() {
  RolloutPolicySpec p;
  p.max_parallel = "25%";
  p.min_ready_time = absl::ZeroDuration();
  p.ready_deadline = absl::Seconds(9);
  p.progress_deadline = absl::Minutes(3);
  p.max_failures = "1";
  p.on_failure = OnFailure::kAbort;
  p.max_flaps = 0;
  p.max_unavailable = "5%";
  p.order = HostOrder::kZone;
  p.canary = "2";
  p.waves = {"10%", "50%"};
  p.bake_time = absl::Minutes(2);
  p.promotion = Promotion::kManual;
  p.step_deadline = absl::Minutes(4);
  p.total_deadline = absl::Hours(3);
  p.max_skipped = "0";
  p.unknown_grace = absl::Seconds(11);
  p.zone_label = "zone";
  p.max_zones = 2;
  p.hooks = {{"git pull", absl::Minutes(1)},
             {"./warm", absl::Minutes(2)},
             {"./migrate", absl::Minutes(3)},
             {"./announce", absl::Minutes(4)}};
  p.metric_gates = {
      {GateSource::kMemory, "", "", std::nullopt, 1e9, 0, absl::Seconds(1),
       absl::Seconds(2), absl::Seconds(7)},
      {GateSource::kPrometheus, "http://p:9090", "up", 1.0, std::nullopt, 0,
       absl::Seconds(3), absl::Seconds(4), absl::Seconds(8)},
      {GateSource::kHttp, "http://w/", "", std::nullopt, std::nullopt, 204,
       absl::Seconds(5), absl::Seconds(6), absl::Seconds(9)}};
  return p;
}

AppSpec Full() {
  AppSpec s;
  s.name = "web";
  s.app_namespace = "shop";
  s.script = "app.js";
  s.args = {"--a", "b"};
  s.interpreter = "/opt/node";
  s.interpreter_args = {"--inspect"};
  s.cwd = "/srv";
  s.user = "www";
  s.group = "www";
  s.instances = 0;
  s.exec_mode = ExecMode::kCluster;
  s.listen = {"tcp://0.0.0.0:3000"};
  s.socket_sharing = SocketSharing::kShared;
  s.reload_strategy = ReloadStrategy::kStopFirst;
  s.graceful_drain = false;
  s.env = {{"A", "1"}};
  s.instance_var = "SLOT";
  s.increment_var = "A";
  s.port = 3000;
  s.restart = {false,
               absl::Seconds(2),
               0,
               absl::Seconds(3),
               absl::Milliseconds(100),
               {0, 3},
               1 << 20,
               "0 3 * * *",
               "Europe/Paris",
               absl::Minutes(10),
               CronMissed::kRun};
  s.readiness.wait_ready = true;
  s.readiness.notify = true;
  s.readiness.http = HttpProbe{3000, "/up", 204};
  s.readiness.tcp = TcpProbe{3001};
  s.readiness.timeout = absl::Seconds(5);
  s.readiness.interval = absl::Milliseconds(50);
  s.readiness.probe_timeout = absl::Milliseconds(300);
  s.readiness.success_threshold = 2;
  s.readiness.failure_threshold = 4;
  s.readiness.grpc = GrpcProbe{3002, "shop.Cart"};
  s.readiness.exec = ExecProbe{{"check", "--now"}};
  s.readiness.initial_delay = absl::Seconds(1);
  FillRest(s);
  s.stop = {absl::ZeroDuration(), "SIGINT", true, false};
  s.logs = {"/l/o.log", "/l/e.log", true, 1 << 16,        0, true, "/l/all.log",
            "HH:mm",    true,       true, absl::Hours(24)};
  s.rollout = FullPolicy();
  s.hosts = "role=web";
  return s;
}

TEST(AppSpecProto, EveryFieldComesBack) {
  EXPECT_THAT(DiffAppSpecs(Full(), FromProto(ToProto(Full()))), IsEmpty());
  AppSpec defaults;
  defaults.script = "app.js";
  ApplyDefaults(defaults);
  EXPECT_THAT(DiffAppSpecs(defaults, FromProto(ToProto(defaults))), IsEmpty());
  EXPECT_EQ(FromProto(ToProto(Full())).env, Full().env);
  EXPECT_TRUE(FromProto(ToProto(Full())).hardening.capabilities.has_value());
  EXPECT_EQ(FromProto(ToProto(Full())).name, "web");
}

TEST(AppSpecProto, WhatASparseSpecLeavesOutGetsItsDefault) {
  v1::AppSpec sparse;
  sparse.set_script("/srv/app.js");
  AppSpec spec = FromProto(sparse);
  AppSpec defaults;
  defaults.script = "/srv/app.js";
  ApplyDefaults(defaults);
  EXPECT_THAT(DiffAppSpecs(defaults, spec), IsEmpty());
  EXPECT_EQ(spec.name, "app");
  EXPECT_TRUE(ValidateAppSpec(spec).ok()) << ValidateAppSpec(spec);
}

TEST(AppSpecProto, PartOfAGroupLeavesTheRestAtItsDefault) {
  v1::AppSpec sparse;
  sparse.set_script("/srv/app.js");
  sparse.mutable_stop()->set_signal("SIGINT");
  sparse.mutable_restart()->set_max_restarts(0);
  sparse.mutable_readiness()->mutable_http()->set_port(80);
  AppSpec spec = FromProto(sparse);
  EXPECT_EQ(spec.stop.kill_timeout, absl::Seconds(30));
  EXPECT_TRUE(spec.stop.treekill);
  EXPECT_TRUE(spec.restart.autorestart);
  EXPECT_EQ(spec.restart.max_restarts, 0);
  EXPECT_EQ(spec.readiness.http->path, "/");
}

TEST(RolloutPolicyProto, UnsetStaysUnset) {
  RolloutPolicySpec policy = FromProto(ToProto(RolloutPolicySpec()));
  EXPECT_EQ(policy.max_parallel, "");
  EXPECT_FALSE(policy.min_ready_time.has_value());
  EXPECT_FALSE(policy.on_failure.has_value());
  EXPECT_FALSE(policy.max_flaps.has_value());
  for (const auto& [field, text] : RolloutPolicyTexts(policy)) {
    EXPECT_EQ(text, "") << field;
  }
}

TEST(RolloutPolicyProto, EveryFieldComesBack) {
  RolloutPolicySpec back = FromProto(ToProto(FullPolicy()));
  EXPECT_EQ(RolloutPolicyTexts(back), RolloutPolicyTexts(FullPolicy()));
  EXPECT_EQ(back.hooks, FullPolicy().hooks);
  EXPECT_EQ(back.metric_gates, FullPolicy().metric_gates);
  for (const auto& [field, text] : RolloutPolicyTexts(back)) {
    EXPECT_NE(text, "") << field;
  }
}

TEST(Override, TakesEveryFieldThatIsSet) {
  EXPECT_EQ(RolloutPolicyTexts(Override({}, FullPolicy())),
            RolloutPolicyTexts(FullPolicy()));
  EXPECT_EQ(RolloutPolicyTexts(Override(FullPolicy(), {})),
            RolloutPolicyTexts(FullPolicy()));
}

TEST(Override, ReplacesOnlyWhatIsSet) {
  RolloutPolicySpec base = Full().rollout;
  RolloutPolicySpec over;
  over.max_parallel = "3";
  over.max_flaps = 5;
  RolloutPolicySpec result = Override(base, over);
  EXPECT_EQ(result.max_parallel, "3");
  EXPECT_EQ(result.max_flaps, 5);
  EXPECT_EQ(result.max_failures, "1");
  EXPECT_EQ(result.ready_deadline, absl::Seconds(9));
  EXPECT_EQ(result.on_failure, OnFailure::kAbort);
}

}  // namespace
}  // namespace fleet
