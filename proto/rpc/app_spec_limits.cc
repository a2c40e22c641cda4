// ValidateAppSpec: what every field of a spec may hold.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/address.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/cron_schedule.h"
#include "proto/rpc/date_format.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/signal_name.h"
#include "proto/rpc/status.h"
#include "proto/rpc/violations.h"

namespace fleet {
namespace {

constexpr size_t kMaxName = 63;
constexpr size_t kMaxArgs = 1000;
// Of all arguments and variables together; the kernel's own limit is higher.
constexpr size_t kMaxBytes = 128 << 10;
constexpr int kMaxInstances = 1000;
constexpr size_t kMaxListen = 16;
constexpr int kMaxLogFiles = 1000;
constexpr size_t kMaxWatched = 64;
constexpr size_t kMaxDependencies = 64;
constexpr size_t kMaxEnvFiles = 16;
constexpr absl::Duration kDayLimit = absl::Hours(24);

bool IsAlnum(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

bool IsAppName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && IsAlnum(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlnum(c) || c == '.' || c == '_' || c == '-';
         });
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && name.size() <= 255 &&
         !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsAlnum(c) || c == '_'; });
}

void CheckName(const char* field, const std::string& name, Violations& v) {
  v.Require(IsAppName(name), field,
            absl::StrCat(Quoted(name),
                         " is not a name; use 1 to 63 of A-Z a-z 0-9 . _ -, "
                         "starting with a letter or digit"));
}

void CheckProgram(const AppSpec& spec, Violations& v) {
  CheckName("name", spec.name, v);
  v.Require(spec.name != "all", "name",
            "\"all\" means every app, choose another name");
  CheckName("namespace", spec.app_namespace, v);
  v.Require(!spec.script.empty(), "script", "it is missing, name a program");
  CheckPath("script", spec.script, false, v);
  CheckPath("cwd", spec.cwd, true, v);
  v.Require(!spec.cwd.empty() || absl::StartsWith(spec.script, "/"), "cwd",
            "it is missing; it must be set, or the script's path be absolute");
  CheckPath("interpreter", spec.interpreter, false, v);
  v.Require(spec.user.size() <= 255 && !HasNul(spec.user), "user",
            "it is not a user's name or number");
  v.Require(spec.group.size() <= 255 && !HasNul(spec.group), "group",
            "it is not a group's name or number");
  v.Require(spec.group.empty() || !spec.user.empty(), "group",
            "it needs a user as well");
}

void CheckArgs(const char* field, const std::vector<std::string>& args,
               Violations& v) {
  v.Require(args.size() <= kMaxArgs, field, "there are more than 1,000");
  v.Require(std::none_of(args.begin(), args.end(),
                         [](const std::string& a) { return HasNul(a); }),
            field, "one of them has a NUL byte, which no program can be given");
}

void CheckEnv(const AppSpec& spec, Violations& v) {
  size_t bytes = 0;
  for (const auto& [name, value] : spec.env) {
    v.Require(IsVariableName(name), absl::StrCat("env.", name),
              "the name must be of A-Z a-z 0-9 _ and not start with a digit");
    v.Require(!HasNul(value), absl::StrCat("env.", name),
              "the value has a NUL byte, which no program can be given");
    bytes += name.size() + value.size() + 2;
  }
  for (const auto& [name, secret] : spec.secrets) {
    const std::string field = absl::StrCat("env.", name);
    v.Require(IsVariableName(name), field,
              "the name must be of A-Z a-z 0-9 _ and not start with a digit");
    v.Require(IsAppName(secret), field,
              absl::StrCat(Quoted(secret),
                           " is not a secret's name; use 1 to 63 of A-Z a-z "
                           "0-9 . _ -, starting with a letter or digit"));
    v.Require(!spec.env.contains(name), field,
              "it is set to a value and to a secret, choose one");
  }
  for (const std::string& arg : spec.args) bytes += arg.size() + 1;
  for (const std::string& arg : spec.interpreter_args) bytes += arg.size() + 1;
  v.Require(bytes <= kMaxBytes, "env",
            absl::StrCat("variables and arguments have ", bytes,
                         " bytes together, at most ", kMaxBytes,
                         " can be given; move the bulk to a file"));
}

void CheckVariables(const AppSpec& spec, Violations& v) {
  CheckArgs("args", spec.args, v);
  CheckArgs("interpreter_args", spec.interpreter_args, v);
  CheckEnv(spec, v);
  v.Require(
      IsVariableName(spec.instance_var), "instance_var",
      absl::StrCat(Quoted(spec.instance_var), " is not a variable's name"));
  if (!spec.increment_var.empty()) {
    auto found = spec.env.find(spec.increment_var);
    int64_t start;
    v.Require(
        found != spec.env.end() && absl::SimpleAtoi(found->second, &start),
        "increment_var",
        absl::StrCat(Quoted(spec.increment_var),
                     " must be a variable of env that holds a number"));
  }
  v.Range("port", spec.port, 0, 65535);
  v.Require(spec.env_files.size() <= kMaxEnvFiles, "env_files",
            "there are more than 16");
  for (const std::string& file : spec.env_files) {
    v.Require(!file.empty() && file != "-", "env_files",
              "one of them is empty, name a file");
    CheckPath("env_files", file, false, v);
  }
}

void CheckDependencies(const AppSpec& spec, Violations& v) {
  v.Require(spec.depends_on.size() <= kMaxDependencies, "depends_on",
            "there are more than 64");
  std::set<std::string> seen;
  for (const std::string& app : spec.depends_on) {
    CheckName("depends_on", app, v);
    v.Require(app != spec.name, "depends_on",
              absl::StrCat(Quoted(app), " is the app itself"));
    v.Require(seen.insert(app).second, "depends_on",
              absl::StrCat(Quoted(app), " is named twice"));
  }
}

void CheckWatch(const WatchPolicy& watch, Violations& v) {
  v.Require(watch.paths.size() <= kMaxWatched, "watch.paths",
            "there are more than 64 paths");
  v.Require(watch.ignore.size() <= kMaxWatched, "watch.ignore",
            "there are more than 64 patterns");
  for (const std::string& path : watch.paths) {
    v.Require(!path.empty(), "watch.paths", "one of the paths is empty");
    CheckPath("watch.paths", path, false, v);
  }
  for (const std::string& pattern : watch.ignore) {
    v.Require(!pattern.empty(), "watch.ignore", "one of the patterns is empty");
    CheckPath("watch.ignore", pattern, false, v);
  }
  v.Range("watch.delay", watch.delay, absl::ZeroDuration(), absl::Hours(1));
}

void CheckListen(const AppSpec& spec, Violations& v) {
  v.Require(spec.listen.size() <= kMaxListen, "listen",
            "there are more than 16 addresses");
  std::set<std::string> seen;
  for (const std::string& text : spec.listen) {
    if (!absl::StartsWith(text, "tcp://") &&
        !absl::StartsWith(text, "unix://")) {
      v.Add("listen", absl::StrCat(Quoted(text),
                                   " must be tcp://HOST:PORT or "
                                   "unix:///PATH, e.g. tcp://0.0.0.0:3000"));
      continue;
    }
    absl::StatusOr<Address> address = ParseAddress(text);
    if (!address.ok()) {
      v.Add("listen", address.status().message());
      continue;
    }
    v.Require(address->kind == Address::Kind::kUnix || address->port != 0,
              "listen",
              absl::StrCat(Quoted(text), " must name a port from 1 to 65535"));
    v.Require(seen.insert(address->ToString()).second, "listen",
              absl::StrCat(Quoted(text), " is named twice"));
  }
}

void CheckInstances(const AppSpec& spec, Violations& v) {
  v.Range("instances", spec.instances, -kMaxInstances, kMaxInstances);
  CheckListen(spec, v);
  v.Require(!spec.takeover || !spec.listen.empty(), "takeover",
            "it needs `listen`, the addresses whose bind() is answered");
  bool node = IsNode(spec);
  v.Require(
      spec.exec_mode != ExecMode::kCluster || node || !spec.listen.empty(),
      "exec_mode",
      "cluster needs `listen` for every program other than node, so "
      "that there is a socket to share; add it or use fork");
  v.Require(node || !spec.readiness.wait_ready, "readiness.wait_ready",
            "only node can send 'ready'; use readiness.notify, http or tcp");
  v.Require(node || !spec.stop.shutdown_with_message,
            "stop.shutdown_with_message",
            "only node gets messages; use stop.signal");
}

void CheckCron(const RestartPolicy& restart, Violations& v) {
  const std::string& zone = restart.cron_time_zone;
  if (!restart.cron_restart.empty()) {
    absl::Status calendar = CronSchedule::Parse(restart.cron_restart).status();
    v.Require(calendar.ok(), "restart.cron_restart", calendar.message());
  }
  v.Require(zone.size() <= 64 &&
                std::all_of(zone.begin(), zone.end(),
                            [](char c) {
                              return IsAlnum(c) || absl::StrContains("/_+-", c);
                            }),
            "restart.cron_time_zone",
            absl::StrCat(Quoted(zone),
                         " is not a time zone; use e.g. Europe/Paris or UTC"));
  v.Range("restart.cron_spread", restart.cron_spread, absl::ZeroDuration(),
          kDayLimit);
}

void CheckRestart(const RestartPolicy& restart, Violations& v) {
  absl::Duration zero;
  v.Range("restart.min_uptime", restart.min_uptime, zero, kDayLimit);
  v.Range("restart.max_restarts", restart.max_restarts, 0, 1'000'000);
  v.Range("restart.restart_delay", restart.restart_delay, zero, kDayLimit);
  v.Range("restart.exp_backoff_restart_delay",
          restart.exp_backoff_restart_delay, zero, kDayLimit);
  v.Require(restart.stop_exit_codes.size() <= 256, "restart.stop_exit_codes",
            "there are more than 256");
  for (int code : restart.stop_exit_codes) {
    v.Range("restart.stop_exit_codes", code, 0, 255);
  }
  v.Range("restart.max_memory_bytes", restart.max_memory_bytes, 0,
          int64_t{1} << 50);
  CheckCron(restart, v);
}

void CheckLogs(const LogPolicy& logs, Violations& v) {
  CheckPath("logs.out_file", logs.out_file, true, v);
  CheckPath("logs.error_file", logs.error_file, true, v);
  v.Range("logs.max_size_bytes", logs.max_size_bytes, 4096, int64_t{1} << 40);
  v.Range("logs.max_files", logs.max_files, 0, kMaxLogFiles);
  if (logs.log_file != kAutoLogFile) {
    CheckPath("logs.log_file", logs.log_file, true, v);
  }
  if (auto date = DateFormat::Parse(logs.date_format); !date.ok()) {
    v.Add("logs.date_format", std::string(date.status().message()));
  }
  if (logs.rotate_interval != absl::ZeroDuration()) {
    v.Range("logs.rotate_interval", logs.rotate_interval, absl::Minutes(1),
            366 * kDayLimit);
  }
}

void CheckStop(const AppSpec& spec, Violations& v) {
  v.Range("stop.kill_timeout", spec.stop.kill_timeout, absl::ZeroDuration(),
          absl::Hours(1));
  v.Require(SignalNumber(spec.stop.signal).has_value(), "stop.signal",
            absl::StrCat(Quoted(spec.stop.signal),
                         " is not a signal; use e.g. SIGTERM, SIGINT, SIGQUIT "
                         "or SIGUSR2"));
  CheckPath("pid_file", spec.pid_file, true, v);
}

void CheckRollout(const RolloutPolicySpec& rollout, Violations& v) {
  CheckRolloutPolicy(rollout,
                     [&](absl::string_view field, absl::string_view why) {
                       v.Add(absl::StrCat("rollout.", field), why);
                     });
}

}  // namespace

absl::Status ValidateAppSpec(const AppSpec& spec) {
  Violations v;
  CheckProgram(spec, v);
  CheckVariables(spec, v);
  CheckInstances(spec, v);
  CheckRestart(spec.restart, v);
  CheckReadiness(spec.readiness, v);
  CheckLiveness(spec.liveness, v);
  CheckStop(spec, v);
  CheckLogs(spec.logs, v);
  CheckWatch(spec.watch, v);
  CheckDependencies(spec, v);
  CheckLimits(spec.limits, v);
  CheckHardening(spec.hardening, v);
  CheckRollout(spec.rollout, v);
  absl::Status hosts = ParseHostSelector(spec.hosts).status();
  v.Require(hosts.ok(), "hosts", hosts.message());
  if (v.lines().empty()) return absl::OkStatus();
  return ErrorWithReason(absl::StatusCode::kInvalidArgument,
                         absl::StrJoin(v.lines(), "\n"),
                         {"SPEC_INVALID", {{"app", spec.name}}});
}

}  // namespace fleet
