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
                                   bool node_cluster, TargetOf target_of,
                                   Changed changed)
    : loop_(loop),
      gate_(gate),
      target_of_(std::move(target_of)),
      changed_(std::move(changed)),
      state_(gate, node_cluster) {}

ReadinessMonitor::~ReadinessMonitor() {
  *alive_ = false;
  Stop();
}

void ReadinessMonitor::Stop() {
  stopped_ = true;
  for (Running& running : running_) {
    if (running.timer != 0) loop_.CancelTimer(std::exchange(running.timer, 0));
    running.probe.reset();
  }
}

bool ReadinessMonitor::IsSet(ReadinessState::Probe kind) const {
  return kind == ReadinessState::Probe::kHttp ? gate_.http.has_value()
                                              : gate_.tcp.has_value();
}

void ReadinessMonitor::Update() {
  if (stopped_) return;
  for (auto kind :
       {ReadinessState::Probe::kHttp, ReadinessState::Probe::kTcp}) {
    Running& running = RunningOf(kind);
    if (running.started || !IsSet(kind) || !state_.WantsProbes()) continue;
    running.started = true;
    StartProbe(kind);
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

void ReadinessMonitor::StartProbe(ReadinessState::Probe kind) {
  RunningOf(kind).probe = std::make_unique<Probe>(
      loop_, target_of_(kind),
      [this, kind](const ProbeResult& result) { OnResult(kind, result); });
}

void ReadinessMonitor::OnResult(ReadinessState::Probe kind,
                                const ProbeResult& result) {
  if (stopped_) return;
  state_.OnProbe(kind, result.success, result.text);
  Running& running = RunningOf(kind);
  running.timer = loop_.AddTimerAfter(NextPause(running), [this, kind] {
    RunningOf(kind).timer = 0;
    StartProbe(kind);
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
