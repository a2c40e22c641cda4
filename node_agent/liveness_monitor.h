// Finds out that a worker lives and does not serve.
#ifndef FLEET_NODE_AGENT_LIVENESS_MONITOR_H_
#define FLEET_NODE_AGENT_LIVENESS_MONITOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "node_agent/probe_request.h"
#include "proto/rpc/app_probes.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Looks from the first time that the worker is ready: each probe `interval`
// after its last answer, and the watchdog. A worker is unhealthy when a probe
// has failed failure_threshold times since success_threshold successes in a row
// last were, when WATCHDOG=1 does not come in time, or when it says
// WATCHDOG=trigger.
//
// One per live worker. Loop thread only; calls back from the loop, never from
// inside a call, and once.
class LivenessMonitor {
 public:
  using Unhealthy = std::function<void(const std::string& why)>;

  LivenessMonitor(EventLoop& loop, const Liveness& liveness,
                  StartProbe start_probe, Unhealthy unhealthy);
  ~LivenessMonitor();
  LivenessMonitor(const LivenessMonitor&) = delete;
  LivenessMonitor& operator=(const LivenessMonitor&) = delete;

  void OnReady();
  // WATCHDOG=1.
  void OnWatchdog();
  // WATCHDOG=trigger.
  void OnWatchdogTrigger();
  // WATCHDOG_USEC=…: another time from now on; zero: no watchdog.
  void SetWatchdog(absl::Duration period);
  // Nothing is looked at or told any more.
  void Stop();

 private:
  struct Running {
    std::optional<ProbeRequest> request;
    std::unique_ptr<ProbeRun> run;
    EventLoop::TimerId timer = 0;
    int failures = 0;
    int successes = 0;
  };

  void Schedule(ProbeKind kind, absl::Duration wait);
  void Start(ProbeKind kind);
  void OnResult(ProbeKind kind, const ProbeResult& result);
  void ArmWatchdog();
  void Tell(const std::string& why);

  EventLoop& loop_;
  const Liveness liveness_;
  StartProbe start_probe_;
  Unhealthy unhealthy_;
  PerProbe<Running> running_;
  absl::Duration watchdog_;
  EventLoop::TimerId watchdog_timer_ = 0;
  bool looking_ = false;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LIVENESS_MONITOR_H_
