#include "node_agent/app_supervisor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "node_agent/app_events.h"
#include "node_agent/app_reconciler.h"
#include "node_agent/app_restore.h"
#include "node_agent/hook_step.h"
#include "node_agent/line_ring.h"
#include "node_agent/renewal.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kStderrLines = 20;
constexpr absl::Duration kLineDelay = absl::Milliseconds(1);

const char* Name(StepPhase phase) {
  switch (phase) {
    case StepPhase::kNone:
      return "NONE";
    case StepPhase::kApplying:
      return "APPLYING";
    case StepPhase::kVerifying:
      return "VERIFYING";
    case StepPhase::kDone:
      return "DONE";
    case StepPhase::kFailed:
      return "FAILED";
  }
  return "";
}

}  // namespace

std::map<int, int64_t> SlotGenerations(const AppState& app) {
  std::map<int, int64_t> slots;
  for (const auto& [index, slot] : app.slots) slots[index] = slot.generation;
  return slots;
}

AppSupervisor::AppSupervisor(EventLoop& loop, WorkerRuntime& runtime,
                             Owner& owner, AppState state)
    : loop_(loop),
      runtime_(runtime),
      owner_(owner),
      state_(std::move(state)),
      triggers_(loop, [this](RenewalCause cause, const std::string& reason) {
        RenewAll(state_, cause, reason, loop_.clock().Now());
        Changed();
      }) {
  for (const auto& [index, slot] : state_.slots) {
    saved_runs_[index] = MarkOf(slot);
  }
}

AppSupervisor::~AppSupervisor() { loop_.CancelTimer(timer_); }

void AppSupervisor::Accept(AppTarget target) {
  spdlog::info(
      "app {} accepts serial {}: generation {} -> {}, revision {}, {} "
      "instances{}{}",
      target.app, target.serial, state_.target.generation, target.generation,
      target.revision, target.instances, target.stopped ? ", stopped" : "",
      target.removed ? ", removed" : "");
  AcceptTarget(state_, std::move(target));
  accepted_ = true;
  Changed();
}

void AppSupervisor::Adopt(const AdoptedWorker& worker,
                          std::shared_ptr<const AppSpec> spec) {
  const WorkerIdentity& identity = worker.identity;
  state_.generations.try_emplace(
      identity.generation, Generation{identity.revision, std::move(spec)});
  if (state_.target.generation == 0) {
    state_.target.app = identity.app;
    state_.target.app_uid = identity.app_uid;
  }
  absl::Time now = loop_.clock().Now();
  // By the calendar only where there is nothing better: it may have been set.
  absl::Time started_at =
      worker.started_at > absl::InfinitePast()
          ? worker.started_at
          : now - (loop_.clock().WallNow() - identity.start_time);
  AdoptWorker(state_, worker, std::min(started_at, now), now);
  owner_.Route(identity.id, this);
}

void AppSupervisor::ShutDown() {
  state_.shutting_down = true;
  Changed();
}

int AppSupervisor::ResetRestarts(std::optional<int> slot) {
  owner_.OnChanged(*this);
  int slots = fleet::agent::ResetRestarts(state_, slot);
  SaveRuns();
  return slots;
}

absl::StatusOr<std::vector<WorkerId>> AppSupervisor::RestartSlot(
    int slot, bool stop_first) {
  auto workers = RenewOne(state_, slot, stop_first, loop_.clock().Now());
  if (workers.ok()) Changed();
  return workers;
}

void AppSupervisor::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.lock()) Run();
  });
}

void AppSupervisor::Changed() {
  owner_.OnChanged(*this);
  Schedule();
}

void AppSupervisor::Run() {
  scheduled_ = false;
  if (forgotten_) return;
  FollowTriggers();
  if (owner_.MustWait(*this)) return;
  state_.held_by = owner_.HeldBy(*this);
  StepPhase before = state_.step.phase;
  Plan plan = Reconcile(state_, loop_.clock().Now(), owner_);
  if (state_.step.phase != before) {
    spdlog::info("app {} generation {} step {} -> {}: {}", state_.target.app,
                 state_.step.generation, Name(before), Name(state_.step.phase),
                 state_.step.reason);
    owner_.OnChanged(*this);
  }
  TakeLastWords();
  Perform(plan);
  // After what was ordered: it keeps nobody waiting. Before the keeper is told
  // that the end was taken note of.
  LogEvents();
  SaveRuns();
  SaveEvents();
}

void AppSupervisor::TakeLastWords() {
  const WorkerId id = std::exchange(state_.step_speaker, 0);
  if (id == 0) return;
  state_.step.stderr_tail = LastWords(id);
}

SecretMask AppSupervisor::Secrets() const {
  SecretMask secrets;
  for (const auto& [number, generation] : state_.generations) {
    if (generation.spec != nullptr) secrets.Add(*generation.spec);
  }
  for (const auto& spec : {state_.target.spec, state_.target.once_hook.spec}) {
    if (spec != nullptr) secrets.Add(*spec);
  }
  return secrets;
}

std::vector<std::string> AppSupervisor::LastWords(WorkerId id) const {
  return Secrets().Mask(
      WithoutFrames(runtime_.StderrTail(id, 2 * kStderrLines), kStderrLines));
}

void AppSupervisor::SaveRuns() {
  std::erase_if(saved_runs_, [this](const auto& saved) {
    return !state_.slots.contains(saved.first);
  });
  if (forgotten_ || state_.shutting_down) return;
  for (const auto& [index, slot] : state_.slots) {
    SlotRunMark mark = MarkOf(slot);
    auto saved = saved_runs_.find(index);
    bool same = saved == saved_runs_.end() ? mark == SlotRunMark()
                                           : mark == saved->second;
    if (!same && owner_.SaveRun(*this, index)) saved_runs_[index] = mark;
  }
}

void AppSupervisor::SaveEvents() {
  if (forgotten_ || events_saved_ == state_.events_recorded) return;
  if (owner_.SaveEvents(*this)) events_saved_ = state_.events_recorded;
}

// A run of the calendar that was missed is one after which none of the workers
// was started; only they can tell, after an agent's death.
void AppSupervisor::FollowTriggers() {
  if (!state_.wants_workers() || !state_.target.spec_error.empty()) {
    triggers_.Follow(nullptr, "", absl::InfinitePast());
    return;
  }
  absl::Time since = loop_.clock().WallNow();
  bool make_up = !accepted_ && state_.target.spec != nullptr &&
                 state_.target.spec->restart.cron_missed == CronMissed::kRun;
  for (const auto& [index, slot] : state_.slots) {
    for (const auto& [id, worker] : slot.workers) {
      if (make_up) since = std::min(since, worker.start_time);
    }
  }
  triggers_.Follow(state_.target.spec, owner_.host_name(), since);
}

void AppSupervisor::LogEvents() {
  int64_t fresh = std::exchange(events_logged_, state_.events_recorded);
  fresh = std::min<int64_t>(state_.events_recorded - fresh,
                            static_cast<int64_t>(state_.events.size()));
  for (auto it = state_.events.end() - fresh; it != state_.events.end(); ++it) {
    bool loud = it->kind == AppEvent::Kind::kCrashLoop;
    spdlog::log(loud ? spdlog::level::err : spdlog::level::warn,
                "app {} instance {}: {}", state_.target.app, it->slot,
                it->text);
  }
}

void AppSupervisor::Perform(const Plan& plan) {
  if (plan.step_ended) {
    owner_.SaveResult(*this);
  } else if (plan.slots_moved) {
    owner_.SaveSlots(*this);
  }
  for (const std::string& id : plan.hooks) RunHook(id);
  absl::Status sockets;
  for (const Action& action : plan.actions) Perform(action, sockets);
  bool changed = plan.step_ended || plan.slots_moved || !plan.hooks.empty() ||
                 !plan.actions.empty();
  if (changed) owner_.OnChanged(*this);
  WakeAt(plan.wake_up);
  if (plan.forget) {
    forgotten_ = true;
    owner_.OnForgotten(*this);
  }
}

// What is not known to have begun is not begun: it might be begun twice.
void AppSupervisor::RunHook(const std::string& id) {
  for (HookRecord& hook : state_.hooks) {
    if (hook.id == id) hook.start_time = loop_.clock().WallNow();
  }
  HookOrder order = FindHookOrder(state_, id);
  absl::Status saved = owner_.SaveHooks(*this);
  if (saved.ok()) return owner_.RunHook(*this, order);
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_), id,
              why = std::string(ToStd(saved.message()))] {
    if (!alive.lock()) return;
    OnHookEnded(id, {false,
                     "not run: that it runs could not be saved on the host's "
                     "disk: " +
                         why,
                     {}});
  });
}

void AppSupervisor::OnHookEnded(const std::string& id, HookEnd end) {
  end.output = Secrets().Mask(std::move(end.output));
  spdlog::info("app {} hook {} ended: {}", state_.target.app, id, end.reason);
  HookEnded(state_, id, std::move(end), loop_.clock().WallNow());
  absl::Status saved = owner_.SaveHooks(*this);
  if (!saved.ok()) {
    // An agent that starts before it can be saved says that it does not know.
    spdlog::error("app {}: the end of hook {} could not be saved: {}",
                  state_.target.app, id, ToStd(saved.message()));
  }
  Changed();
}

void AppSupervisor::Perform(const Action& action, absl::Status& sockets) {
  switch (action.kind) {
    case Action::Kind::kPrepareSockets:
      sockets = runtime_.PrepareSockets(
          state_.target.app_uid, *state_.generations.at(action.generation).spec,
          action.slots);
      return;
    case Action::Kind::kStart:
      Start(action, sockets);
      return;
    case Action::Kind::kBeginStop:
      runtime_.BeginStop(action.worker);
      return;
    case Action::Kind::kKill:
      spdlog::warn("app {} kills worker {} in slot {}", state_.target.app,
                   action.worker, action.slot);
      runtime_.Kill(action.worker);
      return;
    case Action::Kind::kReleaseSlot:
      runtime_.ReleaseSlot(state_.target.app_uid, action.slot);
      return;
    case Action::Kind::kReleaseApp:
      runtime_.ReleaseApp(state_.target.app_uid);
      return;
  }
}

void AppSupervisor::Start(const Action& action, const absl::Status& sockets) {
  Worker* worker = FindWorker(state_, action.worker);
  FLEET_CHECK(worker != nullptr);
  worker->start_time = loop_.clock().WallNow();
  owner_.Route(action.worker, this);
  if (!sockets.ok()) {
    FailStart(action.worker, sockets);
    return;
  }
  const Generation& generation = state_.generations.at(action.generation);
  WorkerIdentity identity;
  identity.id = action.worker;
  identity.app_uid = state_.target.app_uid;
  identity.app = state_.target.app;
  identity.slot = action.slot;
  identity.generation = action.generation;
  identity.revision = generation.revision;
  identity.start_time = worker->start_time;
  runtime_.Start(identity, generation.spec, action.slots);
}

void AppSupervisor::FailStart(WorkerId id, const absl::Status& why) {
  WorkerExit exit;
  exit.kind = WorkerExit::Kind::kListenFailed;
  exit.message = std::string(ToStd(why.message()));
  loop_.Post([this, alive = std::weak_ptr<bool>(alive_), id, exit] {
    if (!alive.lock()) return;
    OnExited(id, exit);
    OnGone(id);
  });
}

void AppSupervisor::WakeAt(absl::Time when) {
  loop_.CancelTimer(std::exchange(timer_, 0));
  if (when == absl::InfiniteFuture()) return;
  timer_ = loop_.AddTimer(when, [this] {
    timer_ = 0;
    // What time brought about (a worker is available) is a change too.
    owner_.OnChanged(*this);
    Run();
  });
}

void AppSupervisor::OnStarted(WorkerId id, pid_t pid) {
  WorkerStarted(state_, id, pid);
  Changed();
}

void AppSupervisor::OnReadiness(WorkerId id, bool ready,
                                const std::string& detail) {
  WorkerReadiness(state_, id, ready, Secrets().Mask(detail),
                  loop_.clock().Now());
  Changed();
}

void AppSupervisor::OnReadinessDetail(WorkerId id, const std::string& detail) {
  WorkerDetail(state_, id, Secrets().Mask(detail));
  Changed();
}

void AppSupervisor::OnStatusText(WorkerId id, const std::string& text) {
  WorkerStatusText(state_, id, Secrets().Mask(text));
  owner_.OnChanged(*this);
}

void AppSupervisor::OnUnhealthy(WorkerId id, const std::string& why) {
  WorkerUnhealthy(state_, id, Secrets().Mask(why), LastWords(id),
                  loop_.clock().Now());
  Changed();
}

void AppSupervisor::OnExtend(WorkerId id, absl::Duration extension) {
  WorkerExtends(state_, id, extension, loop_.clock().Now());
  Schedule();
}

void AppSupervisor::OnSample(const WorkerSample& sample) {
  const Worker* worker = FindWorker(state_, sample.id);
  if (worker == nullptr) return;
  RenewalCause before = worker->renewal;
  NoteMemory(state_, sample.id, sample.rss_bytes, loop_.clock().Now());
  if (worker->renewal != before) Changed();
}

void AppSupervisor::OnExited(WorkerId id, const WorkerExit& exit) {
  const Worker* worker = FindWorker(state_, id);
  if (worker == nullptr) return;
  int slot = worker->slot;
  pid_t pid = worker->pid;
  WorkerExited(state_, id, exit, LastWords(id), loop_.clock().Now());
  Changed();
  // Its successor is being started, perhaps on this very core: the line waits.
  loop_.AddTimerAfter(
      kLineDelay, [app = state_.target.app, id, slot, pid, why = exit.message] {
        spdlog::info("app {} worker {} in slot {} (pid {}) ended: {}", app, id,
                     slot, pid, why);
      });
}

void AppSupervisor::OnGone(WorkerId id) {
  WorkerGone(state_, id);
  owner_.Route(id, nullptr);
  Changed();
}

}  // namespace fleet::agent
