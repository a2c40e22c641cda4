#include "node_agent/app_events.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/reconcile_pass.h"
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

void BeginGeneration(AppState& app) {
  app.step = {};
  app.step.generation = app.target.generation;
  app.step.phase = StepPhase::kApplying;
  for (auto& [index, slot] : app.slots) slot.replacing = false;
  app.slots_moved = true;
  if (!app.target.spec_error.empty()) {
    FailStep(app, {FailureKind::kSpec, -1, app.target.spec_error, {}});
  } else if (NothingToLose(app)) {
    for (auto& [index, slot] : app.slots) MoveSlot(app, slot);
  }
}

// Crash-looped slots get a new chance.
void GiveNewChance(AppState& app) {
  for (auto& [index, slot] : app.slots) {
    slot.phase = SlotPhase::kRunning;
    slot.next_start = absl::InfinitePast();
    slot.restart = {};
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

void ReplacementEnded(AppState& app, Slot& slot, const Worker& worker,
                      const WorkerExit& exit, absl::Duration uptime) {
  if (IsIntendedEnd(app.target.spec->restart, exit)) {
    MoveSlot(app, slot);
    slot.phase = SlotPhase::kExited;
    slot.last_failure = FailureKind::kNone;
    return;
  }
  FailStep(app, {FailureOf(exit), worker.slot, ExitText(exit, uptime),
                 slot.last_stderr});
}

// What the restart policy's verdict means for the active step; empty: nothing.
std::string StepVerdict(const Slot& slot, const WorkerExit& exit) {
  bool never_ran = slot.last_failure == FailureKind::kStart ||
                   slot.last_failure == FailureKind::kListen;
  if (never_ran) return slot.last_exit;
  switch (slot.phase) {
    case SlotPhase::kCrashLoop:
      return absl::StrCat(
          "crash loop: ", slot.restart.unstable_exits,
          " unstable exits in a row, the last: ", slot.last_exit);
    case SlotPhase::kExited:
      return slot.last_failure == FailureKind::kNone ? "" : exit.message;
    case SlotPhase::kRunning:
    case SlotPhase::kBackoff:
      return "";
  }
  return "";
}

void CurrentEnded(AppState& app, Slot& slot, const Worker& worker,
                  const WorkerExit& exit, absl::Time now) {
  const RestartPolicy& policy =
      app.generations.at(worker.generation).spec->restart;
  RestartDecision decision =
      DecideRestart(policy, exit, now - worker.started_at,
                    worker.ready_timed_out, slot.restart);
  slot.next_start = now + decision.delay;
  switch (decision.verdict) {
    case RestartVerdict::kRestart:
      slot.phase = SlotPhase::kBackoff;
      break;
    case RestartVerdict::kCrashLoop:
      slot.phase = SlotPhase::kCrashLoop;
      break;
    case RestartVerdict::kExited:
      slot.phase = SlotPhase::kExited;
      if (IsIntendedEnd(policy, exit)) slot.last_failure = FailureKind::kNone;
      break;
  }
  if (!InStep(app, worker)) return;
  std::string verdict = StepVerdict(slot, exit);
  if (verdict.empty()) return;
  FailStep(app, {slot.last_failure, worker.slot, std::move(verdict),
                 slot.last_stderr});
}

void CountFlap(AppState& app, const Worker& worker, const std::string& detail) {
  if (!InStep(app, worker) || worker.was_available) return;
  if (++app.step.flaps <= app.target.step.max_flaps) return;
  FailStep(app,
           {FailureKind::kFlapping,
            worker.slot,
            absl::StrCat("ready and then not, ", app.step.flaps,
                         " times before it was available",
                         detail.empty() ? "" : "; the last time: ", detail),
            {}});
}

}  // namespace

Worker* FindWorker(AppState& app, WorkerId id) {
  auto slot = app.slot_of_worker.find(id);
  if (slot == app.slot_of_worker.end()) return nullptr;
  return &app.slots.at(slot->second).workers.at(id);
}

void AcceptTarget(AppState& app, AppTarget target) {
  int64_t old_generation = app.target.generation;
  int64_t old_nonce = app.target.start_nonce;
  app.target = std::move(target);
  app.generations[app.target.generation] = {app.target.revision,
                                            app.target.spec};
  if (app.target.generation > old_generation) {
    BeginGeneration(app);
  } else if (app.target.start_nonce > old_nonce) {
    GiveNewChance(app);
  }
  ForgetUnusedGenerations(app);
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
  if (worker->ready == ready || !worker->live()) return;
  worker->ready = ready;
  if (ready) {
    worker->was_ready = true;
    worker->ready_since = now;
    app.slots.at(worker->slot).last_failure = FailureKind::kNone;
    return;
  }
  worker->available = false;
  worker->unready_since = now;
  CountFlap(app, *worker, detail);
}

void WorkerDetail(AppState& app, WorkerId id, const std::string& detail) {
  if (Worker* worker = FindWorker(app, id)) worker->detail = detail;
}

void WorkerStatusText(AppState& app, WorkerId id, const std::string& text) {
  if (Worker* worker = FindWorker(app, id)) worker->status_text = text;
}

void WorkerExited(AppState& app, WorkerId id, const WorkerExit& exit,
                  std::vector<std::string> stderr_tail, absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr || worker->exited) return;
  bool asked_for = worker->stopping && !worker->ready_timed_out;
  if (worker->live()) worker->stop_since = now;
  worker->exited = true;
  worker->ready = worker->available = false;
  if (asked_for || !app.wants_workers()) return;

  Slot& slot = app.slots.at(worker->slot);
  absl::Duration uptime = now - worker->started_at;
  slot.last_exit = worker->ready_timed_out
                       ? NotReadyText(uptime, worker->detail)
                       : exit.message;
  slot.last_failure =
      worker->ready_timed_out ? FailureKind::kReadyTimeout : FailureOf(exit);
  slot.last_stderr = std::move(stderr_tail);
  if (IsReplacement(app, slot, *worker)) {
    ReplacementEnded(app, slot, *worker, exit, uptime);
  } else if (worker->generation == slot.generation) {
    CurrentEnded(app, slot, *worker, exit, now);
  }
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
