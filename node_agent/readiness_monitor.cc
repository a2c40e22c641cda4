#include "node_agent/readiness_monitor.h"

#include <algorithm>
#include <utility>

namespace fleet::agent {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(25);
constexpr absl::Duration kMaxStartPause = absl::Milliseconds(200);
constexpr absl::Duration kReadyPause = absl::Seconds(5);

}  // namespace

ReadinessMonitor::ReadinessMonitor(EventLoop& loop, const ReadinessGate& gate,
                                   bool node_cluster, StartProbe start_probe,
                                   Changed changed)
    : loop_(loop),
      gate_(gate),
      start_probe_(std::move(start_probe)),
      changed_(std::move(changed)),
      state_(gate, node_cluster) {
  for (ProbeKind kind : kProbeKinds) {
    running_[kind].request = RequestOf(gate_, kind);
  }
}

ReadinessMonitor::~ReadinessMonitor() {
  *alive_ = false;
  Stop();
}

void ReadinessMonitor::Stop() {
  stopped_ = true;
  for (Running& running : running_) {
    if (running.timer != 0) loop_.CancelTimer(std::exchange(running.timer, 0));
    running.run.reset();
  }
}

void ReadinessMonitor::Update() {
  if (stopped_) return;
  if (first_probe_at_ == absl::InfinitePast() && state_.started()) {
    first_probe_at_ = loop_.clock().Now() + gate_.initial_delay;
  }
  for (ProbeKind kind : kProbeKinds) {
    Running& running = running_[kind];
    if (running.started || !running.request.has_value() ||
        !state_.WantsProbes()) {
      continue;
    }
    running.started = true;
    StartFirst(kind);
  }
  if (std::exchange(tell_posted_, true)) return;
  loop_.Post([this, alive = alive_] {
    if (*alive) Tell();
  });
}

bool ReadinessMonitor::TakeAsTold() {
  ready_ = state_.ready();
  detail_ = state_.detail();
  return ready_;
}

void ReadinessMonitor::Tell() {
  tell_posted_ = false;
  if (stopped_) return;
  bool ready_changed = state_.ready() != ready_;
  std::string detail = state_.detail();
  if (!ready_changed && detail == detail_) return;
  ready_ = state_.ready();
  detail_ = std::move(detail);
  changed_(ready_changed);
}

void ReadinessMonitor::StartFirst(ProbeKind kind) {
  if (loop_.clock().Now() >= first_probe_at_) return Start(kind);
  running_[kind].timer = loop_.AddTimer(first_probe_at_, [this, kind] {
    running_[kind].timer = 0;
    Start(kind);
  });
}

void ReadinessMonitor::Start(ProbeKind kind) {
  Running& running = running_[kind];
  running.run = start_probe_(
      *running.request,
      [this, kind](const ProbeResult& result) { OnResult(kind, result); });
}

void ReadinessMonitor::OnResult(ProbeKind kind, const ProbeResult& result) {
  if (stopped_) return;
  state_.OnProbe(kind, result.success, result.text);
  Running& running = running_[kind];
  running.timer = loop_.AddTimerAfter(NextPause(running), [this, kind] {
    running_[kind].timer = 0;
    Start(kind);
  });
  Update();
}

absl::Duration ReadinessMonitor::NextPause(Running& running) const {
  if (gate_.interval > absl::ZeroDuration()) return gate_.interval;
  if (state_.ready()) return kReadyPause;
  running.pause = std::clamp(running.pause * 2, kFirstPause, kMaxStartPause);
  return running.pause;
}

}  // namespace fleet::agent
