#include "node_agent/liveness_monitor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {

LivenessMonitor::LivenessMonitor(EventLoop& loop, const Liveness& liveness,
                                 StartProbe start_probe, Unhealthy unhealthy)
    : loop_(loop),
      liveness_(liveness),
      start_probe_(std::move(start_probe)),
      unhealthy_(std::move(unhealthy)),
      watchdog_(liveness.watchdog) {
  for (ProbeKind kind : kProbeKinds) {
    running_[kind].request = RequestOf(liveness_, kind);
  }
}

LivenessMonitor::~LivenessMonitor() {
  *alive_ = false;
  Stop();
}

void LivenessMonitor::Stop() {
  stopped_ = true;
  loop_.CancelTimer(std::exchange(watchdog_timer_, 0));
  for (Running& running : running_) {
    loop_.CancelTimer(std::exchange(running.timer, 0));
    running.run.reset();
  }
}

void LivenessMonitor::OnReady() {
  if (stopped_ || std::exchange(looking_, true)) return;
  for (ProbeKind kind : kProbeKinds) {
    if (running_[kind].request.has_value()) {
      Schedule(kind, liveness_.initial_delay);
    }
  }
  ArmWatchdog();
}

void LivenessMonitor::Schedule(ProbeKind kind, absl::Duration wait) {
  running_[kind].timer = loop_.AddTimerAfter(wait, [this, kind] {
    running_[kind].timer = 0;
    Start(kind);
  });
}

void LivenessMonitor::Start(ProbeKind kind) {
  running_[kind].run = start_probe_(
      *running_[kind].request,
      [this, kind](const ProbeResult& result) { OnResult(kind, result); });
}

void LivenessMonitor::OnResult(ProbeKind kind, const ProbeResult& result) {
  if (stopped_) return;
  Running& running = running_[kind];
  if (result.success) {
    if (++running.successes >= liveness_.success_threshold) {
      running.failures = 0;
    }
  } else {
    running.successes = 0;
    ++running.failures;
  }
  if (running.failures >= liveness_.failure_threshold) {
    return Tell(
        running.failures == 1
            ? result.text
            : absl::StrCat(result.text, " (", running.failures, " times)"));
  }
  Schedule(kind, liveness_.interval);
}

void LivenessMonitor::OnWatchdog() { ArmWatchdog(); }

void LivenessMonitor::OnWatchdogTrigger() {
  if (!stopped_) Tell("it said WATCHDOG=trigger");
}

void LivenessMonitor::SetWatchdog(absl::Duration period) {
  watchdog_ = period;
  ArmWatchdog();
}

void LivenessMonitor::ArmWatchdog() {
  loop_.CancelTimer(std::exchange(watchdog_timer_, 0));
  if (stopped_ || !looking_ || watchdog_ <= absl::ZeroDuration()) return;
  watchdog_timer_ = loop_.AddTimerAfter(watchdog_, [this] {
    watchdog_timer_ = 0;
    Tell(absl::StrCat("no WATCHDOG=1 within ", DurationText(watchdog_)));
  });
}

void LivenessMonitor::Tell(const std::string& why) {
  Stop();
  loop_.Post([this, alive = alive_, why] {
    if (*alive) unhealthy_(why);
  });
}

}  // namespace fleet::agent
