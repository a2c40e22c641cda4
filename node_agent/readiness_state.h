// Whether a worker is ready, from all it and its probes have said.
#ifndef FLEET_NODE_AGENT_READINESS_STATE_H_
#define FLEET_NODE_AGENT_READINESS_STATE_H_

#include <optional>
#include <string>
#include <vector>

#include "node_agent/probe_request.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

// The gate of a spec: all that is set in it must hold. Nothing set: a worker
// of which the agent learns that it listens (one of Node's cluster, or one
// whose bind() it answers) is ready when it does, any other once it has
// started.
//
// A probe holds after success_threshold answers in a row that are right, and
// no longer holds after failure_threshold that are not. What a worker says of
// itself holds until it says otherwise (STOPPING=1).
//
// Pure; the runtime owns one per worker.
class ReadinessState {
 public:
  ReadinessState(const ReadinessGate& gate, bool node_cluster);

  void OnStarted() { started_ = true; }
  bool started() const { return started_; }
  void OnReadyMessage() { message_ = true; }
  void OnNotifyReady() {
    notify_ = true;
    reloading_ = false;
  }
  // RELOADING=1: the READY=1 that the gate waits for does not hold until the
  // next one. Without `notify` in the gate it is only told.
  void OnReloading() {
    reloading_ = true;
    notify_ = false;
  }
  void OnListening() { listening_ = true; }
  // It has begun to go: not ready again.
  void OnLeaving() { leaving_ = true; }
  // `text` is the answer, for people.
  void OnProbe(ProbeKind probe, bool success, const std::string& text);
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

  bool ProbesHold() const;
  bool OwnWordHolds() const;
  std::vector<std::string> MissingWords() const;

  const ReadinessGate gate_;
  const bool wants_listening_;
  bool started_ = false;
  bool message_ = false;
  bool notify_ = false;
  bool reloading_ = false;
  bool listening_ = false;
  bool leaving_ = false;
  PerProbe<ProbeState> probes_;
  bool any_probe_ = false;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_READINESS_STATE_H_
