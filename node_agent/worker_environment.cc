#include "node_agent/worker_environment.h"

#include <cstdint>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

using Variables = std::map<std::string, std::string>;

void AddInherited(const std::vector<std::string>& entries,
                  Variables& variables) {
  for (const std::string& entry : entries) {
    size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
}

void AddUser(const WorkerUser& user, Variables& variables) {
  if (!user.home.empty()) variables["HOME"] = user.home;
  if (!user.shell.empty()) variables["SHELL"] = user.shell;
  if (user.name.empty()) return;
  variables["USER"] = user.name;
  variables["LOGNAME"] = user.name;
}

void AddPerInstance(const AppSpec& spec, int slot, Variables& variables) {
  if (spec.port != 0) variables["PORT"] = std::to_string(spec.port);
  if (!spec.instance_var.empty()) {
    variables[spec.instance_var] = std::to_string(slot);
  }
  auto it = variables.find(spec.increment_var);
  int64_t first = 0;
  if (it != variables.end() && absl::SimpleAtoi(it->second, &first)) {
    it->second = std::to_string(first + slot);
  }
}

}  // namespace

std::vector<std::string> MakeWorkerEnvironment(const AppSpec& spec,
                                               const EnvironmentInput& input) {
  Variables variables;
  AddInherited(input.inherited, variables);
  AddUser(input.user, variables);
  for (const auto& [name, value] : input.files) variables[name] = value;
  for (const auto& [name, value] : spec.env) variables[name] = value;
  AddPerInstance(spec, input.slot, variables);
  variables["FLEET_APP"] = spec.name;
  variables["FLEET_INSTANCE"] = std::to_string(input.slot);
  variables["FLEET_HOST"] = input.host_name;
  if (!input.notify_path.empty()) {
    variables["NOTIFY_SOCKET"] = input.notify_path;
    int64_t watchdog = absl::ToInt64Microseconds(spec.liveness.watchdog);
    if (watchdog > 0) variables["WATCHDOG_USEC"] = std::to_string(watchdog);
  }
  std::vector<std::string> env;
  env.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    env.push_back(absl::StrCat(name, "=", value));
  }
  return env;
}

std::string FindVariable(const std::vector<std::string>& env,
                         const std::string& name) {
  std::string prefix = name + "=";
  for (const std::string& entry : env) {
    if (entry.starts_with(prefix)) return entry.substr(prefix.size());
  }
  return "";
}

}  // namespace fleet::agent
