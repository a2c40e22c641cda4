#include "tests/node_agent/reconcile_scene.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

std::string Text(const AppState& app, const Action& action) {
  auto place = [&app, &action] {
    int64_t generation = action.generation;
    auto slot = app.slots.find(action.slot);
    if (generation == 0 && slot != app.slots.end()) {
      generation = slot->second.workers.at(action.worker).generation;
    }
    return absl::StrCat(action.slot, "@", generation);
  };
  switch (action.kind) {
    case Action::Kind::kPrepareSockets:
      return "";
    case Action::Kind::kStart:
      return absl::StrCat("start ", place());
    case Action::Kind::kBeginStop:
      return absl::StrCat("stop ", place());
    case Action::Kind::kKill:
      return absl::StrCat("kill ", place());
    case Action::Kind::kReleaseSlot:
      return absl::StrCat("release ", action.slot);
    case Action::Kind::kReleaseApp:
      return "release app";
  }
  return "?";
}

}  // namespace

ReconcileScene::ReconcileScene() {
  spec_.name = "web";
  spec_.script = "/srv/web";
  spec_.interpreter = "none";
  spec_.exec_mode = ExecMode::kCluster;
  target_.app = "web";
  target_.app_uid = "u1";
  target_.serial = 1;
  target_.generation = 1;
  target_.revision = 1;
  target_.instances = 2;
  target_.step.strategy = ReloadStrategy::kSurge;
}

ReconcileScene::Orders ReconcileScene::Accept() {
  target_.spec = std::make_shared<AppSpec>(spec_);
  accepted_.push_back(target_);
  AcceptTarget(app_, target_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::NextGeneration() {
  ++target_.serial;
  ++target_.generation;
  ++target_.revision;
  return Accept();
}

SavedApp ReconcileScene::saved() const {
  return {accepted_, saved_slots_, {}, saved_result_, saved_hooks_, {}};
}

ReconcileScene::Orders ReconcileScene::RestartAgent() {
  AppState before = std::exchange(app_, RestoreApp(saved()));
  for (const auto& [index, slot] : before.slots) {
    for (const auto& [id, worker] : slot.workers) {
      AdoptedWorker adopted;
      adopted.identity = started_.at(id);
      adopted.ready = worker.ready;
      adopted.stopping = worker.stopping;
      adopted.pid = worker.pid;
      AdoptWorker(app_, adopted, worker.started_at, now_);
    }
  }
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::RestartHost() {
  app_ = RestoreApp(saved());
  return Reconcile();
}

Worker& ReconcileScene::Find(int slot, int64_t generation) {
  Worker* found = nullptr;
  for (auto& [id, worker] : app_.slots.at(slot).workers) {
    if (worker.generation != generation) continue;
    if (found == nullptr || !found->live()) found = &worker;
  }
  FLEET_CHECK(found != nullptr);
  return *found;
}

ReconcileScene::Orders ReconcileScene::Ready(int slot, int64_t generation) {
  WorkerReadiness(app_, Find(slot, generation).id, true, "", now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Unready(int slot, int64_t generation,
                                               const std::string& detail) {
  WorkerReadiness(app_, Find(slot, generation).id, false, detail, now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Exit(int slot, int64_t generation,
                                            int code) {
  return End(
      slot, generation,
      {WorkerExit::Kind::kExited, code, absl::StrCat("exit code ", code)});
}

ReconcileScene::Orders ReconcileScene::End(int slot, int64_t generation,
                                           WorkerExit exit) {
  return EndWorker(Find(slot, generation).id, exit);
}

ReconcileScene::Orders ReconcileScene::EndWorker(WorkerId id,
                                                 const WorkerExit& exit) {
  WorkerExited(app_, id, exit, {"last words"}, now_);
  Orders orders = Reconcile();
  WorkerGone(app_, id);
  Orders more = Reconcile();
  orders.insert(orders.end(), more.begin(), more.end());
  return orders;
}

Worker& ReconcileScene::Newest(int slot) {
  auto& workers = app_.slots.at(slot).workers;
  for (auto it = workers.rbegin(); it != workers.rend(); ++it) {
    if (it->second.live()) return it->second;
  }
  FLEET_CHECK(false);
  return workers.rbegin()->second;
}

ReconcileScene::Orders ReconcileScene::ReadyNewest(int slot) {
  WorkerReadiness(app_, Newest(slot).id, true, "", now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::ExitNewest(int slot, int code) {
  return EndWorker(Newest(slot).id, {WorkerExit::Kind::kExited, code,
                                     absl::StrCat("exit code ", code)});
}

ReconcileScene::Orders ReconcileScene::Memory(int slot, int64_t rss_bytes) {
  NoteMemory(app_, Newest(slot).id, rss_bytes, now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Renew(RenewalCause cause,
                                             const std::string& reason) {
  RenewAll(app_, cause, reason, now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::RestartSlot(int slot, bool stop_first) {
  auto renewed = RenewOne(app_, slot, stop_first, now_);
  if (renewed.ok()) return Reconcile();
  return {std::string(renewed.status().message())};
}

ReconcileScene::Orders ReconcileScene::Unhealthy(int slot,
                                                 const std::string& why) {
  WorkerUnhealthy(app_, Newest(slot).id, why, {"last words"}, now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Extend(int slot,
                                              absl::Duration extension) {
  WorkerExtends(app_, app_.slots.at(slot).workers.rbegin()->first, extension,
                now_);
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::EndHook(const std::string& id,
                                               bool success) {
  const std::string how = success ? "exit code 0" : "exit code 1";
  HookEnded(app_, id, {success, how + " after 1s", {"its last line"}}, now_);
  saved_hooks_ = app_.hooks;
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Hold(const std::string& by) {
  app_.held_by = by;
  return Reconcile();
}

std::vector<std::string> ReconcileScene::Events() const {
  std::vector<std::string> texts;
  for (const AppEvent& event : app_.events) {
    texts.push_back(absl::StrCat(event.slot, ": ", event.text));
  }
  return texts;
}

ReconcileScene::Orders ReconcileScene::Gone(int slot, int64_t generation) {
  return Exit(slot, generation, 0);
}

ReconcileScene::Orders ReconcileScene::AllStoppedGone() {
  std::vector<WorkerId> stopped;
  for (const auto& [index, slot] : app_.slots) {
    for (const auto& [id, worker] : slot.workers) {
      if (worker.stopping) stopped.push_back(id);
    }
  }
  for (WorkerId id : stopped) {
    WorkerExited(app_, id, {WorkerExit::Kind::kExited, 0, "exit code 0"}, {},
                 now_);
    WorkerGone(app_, id);
  }
  return Reconcile();
}

ReconcileScene::Orders ReconcileScene::Pass(absl::Duration d) {
  absl::Time end = now_ + d;
  Orders orders;
  while (wake_up_ <= end) {
    FLEET_CHECK(wake_up_ > now_);  // Else it would spin.
    now_ = wake_up_;
    Orders more = Reconcile();
    orders.insert(orders.end(), more.begin(), more.end());
  }
  now_ = end;
  return orders;
}

void ReconcileScene::Settle() {
  Accept();
  for (int i = 0; i < target_.instances; ++i) Ready(i, target_.generation);
  Pass(target_.step.min_ready_time);
  FLEET_CHECK(app_.step.phase == StepPhase::kDone);
}

int ReconcileScene::LiveWorkers(int64_t generation) const {
  int live = 0;
  for (const auto& [index, slot] : app_.slots) {
    for (const auto& [id, worker] : slot.workers) {
      live += worker.live() && worker.generation == generation ? 1 : 0;
    }
  }
  return live;
}

ReconcileScene::Orders ReconcileScene::Reconcile() {
  Plan plan = agent::Reconcile(app_, now_, *this);
  wake_up_ = plan.wake_up;
  Orders orders;
  for (const std::string& id : plan.hooks) orders.push_back("hook " + id);
  if (!plan.hooks.empty()) saved_hooks_ = app_.hooks;
  for (const Action& action : plan.actions) {
    if (action.kind == Action::Kind::kStart) {
      WorkerIdentity& identity = started_[action.worker];
      identity.id = action.worker;
      identity.slot = action.slot;
      identity.generation = action.generation;
      identity.revision = app_.generations.at(action.generation).revision;
    }
    std::string text = Text(app_, action);
    if (!text.empty()) orders.push_back(text);
  }
  if (plan.step_ended || plan.slots_moved) {
    saved_slots_.clear();
    for (const auto& [index, slot] : app_.slots) {
      saved_slots_[index] = slot.generation;
    }
  }
  if (plan.step_ended) {
    saved_result_ = app_.step;
    orders.push_back("save");
  }
  if (plan.forget) orders.push_back("forget");
  Plan again = agent::Reconcile(app_, now_, *this);
  FLEET_CHECK(again.actions.empty() && !again.step_ended);
  FLEET_CHECK(again.hooks.empty());
  return orders;
}

}  // namespace fleet::agent
