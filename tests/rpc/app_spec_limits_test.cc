#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

AppSpec WebSpec() {
  AppSpec spec;
  spec.name = "web";
  spec.script = "app.js";
  spec.cwd = "/srv/web";
  ApplyDefaults(spec);
  return spec;
}

TEST(ValidateAppSpec, AcceptsDefaultsAndFullSpecs) {
  EXPECT_TRUE(ValidateAppSpec(WebSpec()).ok());
  AppSpec spec = WebSpec();
  spec.exec_mode = ExecMode::kCluster;
  spec.instances = -1;
  spec.listen = {"tcp://0.0.0.0:3000", "unix:///run/web.sock"};
  spec.env = {{"PORT_BASE", "3000"}, {"_X1", ""}};
  spec.increment_var = "PORT_BASE";
  spec.readiness.wait_ready = true;
  spec.readiness.http = HttpProbe{3000, "/health?x=1", 204};
  spec.stop.signal = "SIGUSR2";
  spec.stop.shutdown_with_message = true;
  spec.rollout.max_parallel = "25%";
  spec.rollout.max_failures = "0";
  spec.rollout.waves = {"1", "5", "12%", "13%", "20", "100%"};
  spec.hosts = "role=web,zone in (a,b)";
  EXPECT_TRUE(ValidateAppSpec(spec).ok()) << ValidateAppSpec(spec);
}

struct Case {
  std::string field;
  std::function<void(AppSpec&)> spoil;
};

void ExpectEach(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    AppSpec spec = WebSpec();
    c.spoil(spec);
    absl::Status status = ValidateAppSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.field;
    EXPECT_TRUE(absl::StartsWith(status.message(), c.field + ": "))
        << c.field << " in " << status.message();
    EXPECT_FALSE(absl::StrContains(status.message(), "\n")) << status;
    EXPECT_EQ(ReasonOf(status).reason, "SPEC_INVALID");
  }
}

TEST(ValidateAppSpec, NamesTheFieldThatIsWrong) {
  const std::vector<Case> cases = {
      {"name", [](AppSpec& s) { s.name = ""; }},
      {"name", [](AppSpec& s) { s.name = "-web"; }},
      {"name", [](AppSpec& s) { s.name = "we b"; }},
      {"name", [](AppSpec& s) { s.name = "../web"; }},
      {"name", [](AppSpec& s) { s.name = std::string(64, 'x'); }},
      {"name", [](AppSpec& s) { s.name = "all"; }},
      {"namespace", [](AppSpec& s) { s.app_namespace = "a/b"; }},
      {"script", [](AppSpec& s) { s.script = ""; }},
      {"script", [](AppSpec& s) { s.script = std::string("a\0b.js", 6); }},
      {"cwd", [](AppSpec& s) { s.cwd = "srv"; }},
      {"cwd", [](AppSpec& s) { s.cwd = ""; }},
      {"group", [](AppSpec& s) { s.group = "www"; }},
      {"args", [](AppSpec& s) { s.args = {std::string("\0", 1)}; }},
      {"args", [](AppSpec& s) { s.args.resize(1001); }},
      {"env", [](AppSpec& s) { s.env["A"] = std::string(200'000, 'x'); }},
      {"env.1A", [](AppSpec& s) { s.env["1A"] = "x"; }},
      {"env.A=B", [](AppSpec& s) { s.env["A=B"] = "x"; }},
      {"env.A", [](AppSpec& s) { s.env["A"] = std::string("\0", 1); }},
      {"instance_var", [](AppSpec& s) { s.instance_var = "a b"; }},
      {"increment_var", [](AppSpec& s) { s.increment_var = "PORT"; }},
      {"port", [](AppSpec& s) { s.port = 65536; }},
      {"instances", [](AppSpec& s) { s.instances = 1001; }},
      {"listen", [](AppSpec& s) { s.listen = {"3000"}; }},
      {"listen", [](AppSpec& s) { s.listen = {"tcp://:3000"}; }},
      {"listen", [](AppSpec& s) { s.listen = {"tcp://0.0.0.0:0"}; }},
      {"listen", [](AppSpec& s) { s.listen = {"unix://x"}; }},
      {"listen",
       [](AppSpec& s) {
         s.listen = {"tcp://[::]:1", "tcp://[::]:1"};
       }},
      {"exec_mode",
       [](AppSpec& s) {
         s.interpreter = "python3";
         s.exec_mode = ExecMode::kCluster;
       }},
      {"readiness.wait_ready",
       [](AppSpec& s) {
         s.interpreter = "none";
         s.readiness.wait_ready = true;
       }},
      {"stop.shutdown_with_message",
       [](AppSpec& s) {
         s.interpreter = "none";
         s.stop.shutdown_with_message = true;
       }},
      {"restart.min_uptime",
       [](AppSpec& s) { s.restart.min_uptime = -absl::Seconds(1); }},
      {"restart.max_restarts", [](AppSpec& s) { s.restart.max_restarts = -1; }},
      {"restart.restart_delay",
       [](AppSpec& s) { s.restart.restart_delay = absl::Hours(25); }},
      {"restart.stop_exit_codes",
       [](AppSpec& s) {
         s.restart.stop_exit_codes = {0, 256};
       }},
      {"restart.max_memory_bytes",
       [](AppSpec& s) { s.restart.max_memory_bytes = -1; }},
      {"readiness.http.port",
       [](AppSpec& s) {
         s.readiness.http = HttpProbe{0, "/", 0};
       }},
      {"readiness.http.path",
       [](AppSpec& s) {
         s.readiness.http = HttpProbe{1, "x", 0};
       }},
      {"readiness.http.path",
       [](AppSpec& s) {
         s.readiness.http = HttpProbe{1, "/\r\nHost: x", 0};
       }},
      {"readiness.http.status",
       [](AppSpec& s) {
         s.readiness.http = HttpProbe{1, "/", 99};
       }},
      {"readiness.tcp.port",
       [](AppSpec& s) { s.readiness.tcp = TcpProbe{70000}; }},
      {"readiness.timeout",
       [](AppSpec& s) { s.readiness.timeout = absl::ZeroDuration(); }},
      {"readiness.probe_timeout",
       [](AppSpec& s) { s.readiness.probe_timeout = absl::Hours(1); }},
      {"readiness.success_threshold",
       [](AppSpec& s) { s.readiness.success_threshold = 0; }},
      {"readiness.failure_threshold",
       [](AppSpec& s) { s.readiness.failure_threshold = 101; }},
      {"stop.kill_timeout",
       [](AppSpec& s) { s.stop.kill_timeout = absl::Hours(2); }},
      {"stop.signal", [](AppSpec& s) { s.stop.signal = "SIGNOPE"; }},
      {"logs.out_file", [](AppSpec& s) { s.logs.out_file = "out.log"; }},
      {"logs.error_file", [](AppSpec& s) { s.logs.error_file = "e.log"; }},
      {"logs.max_size_bytes", [](AppSpec& s) { s.logs.max_size_bytes = 1; }},
      {"logs.max_files", [](AppSpec& s) { s.logs.max_files = -1; }},
      {"rollout.max_parallel",
       [](AppSpec& s) { s.rollout.max_parallel = "0"; }},
      {"rollout.max_parallel",
       [](AppSpec& s) { s.rollout.max_parallel = "half"; }},
      {"rollout.max_failures",
       [](AppSpec& s) { s.rollout.max_failures = "101%"; }},
      {"rollout.waves",
       [](AppSpec& s) {
         s.rollout.waves = {"1", "50%", "12%"};
       }},
      {"rollout.waves",
       [](AppSpec& s) {
         s.rollout.waves = {"5", "2"};
       }},
      {"rollout.min_ready_time",
       [](AppSpec& s) { s.rollout.min_ready_time = -absl::Seconds(1); }},
      {"rollout.ready_deadline",
       [](AppSpec& s) { s.rollout.ready_deadline = absl::ZeroDuration(); }},
      {"rollout.progress_deadline",
       [](AppSpec& s) { s.rollout.progress_deadline = absl::ZeroDuration(); }},
      {"rollout.max_flaps", [](AppSpec& s) { s.rollout.max_flaps = -1; }},
      {"hosts", [](AppSpec& s) { s.hosts = "web,role=x"; }},
  };
  ExpectEach(cases);
}

TEST(ValidateAppSpec, NamesTheFieldOfProbesThatIsWrong) {
  ExpectEach({
      {"readiness.grpc.port",
       [](AppSpec& s) {
         s.readiness.grpc = GrpcProbe{0, ""};
       }},
      {"readiness.grpc.service",
       [](AppSpec& s) {
         s.readiness.grpc = GrpcProbe{1, "a b"};
       }},
      {"readiness.exec.command",
       [](AppSpec& s) { s.readiness.exec = ExecProbe(); }},
      {"readiness.initial_delay",
       [](AppSpec& s) { s.readiness.initial_delay = absl::Minutes(2); }},
      {"liveness.http.port", [](AppSpec& s) { s.liveness.http.emplace(); }},
      {"liveness.tcp.port", [](AppSpec& s) { s.liveness.tcp.emplace(); }},
      {"liveness.grpc.port", [](AppSpec& s) { s.liveness.grpc.emplace(); }},
      {"liveness.exec.command",
       [](AppSpec& s) {
         s.liveness.exec = ExecProbe{{std::string("a\0b", 3)}};
       }},
      {"liveness.interval",
       [](AppSpec& s) { s.liveness.interval = absl::ZeroDuration(); }},
      {"liveness.watchdog",
       [](AppSpec& s) { s.liveness.watchdog = absl::Milliseconds(1); }},
      {"liveness.probe_timeout",
       [](AppSpec& s) { s.liveness.probe_timeout = absl::ZeroDuration(); }},
      {"liveness.initial_delay",
       [](AppSpec& s) { s.liveness.initial_delay = -absl::Seconds(1); }},
      {"liveness.success_threshold",
       [](AppSpec& s) { s.liveness.success_threshold = 0; }},
      {"liveness.failure_threshold",
       [](AppSpec& s) { s.liveness.failure_threshold = 101; }},
  });
}

TEST(ValidateAppSpec, NamesTheFieldOfLimitsThatIsWrong) {
  ExpectEach({
      {"limits.memory_max_bytes",
       [](AppSpec& s) { s.limits.memory_max_bytes = 4096; }},
      {"limits.memory_high_bytes",
       [](AppSpec& s) {
         s.limits.memory_max_bytes = 2 << 20;
         s.limits.memory_high_bytes = 3 << 20;
       }},
      {"limits.cpu_cores", [](AppSpec& s) { s.limits.cpu_cores = 0.001; }},
      {"limits.cpu_cores", [](AppSpec& s) { s.limits.cpu_cores = -1; }},
      {"limits.pids", [](AppSpec& s) { s.limits.pids = -1; }},
      {"limits.nofile", [](AppSpec& s) { s.limits.nofile = int64_t{1} << 40; }},
      {"limits.core_bytes", [](AppSpec& s) { s.limits.core_bytes = -2; }},
      {"limits.nice", [](AppSpec& s) { s.limits.nice = 20; }},
      {"limits.umask", [](AppSpec& s) { s.limits.umask = 01000; }},
      {"limits.oom_score_adj",
       [](AppSpec& s) { s.limits.oom_score_adj = -1001; }},
      {"hardening.capabilities",
       [](AppSpec& s) { s.hardening.capabilities = {"CAP_FLY"}; }},
      {"hardening.capabilities",
       [](AppSpec& s) {
         s.hardening.capabilities = {"KILL", "cap_kill"};
       }},
      {"hardening.read_only_paths",
       [](AppSpec& s) { s.hardening.read_only_paths = {"usr"}; }},
  });
}

TEST(ValidateAppSpec, NamesTheFieldOfTheRestThatIsWrong) {
  ExpectEach({
      {"takeover", [](AppSpec& s) { s.takeover = true; }},
      {"env.A",
       [](AppSpec& s) {
         s.env["A"] = "1";
         s.secrets["A"] = "a";
       }},
      {"env.B", [](AppSpec& s) { s.secrets["B"] = "a/b"; }},
      {"env.1", [](AppSpec& s) { s.secrets["1"] = "a"; }},
      {"env_files", [](AppSpec& s) { s.env_files = {"-"}; }},
      {"env_files", [](AppSpec& s) { s.env_files.resize(17, "a"); }},
      {"depends_on", [](AppSpec& s) { s.depends_on = {"web"}; }},
      {"depends_on",
       [](AppSpec& s) {
         s.depends_on = {"db", "db"};
       }},
      {"depends_on", [](AppSpec& s) { s.depends_on = {"d b"}; }},
      {"watch.paths", [](AppSpec& s) { s.watch.paths = {""}; }},
      {"watch.ignore", [](AppSpec& s) { s.watch.ignore.resize(65, "x"); }},
      {"watch.delay", [](AppSpec& s) { s.watch.delay = absl::Hours(2); }},
      {"pid_file", [](AppSpec& s) { s.pid_file = "web.pid"; }},
      {"restart.cron_restart",
       [](AppSpec& s) { s.restart.cron_restart = "at noon"; }},
      {"restart.cron_time_zone",
       [](AppSpec& s) { s.restart.cron_time_zone = "Mars Base"; }},
      {"restart.cron_spread",
       [](AppSpec& s) { s.restart.cron_spread = absl::Hours(25); }},
      {"logs.log_file", [](AppSpec& s) { s.logs.log_file = "all.log"; }},
      {"logs.date_format", [](AppSpec& s) { s.logs.date_format = "HH\nmm"; }},
      {"logs.rotate_interval",
       [](AppSpec& s) { s.logs.rotate_interval = absl::Seconds(1); }},
  });
}

TEST(ValidateAppSpec, ListsAllViolationsOneALine) {
  AppSpec spec = WebSpec();
  spec.instances = 5000;
  spec.stop.signal = "TERMINATE";
  spec.hosts = "zone in (a";
  std::vector<std::string> lines =
      absl::StrSplit(ValidateAppSpec(spec).message(), '\n');
  ASSERT_EQ(lines.size(), 3);
  EXPECT_EQ(lines[0],
            "instances: 5000 is out of range, it must be -1000 to 1000");
}

}  // namespace
}  // namespace fleet
