// DiffAppSpecs: each spec becomes a list of "field, value", and the two lists
// are compared.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/quantity.h"

namespace fleet {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(absl::Duration value) { return DurationText(value); }

std::string Text(const std::vector<std::string>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

std::string Text(ExecMode mode) {
  switch (mode) {
    case ExecMode::kFork:
      return "fork";
    case ExecMode::kCluster:
      return "cluster";
  }
  return "";
}

std::string Text(SocketSharing sharing) {
  switch (sharing) {
    case SocketSharing::kSlot:
      return "slot";
    case SocketSharing::kShared:
      return "shared";
  }
  return "";
}

std::string Text(ReloadStrategy strategy) {
  switch (strategy) {
    case ReloadStrategy::kDefault:
      return "default";
    case ReloadStrategy::kSurge:
      return "surge";
    case ReloadStrategy::kStopFirst:
      return "stop_first";
  }
  return "";
}

std::string Text(const std::optional<HttpProbe>& probe) {
  if (!probe.has_value()) return "";
  return absl::StrCat(
      ":", probe->port, probe->path,
      probe->status == 0 ? "" : absl::StrCat(" = ", probe->status));
}

std::string Text(const std::optional<TcpProbe>& probe) {
  return probe.has_value() ? absl::StrCat(":", probe->port) : "";
}

std::string Text(const std::optional<GrpcProbe>& probe) {
  if (!probe.has_value()) return "";
  return absl::StrCat(":", probe->port, probe->service.empty() ? "" : " ",
                      probe->service);
}

std::string Text(const std::optional<ExecProbe>& probe) {
  return probe.has_value() ? Text(probe->command) : "";
}

template <typename Number>
std::string NumberText(const std::optional<Number>& value) {
  return value.has_value() ? absl::StrCat(*value) : "";
}

// 0 stands for nothing asked for.
template <typename Number>
std::string AmountText(Number value) {
  return value == 0 ? "" : absl::StrCat(value);
}

std::string OctalText(const std::optional<uint32_t>& mask) {
  return mask.has_value() ? absl::StrFormat("%03o", *mask) : "";
}

void AddProgram(const AppSpec& spec, Fields& out) {
  out.emplace_back("namespace", spec.app_namespace);
  out.emplace_back("script", spec.script);
  out.emplace_back("args", Text(spec.args));
  out.emplace_back("interpreter", spec.interpreter);
  out.emplace_back("interpreter_args", Text(spec.interpreter_args));
  out.emplace_back("cwd", spec.cwd);
  out.emplace_back("user", spec.user);
  out.emplace_back("group", spec.group);
  out.emplace_back("instances", absl::StrCat(spec.instances));
  out.emplace_back("exec_mode", Text(spec.exec_mode));
  out.emplace_back("listen", Text(spec.listen));
  out.emplace_back("socket_sharing", Text(spec.socket_sharing));
  out.emplace_back("reload_strategy", Text(spec.reload_strategy));
  out.emplace_back("graceful_drain", Text(spec.graceful_drain));
  out.emplace_back("instance_var", spec.instance_var);
  out.emplace_back("increment_var", spec.increment_var);
  out.emplace_back("port", AmountText(spec.port));
  out.emplace_back("takeover", Text(spec.takeover));
  out.emplace_back("env_files", Text(spec.env_files));
  out.emplace_back("depends_on", Text(spec.depends_on));
  out.emplace_back("autostart", Text(spec.autostart));
  out.emplace_back("pid_file", spec.pid_file);
  out.emplace_back("stdin_pipe", Text(spec.stdin_pipe));
}

void AddWatch(const WatchPolicy& watch, Fields& out) {
  out.emplace_back("watch.paths", Text(watch.paths));
  out.emplace_back("watch.ignore", Text(watch.ignore));
  out.emplace_back("watch.delay", Text(watch.delay));
}

void AddLimits(const Limits& limits, Fields& out) {
  out.emplace_back("limits.memory_max_bytes",
                   AmountText(limits.memory_max_bytes));
  out.emplace_back("limits.memory_high_bytes",
                   AmountText(limits.memory_high_bytes));
  out.emplace_back("limits.cpu_cores", AmountText(limits.cpu_cores));
  out.emplace_back("limits.pids", AmountText(limits.pids));
  out.emplace_back("limits.nofile", AmountText(limits.nofile));
  out.emplace_back("limits.core_bytes", NumberText(limits.core_bytes));
  out.emplace_back("limits.nice", NumberText(limits.nice));
  out.emplace_back("limits.umask", OctalText(limits.umask));
  out.emplace_back("limits.oom_score_adj", NumberText(limits.oom_score_adj));
}

void AddHardening(const Hardening& hardening, Fields& out) {
  out.emplace_back("hardening.no_new_privileges",
                   Text(hardening.no_new_privileges));
  out.emplace_back("hardening.capabilities", hardening.capabilities.has_value()
                                                 ? Text(*hardening.capabilities)
                                                 : "");
  out.emplace_back("hardening.read_only_paths",
                   Text(hardening.read_only_paths));
  out.emplace_back("hardening.private_tmp", Text(hardening.private_tmp));
}

std::string Text(CronMissed missed) {
  switch (missed) {
    case CronMissed::kSkip:
      return "skip";
    case CronMissed::kRun:
      return "run";
  }
  return "";
}

void AddRestart(const RestartPolicy& restart, Fields& out) {
  out.emplace_back("restart.autorestart", Text(restart.autorestart));
  out.emplace_back("restart.min_uptime", Text(restart.min_uptime));
  out.emplace_back("restart.max_restarts", absl::StrCat(restart.max_restarts));
  out.emplace_back("restart.restart_delay", Text(restart.restart_delay));
  out.emplace_back("restart.exp_backoff_restart_delay",
                   Text(restart.exp_backoff_restart_delay));
  out.emplace_back(
      "restart.stop_exit_codes",
      absl::StrCat("[", absl::StrJoin(restart.stop_exit_codes, ", "), "]"));
  out.emplace_back("restart.max_memory_bytes",
                   absl::StrCat(restart.max_memory_bytes));
  out.emplace_back("restart.cron_restart", restart.cron_restart);
  out.emplace_back("restart.cron_time_zone", restart.cron_time_zone);
  out.emplace_back("restart.cron_spread", Text(restart.cron_spread));
  out.emplace_back("restart.cron_missed", Text(restart.cron_missed));
}

// What readiness and liveness have in common; `prefix` ends with a dot.
template <typename Probes>
void AddProbes(const std::string& prefix, const Probes& probes, Fields& out) {
  out.emplace_back(prefix + "http", Text(probes.http));
  out.emplace_back(prefix + "tcp", Text(probes.tcp));
  out.emplace_back(prefix + "grpc", Text(probes.grpc));
  out.emplace_back(prefix + "exec", Text(probes.exec));
  out.emplace_back(prefix + "interval", Text(probes.interval));
  out.emplace_back(prefix + "probe_timeout", Text(probes.probe_timeout));
  out.emplace_back(prefix + "initial_delay", Text(probes.initial_delay));
  out.emplace_back(prefix + "success_threshold",
                   absl::StrCat(probes.success_threshold));
  out.emplace_back(prefix + "failure_threshold",
                   absl::StrCat(probes.failure_threshold));
}

void AddReadiness(const ReadinessGate& gate, Fields& out) {
  out.emplace_back("readiness.wait_ready", Text(gate.wait_ready));
  out.emplace_back("readiness.notify", Text(gate.notify));
  out.emplace_back("readiness.timeout", Text(gate.timeout));
  AddProbes("readiness.", gate, out);
}

void AddLiveness(const Liveness& liveness, Fields& out) {
  AddProbes("liveness.", liveness, out);
  out.emplace_back("liveness.watchdog", Text(liveness.watchdog));
}

void AddStopAndLogs(const AppSpec& spec, Fields& out) {
  out.emplace_back("stop.kill_timeout", Text(spec.stop.kill_timeout));
  out.emplace_back("stop.signal", spec.stop.signal);
  out.emplace_back("stop.shutdown_with_message",
                   Text(spec.stop.shutdown_with_message));
  out.emplace_back("stop.treekill", Text(spec.stop.treekill));
  out.emplace_back("logs.out_file", spec.logs.out_file);
  out.emplace_back("logs.error_file", spec.logs.error_file);
  out.emplace_back("logs.merge", Text(spec.logs.merge));
  out.emplace_back("logs.max_size_bytes",
                   absl::StrCat(spec.logs.max_size_bytes));
  out.emplace_back("logs.max_files", absl::StrCat(spec.logs.max_files));
  out.emplace_back("logs.disabled", Text(spec.logs.disabled));
  out.emplace_back("logs.log_file", spec.logs.log_file);
  out.emplace_back("logs.date_format", spec.logs.date_format);
  out.emplace_back("logs.json", Text(spec.logs.json));
  out.emplace_back("logs.compress", Text(spec.logs.compress));
  out.emplace_back("logs.rotate_interval", Text(spec.logs.rotate_interval));
}

void AddRollout(const RolloutPolicySpec& rollout, Fields& out) {
  for (auto& [field, text] : RolloutPolicyTexts(rollout)) {
    out.emplace_back(absl::StrCat("rollout.", field), std::move(text));
  }
}

Fields Flatten(const AppSpec& spec) {
  Fields out;
  AddProgram(spec, out);
  AddRestart(spec.restart, out);
  AddReadiness(spec.readiness, out);
  AddLiveness(spec.liveness, out);
  AddStopAndLogs(spec, out);
  AddWatch(spec.watch, out);
  AddLimits(spec.limits, out);
  AddHardening(spec.hardening, out);
  AddRollout(spec.rollout, out);
  out.emplace_back("hosts", spec.hosts);
  return out;
}

std::string Shown(const std::string& value) {
  return value.empty() ? "(unset)" : value;
}

// One side's variable: a value, or the name of a secret.
struct Variable {
  bool is_secret = false;
  std::string text;
  friend bool operator==(const Variable&, const Variable&) = default;
};

std::map<std::string, Variable> Variables(const AppSpec& spec) {
  std::map<std::string, Variable> all;
  for (const auto& [name, value] : spec.env) all[name] = {false, value};
  for (const auto& [name, secret] : spec.secrets) all[name] = {true, secret};
  return all;
}

// A value may be a secret in all but name: it is not shown.
std::string DiffVariable(const Variable* from, const Variable* to) {
  if (to == nullptr) return "removed";
  const std::string secret =
      to->is_secret ? absl::StrCat(" to the secret ", to->text) : "";
  return absl::StrCat(from == nullptr ? "set" : "changed", secret);
}

const Variable* Find(const std::map<std::string, Variable>& all,
                     const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

void DiffEnv(const AppSpec& from, const AppSpec& to,
             std::vector<std::string>& out) {
  const std::map<std::string, Variable> before = Variables(from);
  const std::map<std::string, Variable> after = Variables(to);
  std::set<std::string> names;
  for (const auto& [name, variable] : before) names.insert(name);
  for (const auto& [name, variable] : after) names.insert(name);
  for (const std::string& name : names) {
    const Variable* was = Find(before, name);
    const Variable* is = Find(after, name);
    if (was != nullptr && is != nullptr && *was == *is) continue;
    out.push_back(absl::StrCat("env.", name, ": ", DiffVariable(was, is)));
  }
}

}  // namespace

std::vector<std::string> DiffAppSpecs(const AppSpec& from, const AppSpec& to) {
  std::vector<std::string> out;
  Fields old_fields = Flatten(from);
  Fields new_fields = Flatten(to);
  for (size_t i = 0; i < old_fields.size(); ++i) {
    const auto& [field, old_value] = old_fields[i];
    const std::string& new_value = new_fields[i].second;
    if (old_value == new_value) continue;
    out.push_back(
        absl::StrCat(field, ": ", Shown(old_value), " → ", Shown(new_value)));
  }
  DiffEnv(from, to, out);
  return out;
}

}  // namespace fleet
