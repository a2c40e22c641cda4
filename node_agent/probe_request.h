// What is asked of a worker by its readiness or liveness gate.
#ifndef FLEET_NODE_AGENT_PROBE_REQUEST_H_
#define FLEET_NODE_AGENT_PROBE_REQUEST_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc/app_probes.h"

namespace fleet::agent {

enum class ProbeKind { kHttp, kTcp, kGrpc, kExec };
inline constexpr std::array<ProbeKind, 4> kProbeKinds = {
    ProbeKind::kHttp, ProbeKind::kTcp, ProbeKind::kGrpc, ProbeKind::kExec};

// An array with a place for each kind.
template <typename T>
class PerProbe {
 public:
  T& operator[](ProbeKind kind) { return of_[static_cast<size_t>(kind)]; }
  const T& operator[](ProbeKind kind) const {
    return of_[static_cast<size_t>(kind)];
  }
  auto begin() { return of_.begin(); }
  auto end() { return of_.end(); }

 private:
  std::array<T, kProbeKinds.size()> of_{};
};

// One look.
struct ProbeRequest {
  ProbeKind kind = ProbeKind::kTcp;
  int port = 0;
  HttpProbe http;                    // kHttp.
  std::string service;               // kGrpc.
  std::vector<std::string> command;  // kExec.
  absl::Duration timeout = absl::Seconds(1);
};

struct ProbeResult {
  bool success = false;
  std::string text;  // "GET /health on 127.0.0.11:3000: 503"
};

// A look that is being taken; nothing comes of it once this is gone.
class ProbeRun {
 public:
  virtual ~ProbeRun() = default;
};

using ProbeDone = std::function<void(const ProbeResult&)>;
// Begins a look; the result comes later, from the loop, and may end the run.
using StartProbe =
    std::function<std::unique_ptr<ProbeRun>(const ProbeRequest&, ProbeDone)>;

// What a gate (ReadinessGate or Liveness) asks by probes of that kind; nothing:
// it has none.
template <typename Gate>
std::optional<ProbeRequest> RequestOf(const Gate& gate, ProbeKind kind) {
  ProbeRequest request;
  request.kind = kind;
  request.timeout = gate.probe_timeout;
  switch (kind) {
    case ProbeKind::kHttp:
      if (!gate.http.has_value()) return std::nullopt;
      request.http = *gate.http;
      request.port = gate.http->port;
      return request;
    case ProbeKind::kTcp:
      if (!gate.tcp.has_value()) return std::nullopt;
      request.port = gate.tcp->port;
      return request;
    case ProbeKind::kGrpc:
      if (!gate.grpc.has_value()) return std::nullopt;
      request.port = gate.grpc->port;
      request.service = gate.grpc->service;
      return request;
    case ProbeKind::kExec:
      if (!gate.exec.has_value()) return std::nullopt;
      request.command = gate.exec->command;
      return request;
  }
  return std::nullopt;
}

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PROBE_REQUEST_H_
