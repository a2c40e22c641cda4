// LocalWorkerRuntime: which worker has which of its slot's sockets, and when
// sockets go.
#include <algorithm>
#include <vector>

#include "node_agent/local_worker_runtime.h"

namespace fleet::agent {
namespace {

// How long a worker that is to stop is left to empty its queue first; at most
// half of the time it has in all.
constexpr absl::Duration kMaxDrain = absl::Seconds(1);

}  // namespace

std::vector<LaneUse> LocalWorkerRuntime::LaneUses(
    const std::string& app_uid) const {
  std::vector<LaneUse> uses;
  auto app = apps_.find(app_uid);
  for (const auto& [id, entry] : workers_) {
    const LiveWorker& worker = *entry.worker;
    if (worker.identity().app_uid != app_uid || worker.ended()) continue;
    bool released = app != apps_.end() &&
                    app->second.released_slots.contains(worker.at().slot);
    uses.push_back({id, worker.at(), worker.stopping(), worker.asked_to_stop(),
                    worker.TakesConnections() && !released});
  }
  return uses;
}

int LocalWorkerRuntime::HomeLane(const std::string& app_uid, int slot) const {
  auto app = apps_.find(app_uid);
  if (app == apps_.end()) return 0;
  auto home = app->second.home.find(slot);
  return home == app->second.home.end() ? 0 : home->second;
}

void LocalWorkerRuntime::UpdateLanes(const std::string& app_uid) {
  if (!sockets_.HasSockets(app_uid)) return;
  App& app = apps_[app_uid];
  std::vector<LaneUse> uses = LaneUses(app_uid);
  LanePlan plan = PlanLanes(uses, app.home);
  app.home = plan.home;
  for (const LaneUse& use : uses) {
    if (use.takes_connections && plan.serving.contains(use.at)) {
      workers_.at(use.worker).worker->NoteServing();
    }
  }
  sockets_.SetPlan(app_uid, plan);
}

void LocalWorkerRuntime::AdoptHomes(const std::string& app_uid) {
  std::map<int, int>& home = apps_[app_uid].home;
  // The oldest that is to stay serves, if any does; the map has them by age.
  for (const LaneUse& use : LaneUses(app_uid)) {
    if (!use.stopping) home.try_emplace(use.at.slot, use.at.lane);
  }
}

void LocalWorkerRuntime::BeginDrain(Entry& entry) {
  const LiveWorker& worker = *entry.worker;
  const std::string& app_uid = worker.identity().app_uid;
  absl::Duration limit =
      std::min(kMaxDrain, worker.spec()->stop.kill_timeout / 2);
  entry.drain = std::make_unique<LaneDrain>(sockets_.SlotPorts(app_uid),
                                            clock_.Now(), limit);
  DrainLane(worker.identity().id);
}

// It has nothing that anybody waits for, or nobody else would get it.
bool LocalWorkerRuntime::NeedsNoDrain(const LiveWorker& worker) const {
  const std::string& app_uid = worker.identity().app_uid;
  if (!worker.has_served() || !sockets_.HasSlotSockets(app_uid)) return true;
  LanePlan plan = PlanLanes(LaneUses(app_uid), {});
  return plan.serving.empty() || plan.serving.contains(worker.at());
}

void LocalWorkerRuntime::DrainLane(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->drain_timer = 0;
  LiveWorker& worker = *entry->worker;
  const std::string& app_uid = worker.identity().app_uid;
  absl::Time now = clock_.Now();
  LaneDrain& drain = *entry->drain;
  bool done = NeedsNoDrain(worker);
  if (!done) {
    const auto* handshakes = drain.WantsHandshakes(now)
                                 ? &handshakes_.List(drain.HandshakesSince())
                                 : nullptr;
    done =
        drain.Done(now, sockets_.QueueLength(app_uid, worker.at()), handshakes);
  }
  if (!done) {
    entry->drain_timer =
        loop_.AddTimerAfter(LaneDrain::kPause, [this, id] { DrainLane(id); });
    return;
  }
  worker.AskToStop();
  // It may cease to accept any moment: its lane is watched from now on.
  UpdateLanes(app_uid);
}

void LocalWorkerRuntime::OnWorkerReadiness(LiveWorker& worker,
                                           bool ready_changed) {
  if (ready_changed) {
    UpdateLanes(worker.identity().app_uid);
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
  UpdateLanes(worker.identity().app_uid);
}

bool LocalWorkerRuntime::SharesSocket(const LiveWorker& worker,
                                      const AddressSockets& sockets) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    const LiveWorker& other = *entry.second.worker;
    return &other != &worker && !other.ended() &&
           other.identity().app_uid == worker.identity().app_uid &&
           sockets.SameSocket(other.at(), worker.at());
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
  UpdateLanes(app_uid);
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
  bool any_left = false;
  for (const auto& [id, entry] : workers_) {
    if (entry.worker->identity().app_uid != app_uid) continue;
    any_left = true;
    if (!entry.gone_told) in_use.insert(entry.worker->identity().slot);
  }
  std::set<int>& released = app->second.released_slots;
  for (int slot : std::vector<int>(released.begin(), released.end())) {
    if (in_use.contains(slot)) continue;
    sockets_.CloseSlot(app_uid, slot);
    released.erase(slot);
    app->second.home.erase(slot);
  }
  if (!app->second.released || !in_use.empty()) return;
  sockets_.CloseApp(app_uid);
  launch_->Forget(app_uid);
  if (app->second.data != nullptr) app->second.data->Drop();
  if (!any_left) apps_.erase(app);
}

}  // namespace fleet::agent
