// DiffAppSpecs: each spec becomes a list of "field, value", and the two lists
// are compared.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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
  out.emplace_back("port", spec.port == 0 ? "" : absl::StrCat(spec.port));
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
}

void AddReadiness(const ReadinessGate& gate, Fields& out) {
  out.emplace_back("readiness.wait_ready", Text(gate.wait_ready));
  out.emplace_back("readiness.notify", Text(gate.notify));
  out.emplace_back("readiness.http", Text(gate.http));
  out.emplace_back("readiness.tcp", Text(gate.tcp));
  out.emplace_back("readiness.timeout", Text(gate.timeout));
  out.emplace_back("readiness.interval", Text(gate.interval));
  out.emplace_back("readiness.probe_timeout", Text(gate.probe_timeout));
  out.emplace_back("readiness.success_threshold",
                   absl::StrCat(gate.success_threshold));
  out.emplace_back("readiness.failure_threshold",
                   absl::StrCat(gate.failure_threshold));
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
  AddStopAndLogs(spec, out);
  AddRollout(spec.rollout, out);
  out.emplace_back("hosts", spec.hosts);
  return out;
}

std::string Shown(const std::string& value) {
  return value.empty() ? "(unset)" : value;
}

// Values may be secrets: only the names are shown.
void DiffEnv(const AppSpec& from, const AppSpec& to,
             std::vector<std::string>& out) {
  std::set<std::string> names;
  for (const auto& [name, value] : from.env) names.insert(name);
  for (const auto& [name, value] : to.env) names.insert(name);
  for (const std::string& name : names) {
    auto old_value = from.env.find(name);
    auto new_value = to.env.find(name);
    if (old_value == from.env.end()) {
      out.push_back(absl::StrCat("env.", name, ": set"));
    } else if (new_value == to.env.end()) {
      out.push_back(absl::StrCat("env.", name, ": removed"));
    } else if (old_value->second != new_value->second) {
      out.push_back(absl::StrCat("env.", name, ": changed"));
    }
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
