#include "node_agent/local_worker_runtime.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/pid_file.h"
#include "node_agent/worker_exit_text.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kFirstKillPause = absl::Milliseconds(2);
constexpr absl::Duration kMaxKillPause = absl::Milliseconds(500);

}  // namespace

LocalWorkerRuntime::LocalWorkerRuntime(EventLoop& loop, const Clock& clock,
                                       KeeperClient& keeper, LogPump& logs,
                                       Options options, Inventory inventory)
    : loop_(loop),
      clock_(clock),
      keeper_(keeper),
      logs_(logs),
      options_(std::move(options)),
      inventory_(std::move(inventory)),
      sockets_(loop, keeper, options_.bind_address),
      tree_(loop, keeper.keeper_pid()),
      tree_keeper_(keeper.keeper_pid()),
      handshakes_(clock),
      commands_(loop, keeper, tree_),
      around_{loop, keeper, sockets_, tree_, accepted_by_} {
  keeper_.SetEvents(this);
}

LocalWorkerRuntime::~LocalWorkerRuntime() {
  *alive_ = false;
  keeper_.SetEvents(nullptr);
  for (auto& [id, entry] : workers_) {
    if (entry.kill_timer != 0) loop_.CancelTimer(entry.kill_timer);
    if (entry.drain_timer != 0) loop_.CancelTimer(entry.drain_timer);
  }
}

void LocalWorkerRuntime::SetListener(WorkerListener* listener) {
  listener_ = listener;
}

LocalWorkerRuntime::Entry* LocalWorkerRuntime::Find(WorkerId id) {
  auto it = workers_.find(id);
  return it == workers_.end() ? nullptr : &it->second;
}

// ------------------------------------------------------------------ stopping

void LocalWorkerRuntime::BeginStop(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended() || entry->worker->stopping()) {
    return;
  }
  LiveWorker& worker = *entry->worker;
  worker.MarkStopping();
  UpdateLanes(worker.identity().app_uid);
  // What leaves its session while it stops is found again afterwards.
  if (worker.pid() != 0) tree_.FindTree(worker.root());
  BeginDrain(*entry);
}

void LocalWorkerRuntime::Signal(WorkerId id, int signal) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended()) return;
  keeper_.Signal(id, signal, /*group=*/false);
}

absl::Status LocalWorkerRuntime::Send(WorkerId id, const std::string& text) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", id, " has ended"));
  }
  return entry->worker->SendMessage(text);
}

void LocalWorkerRuntime::Kill(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->killed = true;
  if (!entry->worker->ended()) {
    keeper_.Signal(id, SIGKILL, /*group=*/false);
    if (entry->worker->pid() != 0) tree_.KillTree(entry->worker->root());
    return;
  }
  if (entry->kill_timer == 0) CleanUp(id);
}

// ------------------------------------------------------- how processes end

void LocalWorkerRuntime::OnExited(WorkerId id, ProcessExit exit) {
  if (commands_.OnExited(id, exit)) return;
  if (strangers_.erase(id) > 0) return keeper_.AckExit(id);
  Entry* entry = Find(id);
  if (entry == nullptr) return keeper_.AckExit(id);
  if (entry->worker->ended()) return;
  LiveWorker& worker = *entry->worker;
  WorkerExit described =
      DescribeExit(exit, worker.was_ready() ? "" : worker.refusal());
  worker.OnEnded();
  sampler_.Remove(id);
  // Why it ended is often its last line.
  logs_.ReadNow(id);
  // Before all else: its successor is to start at once.
  if (listener_ != nullptr) listener_->OnExited(id, described);
  loop_.Post([this, alive = alive_, id] {
    if (*alive) CleanUp(id);
  });
}

void LocalWorkerRuntime::CleanUp(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  if (entry->kill_timer != 0) {
    loop_.CancelTimer(std::exchange(entry->kill_timer, 0));
  }
  LiveWorker& worker = *entry->worker;
  if (!entry->gone_pending) {
    entry->gone_pending = true;
    UpdateLanes(worker.identity().app_uid);
    sockets_.Repair(worker.identity().app_uid, worker.at());
  }
  if (tree_keeper_ != keeper_.keeper_pid()) {
    tree_keeper_ = keeper_.keeper_pid();
    tree_.SetKeeper(tree_keeper_);
  }
  bool whole_tree = entry->killed || worker.spec()->stop.treekill;
  if (worker.pid() == 0 || !whole_tree || tree_.KillTree(worker.root()) == 0) {
    return Forget(id);
  }
  entry->kill_pause =
      std::clamp(entry->kill_pause * 2, kFirstKillPause, kMaxKillPause);
  entry->kill_timer =
      loop_.AddTimerAfter(entry->kill_pause, [this, id] { CleanUp(id); });
}

void LocalWorkerRuntime::Forget(WorkerId id) {
  auto it = workers_.find(id);
  std::string app_uid = it->second.worker->identity().app_uid;
  bool spawned = it->second.worker->pid() != 0;
  if (it->second.drain_timer != 0) loop_.CancelTimer(it->second.drain_timer);
  logs_.Finish(id);
  for (const char* stream : {"out", "err"}) {
    keeper_.Drop(absl::StrCat("log/", id, "/", stream));
  }
  it->second.worker->DropHeld();
  if (!it->second.pid_file.empty()) {
    RemovePidFile(it->second.pid_file, it->second.worker->pid());
  }
  tree_.Forget(id);
  workers_.erase(it);
  if (listener_ != nullptr) listener_->OnGone(id);
  // Last: until here a later agent would do all of this again.
  if (spawned) keeper_.AckExit(id);
  logs_.Forget(id);
  CloseUnused(app_uid);
  CloseReleased(app_uid);
}

// ------------------------------------------------------------------- the rest

void LocalWorkerRuntime::OnWorkerUnhealthy(LiveWorker& worker,
                                           const std::string& why) {
  if (listener_ != nullptr) listener_->OnUnhealthy(worker.identity().id, why);
}

std::unique_ptr<ProbeRun> LocalWorkerRuntime::RunBeside(
    const LiveWorker& worker, const ProbeRequest& request, ProbeDone done) {
  return commands_.Run(
      request,
      [&](int out) -> absl::StatusOr<SpawnRequest> {
        ASSIGN_OR_RETURN(
            SpawnRequest spawn,
            launch_->PrepareCommand(worker.identity(), worker.spec(),
                                    request.command, out));
        spawn.env.push_back(absl::StrCat("FLEET_WORKER_PID=", worker.pid()));
        return spawn;
      },
      std::move(done));
}

std::vector<LimitNote> LocalWorkerRuntime::LimitsOf(const AppSpec&) const {
  return {};
}

std::vector<std::string> LocalWorkerRuntime::StderrTail(WorkerId id,
                                                        int lines) const {
  return logs_.StderrTail(id, lines);
}

std::vector<WorkerSample> LocalWorkerRuntime::Sample() {
  std::vector<WorkerSample> samples = sampler_.Sample(
      clock_.Now(),
      [this](WorkerId id) {
        Entry* entry = Find(id);
        return entry == nullptr ? std::vector<ProcessRef>()
                                : tree_.FindTree(entry->worker->root());
      },
      [](WorkerId) -> std::optional<absl::Duration> { return std::nullopt; });
  for (WorkerSample& sample : samples) {
    sample.logs = logs_.Counters(sample.id);
    sample.event_loop_free = workers_.at(sample.id).worker->event_loop_free();
  }
  return samples;
}

}  // namespace fleet::agent
