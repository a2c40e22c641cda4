#include "node_agent/readiness_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleet::agent {
namespace {

bool HasProbe(const ReadinessGate& gate) {
  return std::any_of(
      kProbeKinds.begin(), kProbeKinds.end(),
      [&gate](ProbeKind kind) { return RequestOf(gate, kind).has_value(); });
}

}  // namespace

ReadinessState::ReadinessState(const ReadinessGate& gate, bool node_cluster)
    : gate_(gate),
      wants_listening_(node_cluster && !gate.wait_ready && !gate.notify &&
                       !HasProbe(gate)) {
  for (ProbeKind kind : kProbeKinds) {
    probes_[kind].set = RequestOf(gate, kind).has_value();
    any_probe_ |= probes_[kind].set;
  }
}

void ReadinessState::OnProbe(ProbeKind probe, bool success,
                             const std::string& text) {
  ProbeState& state = probes_[probe];
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

bool ReadinessState::ProbesHold() const {
  return std::all_of(kProbeKinds.begin(), kProbeKinds.end(),
                     [this](ProbeKind kind) {
                       return probes_[kind].holds || !probes_[kind].set;
                     });
}

bool ReadinessState::OwnWordHolds() const {
  return started_ && !leaving_ && (message_ || !gate_.wait_ready) &&
         (notify_ || !gate_.notify) && (listening_ || !wants_listening_);
}

bool ReadinessState::WantsProbes() const {
  return any_probe_ && OwnWordHolds();
}

bool ReadinessState::ready() const { return OwnWordHolds() && ProbesHold(); }

std::vector<std::string> ReadinessState::MissingWords() const {
  std::vector<std::string> missing;
  if (!message_ && gate_.wait_ready) {
    missing.emplace_back("waits for process.send('ready')");
  }
  if (!notify_ && gate_.notify) {
    missing.emplace_back(reloading_ ? "reloads, waits for READY=1"
                                    : "waits for READY=1");
  }
  if (!listening_ && wants_listening_) {
    missing.emplace_back(
        "waits for it to listen; a program that never does needs exec_mode: "
        "fork (start -x)");
  }
  return missing;
}

std::string ReadinessState::detail() const {
  if (leaving_) return "it is going down by itself";
  if (!started_) return "starting";
  std::vector<std::string> parts = MissingWords();
  for (ProbeKind kind : kProbeKinds) {
    const ProbeState& state = probes_[kind];
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
