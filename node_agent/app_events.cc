#include "node_agent/app_events.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/hook_step.h"
#include "node_agent/reconcile_pass.h"
#include "node_agent/renewal.h"
#include "node_agent/restart_policy.h"
#include "node_agent/step_failure.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

// No worker lives and none is about to be started again.
bool NothingToLose(const AppState& app) {
  return std::all_of(app.slots.begin(), app.slots.end(), [](const auto& entry) {
    const Slot& slot = entry.second;
    return slot.phase != SlotPhase::kBackoff &&
           std::none_of(slot.workers.begin(), slot.workers.end(),
                        [](const auto& w) { return w.second.live(); });
  });
}

bool RunsTarget(const AppState& app, const Worker& worker) {
  auto generation = app.generations.find(worker.generation);
  return generation != app.generations.end() && worker.live() &&
         !worker.condemned &&
         generation->second.revision == app.target.revision;
}

int Standing(const Worker& worker) {
  if (worker.available) return 2;
  return worker.ready ? 1 : 0;
}

// What runs the target's revision is of its generation from now on, and so is
// its slot. Of two, the one that serves better, or the newer one. While some
// other revision serves better it is only on its way into the slot, and none
// at all if it does not serve.
void KeepMatching(AppState& app) {
  for (auto& [index, slot] : app.slots) {
    Worker* kept = nullptr;
    int best = 0;
    for (auto it = slot.workers.rbegin(); it != slot.workers.rend(); ++it) {
      Worker& worker = it->second;
      if (!worker.live() || worker.condemned) continue;
      best = std::max(best, Standing(worker));
      if (!RunsTarget(app, worker)) continue;
      if (kept == nullptr || Standing(worker) > Standing(*kept)) kept = &worker;
    }
    if (kept == nullptr || (Standing(*kept) == 0 && best > 0)) continue;
    kept->generation = app.target.generation;
    // Where the old worker goes first, the next slot waits for it.
    const bool awaited =
        !kept->was_ready && StepStrategy(app) == ReloadStrategy::kStopFirst;
    if (Standing(*kept) == best && !awaited) MoveSlot(app, slot);
  }
}

void BeginGeneration(AppState& app, int64_t overtaken) {
  if (app.step.active()) KeepWhatServes(app, overtaken);
  app.step = {};
  app.step.generation = app.target.generation;
  app.step.phase = StepPhase::kApplying;
  // Of the one before; nobody waits for its result any more.
  app.step_ended = false;
  for (auto& [index, slot] : app.slots) slot.replacing = false;
  CancelRenewals(app);
  app.slots_moved = true;
  if (!app.target.spec_error.empty()) {
    FailStep(app, {FailureKind::kSpec,
                   -1,
                   absl::StrCat("cannot run here: ", app.target.spec_error),
                   {}});
  } else if (!AwaitsPreReload(app)) {
    OpenGeneration(app);
  }
}

// A crash-looped slot gets a new chance.
void GiveNewChance(Slot& slot) {
  slot.phase = SlotPhase::kRunning;
  slot.next_start = absl::InfinitePast();
  slot.restart = {};
}

// Those for which a start was ordered since `before`.
void GiveNewChances(AppState& app, const std::map<int, SlotOrder>& before) {
  for (const auto& [index, order] : app.target.slot_orders) {
    auto old = before.find(index);
    int64_t nonce = old == before.end() ? 0 : old->second.start_nonce;
    auto slot = app.slots.find(index);
    if (order.start_nonce <= nonce || slot == app.slots.end()) continue;
    GiveNewChance(slot->second);
    slot->second.down_since = absl::InfiniteFuture();
  }
}

// Started by the active step and not yet what its slot runs.
bool IsReplacement(const AppState& app, const Slot& slot,
                   const Worker& worker) {
  return app.step.active() && worker.generation == app.target.generation &&
         slot.generation != app.target.generation;
}

// It decides whether the active step ends well.
bool InStep(const AppState& app, const Worker& worker) {
  return app.step.active() && worker.generation == app.target.generation;
}

// What ended a worker, or made an end of it necessary.
struct Ending {
  WorkerExit exit;
  FailureKind failure = FailureKind::kNone;
  std::string text;
  bool served = false;  // Until then it was ready.
};

// In which it should have become ready.
absl::Duration ReadyLimit(const AppState& app, const Worker& worker) {
  const absl::Duration limit =
      app.generations.at(worker.generation).spec->readiness.timeout;
  const absl::Duration extended = worker.extended_until - worker.unready_since;
  return extended > limit ? absl::Trunc(extended, absl::Seconds(1)) : limit;
}

void ReplacementEnded(AppState& app, Slot& slot, const Worker& worker,
                      const Ending& ending) {
  if (IsIntendedEnd(app.target.spec->restart, ending.exit)) {
    MoveSlot(app, slot);
    slot.phase = SlotPhase::kExited;
    slot.last_failure = FailureKind::kNone;
    return;
  }
  bool in_time = ending.failure != FailureKind::kReadyTimeout;
  FailStep(app,
           {ending.failure, worker.slot,
            in_time ? ExitText(ending.failure, ending.text, slot.last_uptime)
                    : ending.text,
            slot.last_stderr});
}

// Of one that nobody asks whether it is ready, all that is seen is its end.
const char* FlapText(const AppSpec& spec) {
  const ReadinessGate& gate = spec.readiness;
  const bool asked = gate.wait_ready || gate.notify || gate.http || gate.tcp ||
                     gate.grpc || gate.exec || spec.takeover ||
                     spec.exec_mode == ExecMode::kCluster;
  return asked ? "was ready and then not, " : "ended ";
}

// Readiness that does not last, in whatever way it ends, is no progress.
void CountFlap(AppState& app, const Worker& worker, const std::string& detail,
               std::vector<std::string> stderr_tail) {
  if (++app.step.flaps <= app.target.step.max_flaps) return;
  FailStep(app,
           {FailureKind::kFlapping, worker.slot,
            absl::StrCat(FlapText(*app.target.spec),
                         app.step.flaps == 1
                             ? "once"
                             : absl::StrCat(app.step.flaps, " times"),
                         " before it was available",
                         detail.empty() ? "" : "; the last time: ", detail),
            std::move(stderr_tail), worker.live() ? worker.id : 0});
}

// "exit code 1 after 12ms"
std::string EndText(const Slot& slot) {
  // How long is said, or was no time at all.
  bool told = slot.last_failure == FailureKind::kStart ||
              slot.last_failure == FailureKind::kListen ||
              slot.last_failure == FailureKind::kReadyTimeout;
  if (told) return slot.last_exit;
  return absl::StrCat(slot.last_exit, " after ",
                      HumanDuration(slot.last_uptime));
}

std::string CrashesText(const Slot& slot) {
  return absl::StrCat("crash loop: ", slot.restart.unstable_exits,
                      " unstable exits in a row, the last: ", EndText(slot));
}

// What the restart policy's verdict means for the active step; empty: nothing.
std::string StepVerdict(const Slot& slot) {
  bool never_ran = slot.last_failure == FailureKind::kStart ||
                   slot.last_failure == FailureKind::kListen;
  std::string text =
      ExitText(slot.last_failure, slot.last_exit, slot.last_uptime);
  if (never_ran) return text;
  switch (slot.phase) {
    case SlotPhase::kCrashLoop:
      return absl::StrCat("is in a ", CrashesText(slot));
    case SlotPhase::kExited:
      return slot.last_failure == FailureKind::kNone ? "" : text;
    case SlotPhase::kRunning:
    case SlotPhase::kBackoff:
      return "";
  }
  return "";
}

// Another worker of the slot's generation lives.
bool HasOther(const Slot& slot, const Worker& worker) {
  return std::any_of(slot.workers.begin(), slot.workers.end(),
                     [&](const auto& entry) {
                       const Worker& other = entry.second;
                       return other.id != worker.id && other.live() &&
                              other.generation == slot.generation;
                     });
}

void RecordEnd(AppState& app, const Slot& slot, int index,
               const RestartDecision& decision, absl::Time now) {
  if (decision.verdict == RestartVerdict::kCrashLoop) {
    return RecordEvent(app, AppEvent::Kind::kCrashLoop, index,
                       CrashLoopText(slot), now);
  }
  if (slot.last_failure == FailureKind::kNone) return;
  std::string then = "not restarted (autorestart, stop_exit_codes)";
  if (decision.verdict == RestartVerdict::kRestart) {
    then = decision.delay > absl::ZeroDuration()
               ? absl::StrCat("restarted in ", HumanDuration(decision.delay))
               : "restarted at once";
  }
  RecordEvent(app,
              slot.last_failure == FailureKind::kUnhealthy
                  ? AppEvent::Kind::kUnhealthy
                  : AppEvent::Kind::kCrash,
              index, absl::StrCat(EndText(slot), "; ", then), now);
}

void CurrentEnded(AppState& app, Slot& slot, const Worker& worker,
                  const Ending& ending, absl::Time now) {
  const WorkerExit& exit = ending.exit;
  const RestartPolicy& policy =
      app.generations.at(worker.generation).spec->restart;
  RestartDecision decision = DecideRestart(
      policy, exit, slot.last_uptime, worker.ready_timed_out, slot.restart);
  slot.next_start = now + decision.delay;
  switch (decision.verdict) {
    case RestartVerdict::kRestart:
      slot.phase = SlotPhase::kBackoff;
      break;
    case RestartVerdict::kCrashLoop:
      slot.phase = SlotPhase::kCrashLoop;
      AbandonRenewals(app);
      break;
    case RestartVerdict::kExited:
      slot.phase = SlotPhase::kExited;
      if (IsIntendedEnd(policy, exit)) slot.last_failure = FailureKind::kNone;
      break;
  }
  RecordEnd(app, slot, worker.slot, decision, now);
  if (!InStep(app, worker)) return;
  std::string verdict = StepVerdict(slot);
  if (verdict.empty()) {
    if (ending.served) CountFlap(app, worker, slot.last_exit, slot.last_stderr);
    return;
  }
  FailStep(app, {slot.last_failure, worker.slot, std::move(verdict),
                 slot.last_stderr});
}

void Ended(AppState& app, const Worker& worker, const Ending& ending,
           std::vector<std::string> stderr_tail, absl::Time now) {
  Slot& slot = app.slots.at(worker.slot);
  slot.counted.push_back(worker.id);
  if (slot.counted.size() > Slot::kMaxCounted) {
    slot.counted.erase(slot.counted.begin());
  }
  slot.last_exit = ending.text;
  slot.last_exit_code.reset();
  if (ending.exit.kind == WorkerExit::Kind::kExited) {
    slot.last_exit_code = ending.exit.value;
  }
  slot.last_uptime = now - worker.started_at;
  slot.last_failure = ending.failure;
  slot.last_stderr = std::move(stderr_tail);
  if (IsSuccessor(slot, worker)) {
    SuccessorEnded(app, worker, ending.text, now);
  } else if (IsReplacement(app, slot, worker)) {
    ReplacementEnded(app, slot, worker, ending);
  } else if (worker.generation == slot.generation && !HasOther(slot, worker)) {
    CurrentEnded(app, slot, worker, ending, now);
  }
}

}  // namespace

void RecordEvent(AppState& app, AppEvent::Kind kind, int slot,
                 const std::string& text, absl::Time now) {
  ++app.events_recorded;
  bool goes_on = kind == AppEvent::Kind::kCrash && !app.events.empty() &&
                 app.events.back().kind == kind &&
                 app.events.back().slot == slot;
  if (goes_on) app.events.pop_back();
  app.events.push_back({kind, now, slot, text});
  if (app.events.size() > AppState::kMaxEvents) app.events.pop_front();
}

std::string CrashLoopText(const Slot& slot) {
  return absl::StrCat(
      CrashesText(slot),
      slot.last_stderr.empty()
          ? ""
          : absl::StrCat("; its last words: ", slot.last_stderr.back()));
}

Worker* FindWorker(AppState& app, WorkerId id) {
  auto slot = app.slot_of_worker.find(id);
  if (slot == app.slot_of_worker.end()) return nullptr;
  return &app.slots.at(slot->second).workers.at(id);
}

Generation ToGeneration(const AppTarget& target) {
  return {target.revision, target.spec,
          target.step.keep_matching && target.spec_error.empty()};
}

void OpenGeneration(AppState& app) {
  if (NothingToLose(app)) {
    for (auto& [index, slot] : app.slots) MoveSlot(app, slot);
  } else if (app.target.step.keep_matching) {
    KeepMatching(app);
  }
}

void AcceptTarget(AppState& app, AppTarget target) {
  int64_t old_generation = app.target.generation;
  int64_t old_nonce = app.target.start_nonce;
  const std::map<int, SlotOrder> old_orders = app.target.slot_orders;
  app.target = std::move(target);
  app.generations[app.target.generation] = ToGeneration(app.target);
  if (app.target.generation > old_generation) {
    BeginGeneration(app, old_generation);
  } else if (app.target.start_nonce > old_nonce) {
    for (auto& [index, slot] : app.slots) GiveNewChance(slot);
  } else {
    GiveNewChances(app, old_orders);
  }
  ForgetUnusedGenerations(app);
  ForgetUnusedHooks(app);
}

int ResetRestarts(AppState& app, std::optional<int> only) {
  int count = 0;
  for (auto& [index, slot] : app.slots) {
    if (only && index != *only) continue;
    slot.restart.restarts = 0;
    // A crash loop is left by a start, not by forgetting what led to it.
    if (slot.phase != SlotPhase::kCrashLoop) slot.restart.unstable_exits = 0;
    ++count;
  }
  return count;
}

void WorkerStarted(AppState& app, WorkerId id, pid_t pid) {
  if (Worker* worker = FindWorker(app, id)) worker->pid = pid;
}

void WorkerReadiness(AppState& app, WorkerId id, bool ready,
                     const std::string& detail, absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr) return;
  worker->detail = detail;
  if (worker->ready == ready || !worker->live() || worker->condemned) return;
  worker->ready = ready;
  if (ready) {
    worker->was_ready = true;
    worker->ready_since = now;
    app.slots.at(worker->slot).last_failure = FailureKind::kNone;
    return;
  }
  worker->available = false;
  worker->unready_since = now;
  if (InStep(app, *worker) && !worker->was_available) {
    CountFlap(app, *worker, detail, {});
  }
}

void WorkerDetail(AppState& app, WorkerId id, const std::string& detail) {
  if (Worker* worker = FindWorker(app, id)) worker->detail = detail;
}

void WorkerStatusText(AppState& app, WorkerId id, const std::string& text) {
  if (Worker* worker = FindWorker(app, id)) worker->status_text = text;
}

void WorkerUnhealthy(AppState& app, WorkerId id, const std::string& why,
                     std::vector<std::string> stderr_tail, absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr || !worker->live() || worker->condemned ||
      !app.wants_workers()) {
    return;
  }
  const bool served = worker->ready;
  worker->condemned = true;
  worker->ready = worker->available = false;
  worker->detail = absl::StrCat("unhealthy: ", why);
  // Not an exit of its own: no code of it is one of stop_exit_codes.
  WorkerExit exit{WorkerExit::Kind::kUnknown, 0, worker->detail};
  Ended(app, *worker, {exit, FailureKind::kUnhealthy, exit.message, served},
        std::move(stderr_tail), now);
}

void WorkerExtends(AppState& app, WorkerId id, absl::Duration extension,
                   absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr) return;
  worker->extended_until = now + std::min(extension, kMaxExtension);
}

void WorkerExited(AppState& app, WorkerId id, const WorkerExit& exit,
                  std::vector<std::string> stderr_tail, absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr || worker->exited) return;
  bool asked_for =
      (worker->stopping && !worker->ready_timed_out) || worker->condemned;
  if (worker->live()) worker->stop_since = now;
  const bool served = worker->ready;
  worker->exited = true;
  worker->ready = worker->available = false;
  const std::vector<WorkerId>& counted = app.slots.at(worker->slot).counted;
  const bool was_counted =
      std::find(counted.begin(), counted.end(), id) != counted.end();
  if (asked_for || was_counted || !app.wants_workers()) return;
  Ending ending{exit, FailureOf(exit),
                WithoutName(app.target.app, worker->slot, exit.message),
                served};
  if (worker->ready_timed_out) {
    ending.failure = FailureKind::kReadyTimeout;
    ending.text = NotReadyText(ReadyLimit(app, *worker), worker->detail);
  }
  Ended(app, *worker, ending, std::move(stderr_tail), now);
}

void WorkerGone(AppState& app, WorkerId id) {
  auto slot = app.slot_of_worker.find(id);
  if (slot == app.slot_of_worker.end()) return;
  app.slots.at(slot->second).workers.erase(id);
  app.slot_of_worker.erase(slot);
  ForgetUnusedGenerations(app);
}

void ForgetUnusedGenerations(AppState& app) {
  std::set<int64_t> used = {app.target.generation};
  for (const auto& [index, slot] : app.slots) {
    used.insert(slot.generation);
    for (const auto& [id, worker] : slot.workers) {
      used.insert(worker.generation);
    }
  }
  std::erase_if(app.generations,
                [&used](const auto& g) { return !used.contains(g.first); });
}

}  // namespace fleet::agent
