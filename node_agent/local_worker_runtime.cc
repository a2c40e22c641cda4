#include "node_agent/local_worker_runtime.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/worker_exit_text.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kDrainLook = absl::Milliseconds(2);
constexpr absl::Duration kMaxDrain = absl::Seconds(1);
// So many looks in a row at an empty queue: connections whose handshake was
// under way when the slot was taken out have come by then.
constexpr int kEmptyLooks = 2;
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
      sockets_(keeper, options_.bind_address),
      tree_(loop, keeper.keeper_pid()),
      tree_keeper_(keeper.keeper_pid()),
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
  UpdateLive(worker.identity().app_uid);
  // What leaves its session while it stops is found again afterwards.
  if (worker.pid() != 0) tree_.FindTree(worker.root());
  entry->drain_deadline = clock_.Now() + kMaxDrain;
  DrainQueue(id);
}

void LocalWorkerRuntime::DrainQueue(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->drain_timer = 0;
  const WorkerIdentity& identity = entry->worker->identity();
  if (!sockets_.HasSlotSockets(identity.app_uid)) {
    return entry->worker->AskToStop();
  }
  std::set<int> live = LiveSlots(identity.app_uid);
  bool others_serve = !live.empty() && !live.contains(identity.slot);
  int queued = sockets_.QueueLength(identity.app_uid, identity.slot);
  entry->empty_looks = queued == 0 ? entry->empty_looks + 1 : 0;
  if (!others_serve || entry->empty_looks >= kEmptyLooks ||
      clock_.Now() >= entry->drain_deadline) {
    return entry->worker->AskToStop();
  }
  entry->drain_timer =
      loop_.AddTimerAfter(kDrainLook, [this, id] { DrainQueue(id); });
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
    UpdateLive(worker.identity().app_uid);
    sockets_.Repair(worker.identity().app_uid, worker.identity().slot);
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
  tree_.Forget(id);
  workers_.erase(it);
  if (listener_ != nullptr) listener_->OnGone(id);
  // Last: until here a later agent would do all of this again.
  if (spawned) keeper_.AckExit(id);
  logs_.Forget(id);
  CloseUnused(app_uid);
  CloseReleased(app_uid);
}

// ------------------------------------------------------------ slots' sockets

std::set<int> LocalWorkerRuntime::LiveSlots(const std::string& app_uid) const {
  std::set<int> live;
  for (const auto& [id, entry] : workers_) {
    if (entry.worker->identity().app_uid == app_uid &&
        entry.worker->TakesConnections()) {
      live.insert(entry.worker->identity().slot);
    }
  }
  auto app = apps_.find(app_uid);
  if (app == apps_.end()) return live;
  for (int slot : app->second.released_slots) live.erase(slot);
  return live;
}

void LocalWorkerRuntime::UpdateLive(const std::string& app_uid) {
  if (!sockets_.HasSockets(app_uid)) return;
  sockets_.SetLive(app_uid, LiveSlots(app_uid));
}

void LocalWorkerRuntime::OnWorkerReadiness(LiveWorker& worker,
                                           bool ready_changed) {
  if (ready_changed) {
    UpdateLive(worker.identity().app_uid);
    CloseUnused(worker.identity().app_uid);
  }
  if (listener_ == nullptr) return;
  WorkerId id = worker.identity().id;
  std::string detail = worker.detail();
  if (ready_changed) {
    listener_->OnReadiness(id, worker.ready(), detail);
  } else {
    listener_->OnReadinessDetail(id, detail);
  }
}

void LocalWorkerRuntime::OnWorkerSockets(LiveWorker& worker) {
  UpdateLive(worker.identity().app_uid);
}

bool LocalWorkerRuntime::SharesSocket(const LiveWorker& worker,
                                      const AddressSockets& sockets) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    const LiveWorker& other = *entry.second.worker;
    return &other != &worker && !other.ended() &&
           other.identity().app_uid == worker.identity().app_uid &&
           (sockets.shared() ||
            other.identity().slot == worker.identity().slot);
  });
}

void LocalWorkerRuntime::CloseUnused(const std::string& app_uid) {
  if (!sockets_.HasSockets(app_uid)) return;
  std::set<std::string> used = apps_[app_uid].declared;
  bool any_ready = false;
  for (const auto& [id, entry] : workers_) {
    const LiveWorker& worker = *entry.worker;
    if (worker.identity().app_uid != app_uid || worker.ended()) continue;
    // It may be about to ask for one.
    if (!worker.was_ready()) return;
    any_ready = any_ready || worker.TakesConnections();
    used.merge(worker.AddressesInUse());
  }
  if (!any_ready) return;
  for (const std::string& key : sockets_.Keys(app_uid)) {
    if (!used.contains(key)) sockets_.CloseAddress(app_uid, key);
  }
}

void LocalWorkerRuntime::ReleaseSlot(const std::string& app_uid, int slot) {
  apps_[app_uid].released_slots.insert(slot);
  UpdateLive(app_uid);
  CloseReleased(app_uid);
}

void LocalWorkerRuntime::ReleaseApp(const std::string& app_uid) {
  apps_[app_uid].released = true;
  CloseReleased(app_uid);
}

void LocalWorkerRuntime::CloseReleased(const std::string& app_uid) {
  auto app = apps_.find(app_uid);
  if (app == apps_.end()) return;
  std::set<int> in_use;
  for (const auto& [id, entry] : workers_) {
    if (entry.worker->identity().app_uid == app_uid) {
      in_use.insert(entry.worker->identity().slot);
    }
  }
  std::set<int>& released = app->second.released_slots;
  for (int slot : std::vector<int>(released.begin(), released.end())) {
    if (in_use.contains(slot)) continue;
    // Nobody is left to accept what might still be in its queue.
    sockets_.CloseSlot(app_uid, slot);
    released.erase(slot);
  }
  if (!app->second.released || !in_use.empty()) return;
  sockets_.CloseApp(app_uid);
  launch_->Forget(app_uid);
  if (app->second.data != nullptr) app->second.data->Drop();
  apps_.erase(app);
}

// ------------------------------------------------------------------- the rest

std::vector<std::string> LocalWorkerRuntime::StderrTail(WorkerId id,
                                                        int lines) const {
  return logs_.StderrTail(id, lines);
}

std::vector<WorkerSample> LocalWorkerRuntime::Sample() {
  return sampler_.Sample(clock_.Now());
}

}  // namespace fleet::agent
