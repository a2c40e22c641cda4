// Whether a worker is ready, from all it and its probes have said.
#ifndef FLEET_NODE_AGENT_READINESS_STATE_H_
#define FLEET_NODE_AGENT_READINESS_STATE_H_

#include <optional>
#include <string>
#include <vector>

#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// The gate of a spec: all that is set in it must hold. Nothing set: a Node
// cluster worker is ready when it listens, any other once it has started.
//
// A probe holds after success_threshold answers in a row that are right, and
// no longer holds after failure_threshold that are not. What a worker says of
// itself holds until it says otherwise (STOPPING=1).
//
// Pure; the runtime owns one per worker.
class ReadinessState {
 public:
  enum class Probe { kHttp, kTcp };

  ReadinessState(const ReadinessGate& gate, bool node_cluster);

  void OnStarted() { started_ = true; }
  void OnReadyMessage() { message_ = true; }
  void OnNotifyReady() { notify_ = true; }
  void OnListening() { listening_ = true; }
  // It has begun to go: not ready again.
  void OnLeaving() { leaving_ = true; }
  // `text` is the answer, for people.
  void OnProbe(Probe probe, bool success, const std::string& text);
  // Probes start when all else holds.
  bool WantsProbes() const;

  bool ready() const;
  // What it waits for, or the last answer of its probes.
  std::string detail() const;

 private:
  struct ProbeState {
    bool set = false;
    bool holds = false;
    int successes = 0;
    int failures = 0;
    std::string text;
  };

  const ProbeState& StateOf(Probe probe) const {
    return probe == Probe::kHttp ? http_ : tcp_;
  }
  bool OwnWordHolds() const;
  std::vector<std::string> MissingWords() const;

  const ReadinessGate gate_;
  const bool wants_listening_;
  bool started_ = false;
  bool message_ = false;
  bool notify_ = false;
  bool listening_ = false;
  bool leaving_ = false;
  ProbeState http_;
  ProbeState tcp_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_READINESS_STATE_H_
