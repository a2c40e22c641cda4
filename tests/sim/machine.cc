#include "tests/sim/machine.h"

#include <algorithm>
#include <utility>

namespace fleet::sim {
namespace {

using agent::WorkerExit;
using agent::WorkerId;

constexpr absl::Duration kAtOnce = absl::Microseconds(100);

}  // namespace

const Process* Machine::Find(WorkerId id) const {
  auto found = processes_.find(id);
  return found == processes_.end() ? nullptr : &found->second;
}

void Machine::Later(const Process& process, absl::Duration delay, Event event) {
  if (delay == absl::InfiniteDuration()) return;
  ports_.timeline.After(
      delay, [this, id = process.identity.id, serial = process.serial, event] {
        auto found = processes_.find(id);
        if (found == processes_.end() || found->second.serial != serial) return;
        (this->*event)(found->second);
      });
}

// ----------------------------------------------------------- agent's orders

void Machine::Start(const agent::WorkerIdentity& identity,
                    std::shared_ptr<const AppSpec> spec) {
  ports_.observer.OnStart(*this, identity);
  Process& process = processes_[identity.id];
  process = Process();
  process.identity = identity;
  process.behaviour = ports_.programs.Of(name_, identity, *spec);
  process.spec = std::move(spec);
  process.serial = next_serial_++;
  ports_.trace.Note(name_, "starts ", identity.app, ".", identity.slot,
                    " worker ", identity.id, " g", identity.generation, " r",
                    identity.revision);
  if (process.behaviour.start_fails) {
    process.behaviour.exit = {WorkerExit::Kind::kStartFailed, 0,
                              "no such file: app.js"};
    Later(process, process.behaviour.start_time, &Machine::OnEnd);
  } else {
    Later(process, process.behaviour.start_time, &Machine::OnUp);
  }
}

void Machine::BeginStop(WorkerId id) {
  auto found = processes_.find(id);
  if (found == processes_.end() || found->second.exited) return;
  Process& process = found->second;
  ports_.observer.OnStop(*this, process, /*kill=*/false);
  ports_.trace.Note(name_, "stops ", process.identity.app, ".",
                    process.identity.slot, " worker ", id);
  process.told_to_stop = true;
  Later(process, process.behaviour.stop_time, &Machine::OnStopped);
}

void Machine::Kill(WorkerId id) {
  auto found = processes_.find(id);
  if (found == processes_.end()) return;
  Process& process = found->second;
  if (!process.exited) ports_.observer.OnStop(*this, process, /*kill=*/true);
  ports_.trace.Note(name_, "kills ", process.identity.app, ".",
                    process.identity.slot, " worker ", id);
  process.killed = true;
  process.behaviour.linger = kAtOnce;
  Later(process, kAtOnce,
        process.exited ? &Machine::OnTreeGone : &Machine::OnStopped);
}

std::vector<agent::AdoptedWorker> Machine::Inventory() {
  std::vector<agent::AdoptedWorker> workers;
  for (auto& [id, process] : processes_) {
    agent::AdoptedWorker worker;
    worker.identity = process.identity;
    worker.pid = static_cast<pid_t>(1000 + id);
    worker.ready = process.ready && !process.exited;
    worker.stopping = process.told_to_stop;
    workers.push_back(std::move(worker));
    if (process.exited) {
      ports_.timeline.After(kAtOnce, [this, id = id] { ReportEnded(id); });
    }
  }
  return workers;
}

// ------------------------------------------------------------------ events

void Machine::OnUp(Process& process) {
  if (process.exited) return;
  process.started = true;
  const WorkerId id = process.identity.id;
  Later(process, process.behaviour.exit_after, &Machine::OnEnd);
  Later(process, process.behaviour.ready_after, &Machine::OnFlap);
  if (listener_ != nullptr) {
    listener_->OnStarted(id, static_cast<pid_t>(1000 + id));
  }
}

void Machine::OnFlap(Process& process) {
  if (process.exited) return;
  const std::vector<absl::Duration>& flaps = process.behaviour.flaps;
  if (process.next_flap < flaps.size()) {
    Later(process, flaps[process.next_flap++], &Machine::OnFlap);
  }
  SetReady(process.identity.id, !process.ready,
           process.ready ? "GET /health: 503" : "");
}

void Machine::SetReady(WorkerId id, bool ready, const std::string& detail) {
  auto found = processes_.find(id);
  if (found == processes_.end() || found->second.exited) return;
  Process& process = found->second;
  if (!process.started || process.ready == ready) return;
  process.ready = ready;
  process.ready_since = ports_.timeline.now();
  ports_.trace.Note(name_, process.identity.app, ".", process.identity.slot,
                    " worker ", id, ready ? " is ready" : " is not ready");
  ports_.observer.OnChange(*this, process);
  if (listener_ != nullptr) listener_->OnReadiness(id, ready, detail);
}

void Machine::Crash(WorkerId id, const WorkerExit& exit) {
  auto found = processes_.find(id);
  if (found != processes_.end()) End(found->second, exit);
}

void Machine::OnEnd(Process& process) { End(process, process.behaviour.exit); }

void Machine::OnStopped(Process& process) {
  End(process, process.killed
                   ? WorkerExit{WorkerExit::Kind::kSignaled, 9, "SIGKILL"}
                   : WorkerExit{WorkerExit::Kind::kSignaled, 15, "SIGTERM"});
}

void Machine::End(Process& process, const WorkerExit& exit) {
  if (process.exited) return;
  const WorkerId id = process.identity.id;
  process.exited = true;
  process.ready = false;
  process.exit = exit;
  ports_.trace.Note(name_, process.identity.app, ".", process.identity.slot,
                    " worker ", id, " ended: ", exit.message);
  ports_.observer.OnChange(*this, process);
  Later(process, process.behaviour.linger, &Machine::OnTreeGone);
  if (listener_ != nullptr) listener_->OnExited(id, exit);
}

// The keeper remembers an end until an agent has taken it.
void Machine::OnTreeGone(Process& process) {
  if (process.exited && listener_ != nullptr) Gone(process.identity.id);
}

void Machine::Gone(WorkerId id) {
  processes_.erase(id);
  if (listener_ != nullptr) listener_->OnGone(id);
}

void Machine::ReportEnded(WorkerId id) {
  auto found = processes_.find(id);
  if (found == processes_.end() || listener_ == nullptr) return;
  listener_->OnExited(id, found->second.exit);
  Gone(id);
}

void Machine::LosePower(Random& random) {
  processes_.clear();
  hooks_.LosePower();
  disk_.LosePower(random);
}

}  // namespace fleet::sim
