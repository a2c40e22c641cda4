// Fields that PM2 does not know, or reads otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/spec_file/read_app.h"

namespace fleet::cli {
namespace {

using testing::IsEmpty;

TEST(AppReader, ReadsTheNativeFieldsThatPm2DoesNotKnow) {
  const Outcome outcome = ReadApp(Dialect::kNative, R"(
script: serve
listen: ["tcp://0.0.0.0:3000"]
socket_sharing: shared
graceful_drain: false
reload: stop-first
stop_signal: SIGQUIT
hosts: role=web
log_max_size: 5M
log_max_files: 3
readiness:
  notify: true
  http: {port: 8080, path: /up, status: 204}
  tcp: {port: 9}
  timeout: 5s
  interval: 100ms
  probe_timeout: 2s
  success_threshold: 2
  failure_threshold: 4
rollout:
  max_parallel: 25%
  min_ready_time: 1s
  ready_deadline: 9s
  progress_deadline: 1m
  max_failures: 1
  on_failure: abort
  max_flaps: 5
)");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  const AppSpec& s = outcome.spec;
  EXPECT_EQ(Words(s.listen), "tcp://0.0.0.0:3000");
  EXPECT_EQ(s.socket_sharing, SocketSharing::kShared);
  EXPECT_FALSE(s.graceful_drain);
  EXPECT_EQ(s.reload_strategy, ReloadStrategy::kStopFirst);
  EXPECT_EQ(s.stop.signal, "SIGQUIT");
  EXPECT_EQ(s.stop.kill_timeout, absl::Seconds(30));
  EXPECT_EQ(s.hosts, "role=web");
  EXPECT_EQ(s.logs.max_size_bytes, 5 << 20);
  EXPECT_EQ(s.logs.max_files, 3);
  EXPECT_TRUE(s.readiness.notify);
  EXPECT_EQ(s.readiness.http->port, 8080);
  EXPECT_EQ(s.readiness.http->path, "/up");
  EXPECT_EQ(s.readiness.http->status, 204);
  EXPECT_EQ(s.readiness.tcp->port, 9);
  EXPECT_EQ(s.readiness.timeout, absl::Seconds(5));
  EXPECT_EQ(s.readiness.interval, absl::Milliseconds(100));
  EXPECT_EQ(s.readiness.probe_timeout, absl::Seconds(2));
  EXPECT_EQ(s.readiness.success_threshold, 2);
  EXPECT_EQ(s.readiness.failure_threshold, 4);
  EXPECT_EQ(s.rollout.max_parallel, "25%");
  EXPECT_EQ(s.rollout.min_ready_time, absl::Seconds(1));
  EXPECT_EQ(s.rollout.ready_deadline, absl::Seconds(9));
  EXPECT_EQ(s.rollout.progress_deadline, absl::Minutes(1));
  EXPECT_EQ(s.rollout.max_failures, "1");
  EXPECT_EQ(s.rollout.on_failure, OnFailure::kAbort);
  EXPECT_EQ(s.rollout.max_flaps, 5);
}

TEST(AppReader, ReadsProbesOfEveryKind) {
  const Outcome outcome = ReadApp(Dialect::kNative, R"(
script: serve
readiness:
  grpc: {port: 50051, service: shop.Cart}
  exec: {command: 'check --now "a b"'}
  initial_delay: 1s
liveness:
  http: {port: 8080, path: /live, status: 200}
  tcp: {port: 9}
  grpc: {port: 50051}
  exec: {command: [alive]}
  watchdog: 20s
  interval: 3s
  timeout: 2s
  initial_delay: 4s
  success_threshold: 2
  failure_threshold: 5
)");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  const AppSpec& s = outcome.spec;
  EXPECT_EQ(s.readiness.grpc->port, 50051);
  EXPECT_EQ(s.readiness.grpc->service, "shop.Cart");
  EXPECT_EQ(Words(s.readiness.exec->command), "check|--now|a b");
  EXPECT_EQ(s.readiness.initial_delay, absl::Seconds(1));
  EXPECT_EQ(s.liveness.http->port, 8080);
  EXPECT_EQ(s.liveness.http->path, "/live");
  EXPECT_EQ(s.liveness.http->status, 200);
  EXPECT_EQ(s.liveness.tcp->port, 9);
  EXPECT_EQ(s.liveness.grpc->port, 50051);
  EXPECT_EQ(Words(s.liveness.exec->command), "alive");
  EXPECT_EQ(s.liveness.watchdog, absl::Seconds(20));
  EXPECT_EQ(s.liveness.interval, absl::Seconds(3));
  EXPECT_EQ(s.liveness.probe_timeout, absl::Seconds(2));
  EXPECT_EQ(s.liveness.initial_delay, absl::Seconds(4));
  EXPECT_EQ(s.liveness.success_threshold, 2);
  EXPECT_EQ(s.liveness.failure_threshold, 5);
}

TEST(AppReader, ReadsLimitsAndHardening) {
  const Outcome outcome = ReadApp(Dialect::kNative, R"(
script: serve
limits: {memory_max: 512M, memory_high: 400M, cpu: 1.5, pids: 64,
         nofile: 4096, core: unlimited}
nice: -5
umask: 027
oom_score_adj: 500
no_new_privileges: true
capabilities: []
read_only_paths: [/usr, /etc]
private_tmp: true
)");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  const AppSpec& s = outcome.spec;
  EXPECT_EQ(s.limits.memory_max_bytes, 512 << 20);
  EXPECT_EQ(s.limits.memory_high_bytes, 400 << 20);
  EXPECT_EQ(s.limits.cpu_cores, 1.5);
  EXPECT_EQ(s.limits.pids, 64);
  EXPECT_EQ(s.limits.nofile, 4096);
  EXPECT_EQ(s.limits.core_bytes, -1);
  EXPECT_EQ(s.limits.nice, -5);
  EXPECT_EQ(s.limits.umask, 027U);
  EXPECT_EQ(s.limits.oom_score_adj, 500);
  EXPECT_TRUE(s.hardening.no_new_privileges);
  ASSERT_TRUE(s.hardening.capabilities.has_value());
  EXPECT_THAT(*s.hardening.capabilities, IsEmpty());
  EXPECT_EQ(Words(s.hardening.read_only_paths), "/usr|/etc");
  EXPECT_TRUE(s.hardening.private_tmp);
}

TEST(AppReader, ReadsWhatStartsAndRestartsAnApp) {
  const Outcome outcome = ReadApp(Dialect::kNative, R"(
script: serve
listen: ["tcp://0.0.0.0:3000"]
takeover: true
depends_on: [db, cache]
autostart: false
pid_file: run/web.pid
env: {A: 1, TOKEN: {secret: web-token}}
env_file: [.env, -.env.local]
cron_restart: "0 3 * * *"
cron_time_zone: Europe/Paris
cron_spread: 10m
cron_missed: run
watch: [src, config.json]
ignore_watch: ["*.log"]
watch_delay: 1s
)");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  const AppSpec& s = outcome.spec;
  EXPECT_TRUE(s.takeover);
  EXPECT_EQ(Words(s.depends_on), "db|cache");
  EXPECT_FALSE(s.autostart);
  EXPECT_EQ(s.pid_file, "/srv/web/run/web.pid");
  EXPECT_EQ(Env(s), "A=1");
  EXPECT_EQ(absl::StrJoin(s.secrets, ",", absl::PairFormatter("=")),
            "TOKEN=web-token");
  EXPECT_EQ(Words(s.env_files), ".env|-.env.local");
  EXPECT_EQ(s.restart.cron_restart, "0 3 * * *");
  EXPECT_EQ(s.restart.cron_time_zone, "Europe/Paris");
  EXPECT_EQ(s.restart.cron_spread, absl::Minutes(10));
  EXPECT_EQ(s.restart.cron_missed, CronMissed::kRun);
  EXPECT_EQ(Words(s.watch.paths), "src|config.json");
  EXPECT_EQ(Words(s.watch.ignore), "*.log");
  EXPECT_EQ(s.watch.delay, absl::Seconds(1));
}

TEST(AppReader, ReadsLogs) {
  const Outcome outcome = ReadApp(Dialect::kNative, R"(
script: serve
log_file: all.log
log_date_format: HH:mm
time: true
log_type: json
log_compress: true
log_rotate_interval: 24h
)");
  EXPECT_THAT(outcome.findings.errors, IsEmpty());
  const LogPolicy& logs = outcome.spec.logs;
  EXPECT_EQ(logs.log_file, "/srv/web/all.log");
  EXPECT_EQ(logs.date_format, "HH:mm");
  EXPECT_TRUE(logs.json);
  EXPECT_TRUE(logs.compress);
  EXPECT_EQ(logs.rotate_interval, absl::Hours(24));
}

TEST(AppReader, ReadsWhatMayBeASwitchOrAValue) {
  const auto read = [](const char* yaml) {
    const Outcome outcome = ReadApp(Dialect::kPm2, yaml);
    EXPECT_THAT(outcome.findings.errors, IsEmpty()) << yaml;
    return outcome.spec;
  };
  EXPECT_EQ(Words(read("{watch: true}").watch.paths), ".");
  EXPECT_EQ(Words(read("{watch: 'true'}").watch.paths), ".");
  EXPECT_EQ(Words(read("{watch: false}").watch.paths), "");
  EXPECT_EQ(Words(read("{watch: src}").watch.paths), "src");
  EXPECT_EQ(read("{log_file: true}").logs.log_file, "auto");
  EXPECT_EQ(read("{log: false}").logs.log_file, "");
  EXPECT_EQ(read("{log: all.log}").logs.log_file, "/srv/web/all.log");
  EXPECT_EQ(read("{time: true}").logs.date_format, "YYYY-MM-DDTHH:mm:ss");
  EXPECT_EQ(read("{cron: 0}").restart.cron_restart, "");
  EXPECT_EQ(read("{cron: false}").restart.cron_restart, "");
  EXPECT_EQ(read("{cron: '0 1 * * *'}").restart.cron_restart, "0 1 * * *");
}

TEST(AppReader, EnvOverlayTurnsAValueIntoASecretAndBack) {
  const std::string app =
      "{env: {A: 1, B: {secret: b}}, env_prod: {A: {secret: a}, B: 2}}";
  const AppSpec base = ReadApp(Dialect::kNative, app).spec;
  EXPECT_EQ(Env(base), "A=1");
  EXPECT_EQ(base.secrets.at("B"), "b");
  const AppSpec prod = ReadApp(Dialect::kNative, app, "prod").spec;
  EXPECT_EQ(Env(prod), "B=2");
  EXPECT_EQ(prod.secrets.size(), 1U);
  EXPECT_EQ(prod.secrets.at("A"), "a");
}

}  // namespace
}  // namespace fleet::cli
