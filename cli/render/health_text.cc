#include "cli/render/health_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

// What a gate (ReadinessGate or Liveness) asks by probes.
template <typename Gate>
std::vector<std::string> ProbeTexts(const Gate& gate) {
  std::vector<std::string> parts;
  if (gate.http) {
    parts.push_back(absl::StrCat("HTTP :", gate.http->port, gate.http->path));
  }
  if (gate.tcp) parts.push_back(absl::StrCat("TCP :", gate.tcp->port));
  if (gate.grpc) {
    parts.push_back(absl::StrCat("gRPC :", gate.grpc->port,
                                 gate.grpc->service.empty() ? "" : "/",
                                 gate.grpc->service));
  }
  if (gate.exec) parts.push_back(absl::StrJoin(gate.exec->command, " "));
  return parts;
}

}  // namespace

std::string ReadinessText(const AppSpec& spec) {
  const ReadinessGate& gate = spec.readiness;
  std::vector<std::string> parts;
  if (gate.wait_ready) parts.emplace_back("process.send('ready')");
  if (gate.notify) parts.emplace_back("READY=1 (sd_notify)");
  for (std::string& probe : ProbeTexts(gate)) parts.push_back(std::move(probe));
  if (parts.empty()) {
    const bool listens =
        spec.takeover || (spec.exec_mode == ExecMode::kCluster && IsNode(spec));
    parts.emplace_back(listens ? "when it listens" : "when it has started");
  }
  return absl::StrCat(absl::StrJoin(parts, " and "), ", within ",
                      DurationText(gate.timeout));
}

std::string LivenessText(const Liveness& liveness) {
  std::vector<std::string> parts = ProbeTexts(liveness);
  if (!parts.empty()) {
    parts.back() += absl::StrCat(", each ", DurationText(liveness.interval));
  }
  if (liveness.watchdog > absl::ZeroDuration()) {
    parts.push_back(
        absl::StrCat("WATCHDOG=1 within ", DurationText(liveness.watchdog)));
  }
  if (parts.empty()) return "";
  return absl::StrCat(absl::StrJoin(parts, " and "), ", ended after ",
                      liveness.failure_threshold, " failures");
}

}  // namespace fleet::cli
