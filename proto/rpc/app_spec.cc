#include "proto/rpc/app_spec.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace fleet {
namespace {

struct InterpreterRule {
  std::string_view extension;
  std::string_view interpreter;
};

// As PM2 chooses; what is not listed is executed itself.
constexpr std::array<InterpreterRule, 10> kInterpreters = {{{".js", "node"},
                                                            {".cjs", "node"},
                                                            {".mjs", "node"},
                                                            {".py", "python3"},
                                                            {".sh", "bash"},
                                                            {".rb", "ruby"},
                                                            {".pl", "perl"},
                                                            {".php", "php"},
                                                            {".ts", "bun"},
                                                            {".tsx", "bun"}}};

std::string_view BaseName(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// With its dot; empty for none, and for a name that starts with its only dot.
std::string_view Extension(std::string_view path) {
  std::string_view base = BaseName(path);
  size_t dot = base.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? "" : base.substr(dot);
}

std::string_view InterpreterFor(std::string_view script) {
  std::string_view extension = Extension(script);
  for (const InterpreterRule& rule : kInterpreters) {
    if (rule.extension == extension) return rule.interpreter;
  }
  return "none";
}

std::string NameFor(std::string_view script) {
  std::string_view base = BaseName(script);
  return std::string(base.substr(0, base.size() - Extension(script).size()));
}

// Of readiness or liveness.
template <typename Probes>
void FillProbes(Probes& probes) {
  if (probes.http.has_value() && probes.http->path.empty()) {
    probes.http->path = "/";
  }
  if (probes.success_threshold == 0) probes.success_threshold = 1;
  if (probes.failure_threshold == 0) probes.failure_threshold = 3;
}

}  // namespace

bool IsNode(const AppSpec& spec) {
  std::string_view interpreter = spec.interpreter.empty()
                                     ? InterpreterFor(spec.script)
                                     : BaseName(spec.interpreter);
  return interpreter == "node" || interpreter == "nodejs";
}

ReloadStrategy EffectiveStrategy(const AppSpec& spec) {
  if (spec.reload_strategy != ReloadStrategy::kDefault) {
    return spec.reload_strategy;
  }
  bool holds_sockets =
      spec.exec_mode == ExecMode::kCluster || !spec.listen.empty();
  return holds_sockets ? ReloadStrategy::kSurge : ReloadStrategy::kStopFirst;
}

int ResolveInstances(int instances, int cores) {
  if (instances > 0) return instances;
  return std::max(1, cores + instances);
}

void ApplyDefaults(AppSpec& spec) {
  if (spec.interpreter.empty()) {
    spec.interpreter = std::string(InterpreterFor(spec.script));
  }
  if (spec.name.empty()) spec.name = NameFor(spec.script);
  if (spec.app_namespace.empty()) spec.app_namespace = "default";
  if (spec.instance_var.empty()) spec.instance_var = "NODE_APP_INSTANCE";
  if (spec.hosts.empty()) spec.hosts = "all";
  if (spec.stop.signal.empty()) spec.stop.signal = "SIGTERM";
  FillProbes(spec.readiness);
  FillProbes(spec.liveness);
}

}  // namespace fleet
