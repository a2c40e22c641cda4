#include "node_agent/agent_state.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/app_restore.h"
#include "node_agent/dependency.h"
#include "node_agent/desired_state_acceptor.h"
#include "node_agent/slot_run.h"
#include "node_agent/target_proto.h"
#include "node_agent/target_secrets.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// One write to disk for so many worker ids.
constexpr uint64_t kIdsPerReservation = 4096;
constexpr absl::Duration kSaveRetry = absl::Seconds(1);

// For a worker of which only its identity is known, because the journal was
// damaged: it runs on until the controller says what it should be.
std::shared_ptr<const AppSpec> SpecOfUnknown(const WorkerIdentity& identity) {
  auto spec = std::make_shared<AppSpec>();
  spec->name = identity.app;
  spec->interpreter = "none";
  spec->restart.autorestart = false;
  return spec;
}

}  // namespace

AgentState::AgentState(EventLoop& loop, WorkerRuntime& runtime,
                       DesiredJournal& journal, int cores,
                       std::string host_name)
    : loop_(loop),
      runtime_(runtime),
      journal_(journal),
      cores_(cores),
      host_name_(std::move(host_name)) {
  runtime_.SetListener(this);
}

AgentState::~AgentState() {
  loop_.CancelTimer(retry_timer_);
  loop_.CancelTimer(sample_timer_);
  runtime_.SetListener(nullptr);
  if (hooks_ != nullptr) hooks_->SetHookListener(nullptr);
}

// ------------------------------------------------------------------- start

void AgentState::Start(WorkerId first_worker_id) {
  next_worker_id_ =
      std::max(first_worker_id, journal_.contents().next_worker_id);
  RestoreApps();
  AdoptWorkers();
  AdoptHooks();
  for (auto& [uid, app] : apps_) app->Schedule();
  spdlog::info("{} apps from the journal, {} workers adopted", apps_.size(),
               route_.size());
}

void AgentState::AdoptWorkers() {
  for (const AdoptedWorker& worker : runtime_.Adopt(&SpecOf, this)) {
    const WorkerIdentity& identity = worker.identity;
    next_worker_id_ = std::max(next_worker_id_, identity.id + 1);
    std::shared_ptr<const AppSpec> spec = SpecOf(this, identity);
    if (spec == nullptr) continue;  // The runtime stops it.
    Supervisor(identity.app_uid, AppState()).Adopt(worker, std::move(spec));
  }
}

std::shared_ptr<const AppSpec> AgentState::SpecOf(
    void* self, const WorkerIdentity& identity) {
  auto* state = static_cast<AgentState*>(self);
  auto app = state->apps_.find(identity.app_uid);
  if (app != state->apps_.end()) {
    const auto& generations = app->second->state().generations;
    auto generation =
        generations.find(GenerationOf(app->second->state(), identity));
    if (generation != generations.end()) return generation->second.spec;
  }
  return state->journal_.damage().empty() ? nullptr : SpecOfUnknown(identity);
}

AppSupervisor& AgentState::Supervisor(const std::string& app_uid,
                                      AppState state) {
  auto& app = apps_[app_uid];
  if (app == nullptr) {
    AppSupervisor::Owner& owner = *this;
    app = std::make_unique<AppSupervisor>(loop_, runtime_, owner,
                                          std::move(state));
  }
  return *app;
}

AppSupervisor* AgentState::Find(const std::string& app_uid) {
  auto app = apps_.find(app_uid);
  return app == apps_.end() ? nullptr : app->second.get();
}

// ----------------------------------------------------------- desired state

v1::DesiredStateAck AgentState::Accept(const v1::DesiredState& wanted) {
  Acceptance acceptance =
      JudgeDesiredState(journal_.contents(), wanted, target_check_);
  for (v1::AppTarget& target : acceptance.targets) {
    SealSecrets(target, secret_key_);
  }
  absl::Status status = acceptance.status;
  bool epoch_refused = wanted.epoch() < epoch();
  if (!epoch_refused) {
    absl::Status saved = journal_.Accept(wanted.epoch(), acceptance.targets);
    if (!saved.ok()) {
      status = NotSavedStatus(saved, folder());
      acceptance.targets.clear();
    }
  }
  if (!epoch_refused && wanted.full()) RemoveUnknown(wanted);
  for (const v1::AppTarget& target : acceptance.targets) {
    Erase(target.app_uid());
    Supervisor(target.app_uid(), AppState())
        .Accept(FromProto(target, cores_, secret_key_));
  }
  v1::DesiredStateAck ack;
  ack.set_nonce(wanted.nonce());
  ack.set_code(static_cast<int32_t>(status.code()));
  ack.set_message(std::string(ToStd(status.message())));
  if (!status.ok()) spdlog::error("desired state: {}", ack.message());
  return ack;
}

// Apps of which there were only workers, and which the controller does not know
// either.
void AgentState::RemoveUnknown(const v1::DesiredState& wanted) {
  std::set<std::string> named;
  for (const v1::AppTarget& target : wanted.targets()) {
    named.insert(target.app_uid());
  }
  for (auto& [uid, app] : apps_) {
    AppTarget target = app->state().target;
    if (target.generation > 0 || named.contains(uid)) continue;
    target.removed = true;
    app->Accept(std::move(target));
  }
}

// ----------------------------------------------------------------- reports

void AgentState::SetOnChange(std::function<void()> on_change) {
  on_change_ = std::move(on_change);
}

void AgentState::NoteChange() {
  if (std::exchange(change_noted_, true)) return;
  if (on_change_) on_change_();
}

v1::AppStatus AgentState::StatusOf(const AppSupervisor& supervisor) const {
  v1::AppStatus status =
      MakeAppStatus(supervisor.state(), samples_,
                    {loop_.clock().Now(), loop_.clock().WallNow()});
  auto unsaved = unsaved_.find(status.app_uid());
  if (unsaved != unsaved_.end()) {
    status.set_message(
        absl::StrCat("how its step ended could not be saved and is tried again "
                     "every second; the workers go on: ",
                     unsaved->second));
  } else if (status.message().empty()) {
    status.set_message(supervisor.problem());
  }
  if (supervisor.state().target.spec == nullptr) return status;
  for (const LimitNote& note :
       runtime_.LimitsOf(*supervisor.state().target.spec)) {
    v1::LimitStatus& limit = *status.add_limits();
    limit.set_limit(note.limit);
    limit.set_enforced_by(note.enforced_by);
    limit.set_note(note.note);
  }
  return status;
}

AgentState::Changes AgentState::TakeChanges() {
  Changes changes;
  for (const std::string& uid : std::exchange(changed_, {})) {
    auto app = apps_.find(uid);
    if (app != apps_.end()) changes.apps.push_back(StatusOf(*app->second));
  }
  for (const std::string& uid : std::exchange(removed_, {})) {
    // It may have come back already.
    if (!apps_.contains(uid)) changes.removed_app_uids.push_back(uid);
  }
  change_noted_ = false;
  return changes;
}

std::vector<v1::AppStatus> AgentState::TakeAll() {
  std::vector<v1::AppStatus> all;
  all.reserve(apps_.size());
  for (const auto& [uid, app] : apps_) all.push_back(StatusOf(*app));
  changed_.clear();
  removed_.clear();
  change_noted_ = false;
  return all;
}

void AgentState::ScheduleSample() {
  if (sample_timer_ != 0 || route_.empty()) return;
  absl::Time due = std::max(loop_.clock().Now(), sampled_at_ + kSamplePeriod);
  sample_timer_ = loop_.AddTimer(due, [this] {
    sample_timer_ = 0;
    // The session may have asked meanwhile.
    if (loop_.clock().Now() >= sampled_at_ + kSamplePeriod) TakeSamples();
    ScheduleSample();
  });
}

void AgentState::TakeSamples() {
  sampled_at_ = loop_.clock().Now();
  samples_.clear();
  for (const WorkerSample& sample : runtime_.Sample()) {
    auto app = route_.find(sample.id);
    if (app == route_.end()) continue;
    samples_[sample.id] = sample;
    app->second->OnSample(sample);
  }
}

std::vector<v1::InstanceSample> AgentState::Sample() {
  if (loop_.clock().Now() >= sampled_at_ + kSamplePeriod / 2) TakeSamples();
  std::vector<v1::InstanceSample> result;
  for (const auto& [id, sample] : samples_) {
    auto app = route_.find(id);
    if (app == route_.end()) continue;
    v1::InstanceSample& proto = result.emplace_back();
    proto.set_worker_id(id);
    proto.set_app_uid(app->second->state().target.app_uid);
    proto.set_rss_bytes(sample.rss_bytes);
    proto.set_cpu_cores(sample.cpu_cores);
    proto.set_processes(sample.processes);
    proto.set_threads(sample.threads);
    proto.set_open_files(sample.open_files);
    proto.set_pss_bytes(sample.pss_bytes);
    if (sample.event_loop_free.has_value()) {
      proto.set_event_loop_free(*sample.event_loop_free);
    }
    FillLogs(sample.logs, *proto.mutable_logs());
  }
  return result;
}

// --------------------------------------------------------- runtime's events

void AgentState::OnStarted(WorkerId id, pid_t pid) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnStarted(id, pid);
}

void AgentState::OnReadiness(WorkerId id, bool ready,
                             const std::string& detail) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnReadiness(id, ready, detail);
}

void AgentState::OnReadinessDetail(WorkerId id, const std::string& detail) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnReadinessDetail(id, detail);
}

void AgentState::OnStatusText(WorkerId id, const std::string& text) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnStatusText(id, text);
}

void AgentState::OnUnhealthy(WorkerId id, const std::string& why) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnUnhealthy(id, why);
}

void AgentState::OnExtend(WorkerId id, absl::Duration extension) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnExtend(id, extension);
}

void AgentState::OnExited(WorkerId id, const WorkerExit& exit) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnExited(id, exit);
}

void AgentState::OnGone(WorkerId id) {
  auto app = route_.find(id);
  if (app != route_.end()) app->second->OnGone(id);
  FinishShutDown();
}

// -------------------------------------------------------- supervisors' asks

WorkerId AgentState::NextWorkerId() {
  WorkerId id = next_worker_id_++;
  if (id < journal_.contents().next_worker_id) return id;
  absl::Status saved = journal_.ReserveWorkerIds(id + kIdsPerReservation);
  if (!saved.ok()) {
    // Unique at least as long as this agent lives, and beside what it adopts.
    spdlog::error("reserve worker ids: {}", ToStd(saved.message()));
  }
  return id;
}

void AgentState::Route(WorkerId id, AppSupervisor* supervisor) {
  if (supervisor == nullptr) {
    route_.erase(id);
  } else {
    route_[id] = supervisor;
    ScheduleSample();
  }
}

void AgentState::OnChanged(const AppSupervisor& supervisor) {
  changed_.insert(supervisor.state().target.app_uid);
  NoteChange();
  WakeDependents(supervisor);
}

void AgentState::SaveResult(const AppSupervisor& supervisor) {
  const AppState& app = supervisor.state();
  const std::string& uid = app.target.app_uid;
  absl::Status saved =
      journal_.SaveResult(uid, ToProto(app.step), SlotGenerations(app));
  if (saved.ok()) {
    unsaved_.erase(uid);
    slots_unsaved_.erase(uid);
    return;
  }
  std::string why(ToStd(saved.message()));
  if (std::exchange(unsaved_[uid], why) != why) {
    spdlog::error("app {}: the result of generation {} could not be saved: {}",
                  app.target.app, app.step.generation, why);
  }
  RetryLater();
}

void AgentState::RetryLater() {
  if (retry_timer_ != 0) return;
  retry_timer_ = loop_.AddTimerAfter(kSaveRetry, [this] { RetryUnsaved(); });
}

void AgentState::RetryUnsaved() {
  retry_timer_ = 0;
  for (const auto& [uid, why] : std::map<std::string, std::string>(unsaved_)) {
    auto app = apps_.find(uid);
    // A newer generation has no result yet; its own will be saved.
    if (app == apps_.end() || app->second->state().step.active()) {
      unsaved_.erase(uid);
    } else {
      SaveResult(*app->second);
      if (!unsaved_.contains(uid)) OnChanged(*app->second);
    }
  }
  for (const std::string& uid : std::set<std::string>(slots_unsaved_)) {
    auto app = apps_.find(uid);
    if (app != apps_.end()) SaveSlots(*app->second);
  }
  if (runs_saved_) return;
  // Until one of them fails again.
  runs_saved_ = true;
  for (auto& [uid, app] : apps_) app->Schedule();
}

void AgentState::SaveSlots(const AppSupervisor& supervisor) {
  const AppState& app = supervisor.state();
  absl::Status saved =
      journal_.SaveSlots(app.target.app_uid, SlotGenerations(app));
  if (saved.ok()) {
    slots_unsaved_.erase(app.target.app_uid);
    return;
  }
  RetryLater();
  // Without it a restarted agent makes the slot soak once more.
  if (slots_unsaved_.insert(app.target.app_uid).second) {
    spdlog::warn("app {}: slots not saved: {}", app.target.app,
                 ToStd(saved.message()));
  }
}

bool AgentState::SaveRun(const AppSupervisor& supervisor, int slot) {
  const AppState& app = supervisor.state();
  // Without a target the journal does not have the app.
  if (app.target.generation == 0) return true;
  absl::Status saved = journal_.SaveRun(app.target.app_uid, slot,
                                        EncodeSlotRun(app, app.slots.at(slot)));
  if (saved.ok()) {
    runs_warned_ = false;
    return true;
  }
  runs_saved_ = false;
  RetryLater();
  if (!std::exchange(runs_warned_, true)) {
    spdlog::warn(
        "app {}: how its workers ended cannot be saved, so that an agent after "
        "this one would not know: {}",
        app.target.app, ToStd(saved.message()));
  }
  return false;
}

bool AgentState::MustWait(const AppSupervisor& supervisor) const {
  const AppTarget& target = supervisor.state().target;
  if (target.removed) return false;
  return std::any_of(apps_.begin(), apps_.end(), [&target](const auto& entry) {
    const AppTarget& other = entry.second->state().target;
    return other.removed && other.app == target.app;
  });
}

const AppState* AgentState::FindByName(const std::string& app) const {
  for (const auto& [uid, supervisor] : apps_) {
    const AppTarget& target = supervisor->state().target;
    if (target.app == app && !target.removed) return &supervisor->state();
  }
  return nullptr;
}

std::string AgentState::HeldBy(const AppSupervisor& supervisor) const {
  return fleet::agent::HeldBy(
      supervisor.state(),
      [this](const std::string& name) { return FindByName(name); });
}

void AgentState::WakeDependents(const AppSupervisor& supervisor) {
  const std::string& name = supervisor.state().target.app;
  for (auto& [uid, other] : apps_) {
    const AppState& app = other->state();
    if (app.held_by.empty() || app.target.spec == nullptr) continue;
    const auto& names = app.target.spec->depends_on;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      other->Schedule();
    }
  }
}

void AgentState::OnForgotten(const AppSupervisor& supervisor) {
  std::string uid = supervisor.state().target.app_uid;
  absl::Status saved = journal_.Forget(uid);
  if (!saved.ok()) {
    spdlog::warn("app {} is gone, which could not be saved: {}", uid,
                 ToStd(saved.message()));
  }
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_), uid] {
    if (alive.lock()) Erase(uid);
  });
}

void AgentState::Erase(const std::string& app_uid) {
  auto app = apps_.find(app_uid);
  if (app == apps_.end() || !app->second->forgotten()) return;
  spdlog::info("app {} is gone", app->second->state().target.app);
  apps_.erase(app);
  changed_.erase(app_uid);
  unsaved_.erase(app_uid);
  slots_unsaved_.erase(app_uid);
  removed_.push_back(app_uid);
  NoteChange();
  for (auto& [uid, other] : apps_) other->Schedule();
}

// --------------------------------------------------------------- shut down

void AgentState::ShutDown(std::function<void()> done) {
  shut_down_done_ = std::move(done);
  for (auto& [uid, app] : apps_) app->ShutDown();
  if (hooks_ != nullptr) hooks_->KillHooks();
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.lock()) FinishShutDown();
  });
}

void AgentState::FinishShutDown() {
  if (!shut_down_done_ || !route_.empty()) return;
  // The last supervisor closes its sockets at the end of this turn.
  loop_.Post(std::exchange(shut_down_done_, nullptr));
}

}  // namespace fleet::agent
