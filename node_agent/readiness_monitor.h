// Runs a worker's probes and says when its readiness changes.
#ifndef FLEET_NODE_AGENT_READINESS_MONITOR_H_
#define FLEET_NODE_AGENT_READINESS_MONITOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "node_agent/probe_request.h"
#include "node_agent/readiness_state.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Each probe of the gate runs again `interval` after its last answer. Unset:
// 25 ms after the first, then twice as long each time up to 0.2 s until the
// worker is ready; 5 s from then on. The first one waits for the gate's
// initial_delay after the start (for one that was adopted, after that).
//
// One per live worker. Loop thread only; calls back from the loop, never from
// inside a call.
class ReadinessMonitor {
 public:
  // `ready` changed or only the detail.
  using Changed = std::function<void(bool ready_changed)>;

  ReadinessMonitor(EventLoop& loop, const ReadinessGate& gate,
                   bool node_cluster, StartProbe start_probe, Changed changed);
  ~ReadinessMonitor();
  ReadinessMonitor(const ReadinessMonitor&) = delete;
  ReadinessMonitor& operator=(const ReadinessMonitor&) = delete;

  // Change the state, then call Update.
  ReadinessState& state() { return state_; }
  // Starts probes that may run now, and tells what has changed, later.
  void Update();
  // Takes the state as it is for told; true: ready.
  bool TakeAsTold();
  // Nothing is probed or told any more.
  void Stop();

  // As last told.
  bool ready() const { return ready_; }
  const std::string& detail() const { return detail_; }

 private:
  struct Running {
    std::optional<ProbeRequest> request;
    std::unique_ptr<ProbeRun> run;
    EventLoop::TimerId timer = 0;
    bool started = false;
    absl::Duration pause;
  };

  void StartFirst(ProbeKind kind);
  void Start(ProbeKind kind);
  void OnResult(ProbeKind kind, const ProbeResult& result);
  absl::Duration NextPause(Running& running) const;
  void Tell();

  EventLoop& loop_;
  const ReadinessGate gate_;
  StartProbe start_probe_;
  Changed changed_;
  ReadinessState state_;
  PerProbe<Running> running_;
  absl::Time first_probe_at_ = absl::InfinitePast();
  bool stopped_ = false;
  bool tell_posted_ = false;
  bool ready_ = false;
  std::string detail_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_READINESS_MONITOR_H_
