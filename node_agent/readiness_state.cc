#include "node_agent/readiness_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleet::agent {

ReadinessState::ReadinessState(const ReadinessGate& gate, bool node_cluster)
    : gate_(gate),
      wants_listening_(node_cluster && !gate.wait_ready && !gate.notify &&
                       !gate.http.has_value() && !gate.tcp.has_value()) {
  http_.set = gate.http.has_value();
  tcp_.set = gate.tcp.has_value();
}

void ReadinessState::OnProbe(Probe probe, bool success,
                             const std::string& text) {
  ProbeState& state = probe == Probe::kHttp ? http_ : tcp_;
  state.text = text;
  state.successes = success ? state.successes + 1 : 0;
  state.failures = success ? 0 : state.failures + 1;
  if (state.successes >= std::max(gate_.success_threshold, 1)) {
    state.holds = true;
  }
  if (state.failures >= std::max(gate_.failure_threshold, 1)) {
    state.holds = false;
  }
}

bool ReadinessState::OwnWordHolds() const {
  return started_ && !leaving_ && (message_ || !gate_.wait_ready) &&
         (notify_ || !gate_.notify) && (listening_ || !wants_listening_);
}

bool ReadinessState::WantsProbes() const {
  return (http_.set || tcp_.set) && OwnWordHolds();
}

bool ReadinessState::ready() const {
  return OwnWordHolds() && (http_.holds || !http_.set) &&
         (tcp_.holds || !tcp_.set);
}

std::vector<std::string> ReadinessState::MissingWords() const {
  std::vector<std::string> missing;
  if (!message_ && gate_.wait_ready) {
    missing.emplace_back("waits for process.send('ready')");
  }
  if (!notify_ && gate_.notify) missing.emplace_back("waits for READY=1");
  if (!listening_ && wants_listening_) {
    missing.emplace_back("waits for it to listen");
  }
  return missing;
}

std::string ReadinessState::detail() const {
  if (leaving_) return "it is going down by itself";
  if (!started_) return "starting";
  std::vector<std::string> parts = MissingWords();
  for (Probe probe : {Probe::kHttp, Probe::kTcp}) {
    const ProbeState& state = StateOf(probe);
    if (!state.set) continue;
    if (!state.text.empty()) {
      parts.push_back(state.text);
    } else if (parts.empty()) {
      parts.emplace_back("waits for the first answer of its probe");
    }
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace fleet::agent
