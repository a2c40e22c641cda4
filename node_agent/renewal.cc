#include "node_agent/renewal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node_agent/app_events.h"
#include "node_agent/app_reconciler.h"
#include "proto/rpc/quantity.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kSoon = absl::Minutes(10);
constexpr absl::Duration kFirstWait = absl::Seconds(10);
constexpr absl::Duration kLongestMemoryWait = absl::Minutes(15);
constexpr absl::Duration kLongestFailureWait = absl::Minutes(5);
constexpr char kUserReason[] = "ordered for this instance";

// 10 s, 20 s, 40 s … for n = 1, 2, 3 …
absl::Duration Doubling(int n, absl::Duration longest) {
  absl::Duration wait = kFirstWait;
  for (int i = 1; i < n && wait < longest; ++i) wait *= 2;
  return n < 1 ? absl::ZeroDuration() : std::min(wait, longest);
}

bool IsPending(const Slot& slot, const Worker& worker) {
  return worker.live() && worker.generation == slot.generation &&
         worker.renewal != RenewalCause::kNone;
}

bool Surges(const ReconcilePass& pass, const Slot& slot, const Worker& worker) {
  const AppSpec* spec = pass.Spec(slot.generation);
  return spec != nullptr && !worker.renewal_stops_first &&
         EffectiveStrategy(*spec) == ReloadStrategy::kSurge;
}

// Where renewals are, counted over all slots.
struct Progress {
  bool pending = false;
  bool all_ready = true;
  int under_way = 0;
  int ending = 0;
};

Progress Look(AppState& app) {
  Progress progress;
  for (auto& [index, slot] : app.slots) {
    for (const auto& [id, worker] : slot.workers) {
      progress.pending |= IsPending(slot, worker);
      progress.ending += worker.live() ? 0 : 1;
    }
    if (Outgoing(slot) == nullptr) continue;
    ++progress.under_way;
    progress.all_ready &=
        ReconcilePass::LiveWorker(slot, slot.generation)->ready;
  }
  return progress;
}

// Killed because it never got ready: how it ends decides when the next starts.
bool AwaitsVerdict(const Slot& slot) {
  return std::any_of(
      slot.workers.begin(), slot.workers.end(), [](const auto& entry) {
        return entry.second.ready_timed_out && !entry.second.exited;
      });
}

bool MaySurge(ReconcilePass& pass) {
  Progress progress = Look(pass.app());
  if (!progress.all_ready) return false;
  if (!pass.app().renewal.proven && progress.under_way > 0) return false;
  return progress.under_way + progress.ending < kMaxExtraWorkers;
}

// All others serve, or have nothing to serve with.
bool MayStop(ReconcilePass& pass, int index) {
  AppState& app = pass.app();
  return std::all_of(app.slots.begin(), app.slots.end(), [&](auto& entry) {
    Slot& slot = entry.second;
    if (entry.first == index || entry.first >= app.target.instances ||
        app.target.stops(entry.first) || slot.phase == SlotPhase::kCrashLoop ||
        slot.phase == SlotPhase::kExited) {
      return true;
    }
    const Worker* worker = ReconcilePass::LiveWorker(slot, slot.generation);
    return worker != nullptr && worker->available;
  });
}

void Begin(ReconcilePass& pass, int index, Slot& slot, Worker& worker) {
  RecordEvent(pass.app(), AppEvent::Kind::kRenewal, index,
              absl::StrCat("is replaced: ", worker.renewal_reason), pass.now());
  ++slot.restart.restarts;
  if (Surges(pass, slot, worker)) {
    pass.Start(index, slot.generation);
  } else {
    pass.BeginStop(worker);
  }
}

void RenewSlot(ReconcilePass& pass, int index, Slot& slot) {
  Worker* worker = ReconcilePass::LiveWorker(slot, slot.generation);
  if (worker == nullptr || worker->renewal == RenewalCause::kNone ||
      Outgoing(slot) != nullptr || AwaitsVerdict(slot)) {
    return;
  }
  if (worker->renewal == RenewalCause::kUser) {
    return Begin(pass, index, slot, *worker);
  }
  absl::Time due = pass.app().renewal.next;
  if (worker->renewal == RenewalCause::kMemory) {
    due = std::max(due, slot.next_memory_renewal);
  }
  if (pass.now() < due) {
    pass.WakeAt(due);
    return;
  }
  bool may =
      Surges(pass, slot, *worker) ? MaySurge(pass) : MayStop(pass, index);
  if (may) Begin(pass, index, slot, *worker);
}

// Who ordered it may try again. False: it is no user's.
bool EndUserRenewal(Slot& slot) {
  for (auto& [id, worker] : slot.workers) {
    if (worker.renewal != RenewalCause::kUser || !worker.live()) continue;
    worker.renewal = RenewalCause::kNone;
    worker.renewal_reason.clear();
    return true;
  }
  return false;
}

void StartAnew(Slot& slot) {
  slot.phase = SlotPhase::kRunning;
  slot.next_start = absl::InfinitePast();
  slot.restart.unstable_exits = 0;
  slot.restart.series_delay = absl::ZeroDuration();
}

std::string MemoryReason(int64_t rss_bytes, int64_t limit, int soon,
                         absl::Duration wait) {
  std::string reason =
      absl::StrCat(HumanSize(rss_bytes), " resident, over max_memory_restart ",
                   HumanSize(limit));
  if (wait > absl::ZeroDuration()) {
    absl::StrAppend(&reason, "; so were the last ", soon - 1,
                    " soon after their start, so it waits ",
                    HumanDuration(wait), ": raise the limit or mend the leak");
  }
  return reason;
}

}  // namespace

const Worker* Outgoing(const Slot& slot) {
  const Worker* newest = nullptr;
  for (auto it = slot.workers.rbegin(); it != slot.workers.rend(); ++it) {
    const Worker& worker = it->second;
    if (!worker.live() || worker.generation != slot.generation) continue;
    if (newest == nullptr) {
      if (worker.available) return nullptr;
      newest = &worker;
    } else if (worker.renewal != RenewalCause::kNone) {
      return &worker;
    }
  }
  return nullptr;
}

void NoteMemory(AppState& app, WorkerId id, int64_t rss_bytes, absl::Time now) {
  Worker* worker = FindWorker(app, id);
  if (worker == nullptr || !worker->live()) return;
  Slot& slot = app.slots.at(worker->slot);
  auto generation = app.generations.find(worker->generation);
  if (worker->generation != slot.generation ||
      generation == app.generations.end()) {
    return;
  }
  int64_t limit = generation->second.spec->restart.max_memory_bytes;
  bool over = limit > 0 && rss_bytes > limit;
  if (!over && worker->renewal == RenewalCause::kMemory &&
      Outgoing(slot) != worker) {
    worker->renewal = RenewalCause::kNone;
    worker->renewal_reason.clear();
  }
  if (!over || worker->renewal != RenewalCause::kNone) return;
  bool soon = now - worker->started_at < kSoon;
  slot.soon_over_memory = soon ? slot.soon_over_memory + 1 : 0;
  absl::Duration wait = Doubling(slot.soon_over_memory - 1, kLongestMemoryWait);
  slot.next_memory_renewal = now + wait;
  worker->renewal = RenewalCause::kMemory;
  worker->renewal_reason =
      MemoryReason(rss_bytes, limit, slot.soon_over_memory, wait);
}

void RenewAll(AppState& app, RenewalCause cause, const std::string& reason,
              absl::Time now) {
  if (!app.wants_workers()) return;
  app.renewal = {};
  for (auto& [index, slot] : app.slots) {
    if (index >= app.target.instances) continue;
    Worker* worker = ReconcilePass::LiveWorker(slot, slot.generation);
    if (worker != nullptr) {
      worker->renewal = cause;
      worker->renewal_reason = reason;
      continue;
    }
    bool has_ended = slot.phase != SlotPhase::kRunning;
    if (!has_ended) continue;
    RecordEvent(app, AppEvent::Kind::kRenewal, index,
                absl::StrCat("is started: ", reason), now);
    StartAnew(slot);
  }
}

absl::StatusOr<std::vector<WorkerId>> RenewOne(AppState& app, int index,
                                               bool stop_first,
                                               absl::Time now) {
  const std::string name = absl::StrCat(app.target.app, ".", index);
  if (!app.wants_workers() || app.target.stops(index)) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, " is stopped here; fleetctl start ", name, " starts it"));
  }
  if (app.step.active()) {
    return absl::FailedPreconditionError(
        absl::StrCat(app.target.app,
                     " is being brought to another generation here; try again "
                     "when that has ended"));
  }
  Slot& slot = app.slots.at(index);
  if (const Worker* outgoing = Outgoing(slot)) return {{outgoing->id}};
  Worker* worker = ReconcilePass::LiveWorker(slot, slot.generation);
  if (worker == nullptr) {
    RecordEvent(app, AppEvent::Kind::kRenewal, index,
                absl::StrCat("is started: ", kUserReason), now);
    StartAnew(slot);
    return std::vector<WorkerId>();
  }
  worker->renewal = RenewalCause::kUser;
  worker->renewal_reason = kUserReason;
  worker->renewal_stops_first = stop_first;
  return {{worker->id}};
}

bool IsSuccessor(const Slot& slot, const Worker& worker) {
  return std::any_of(
      slot.workers.begin(), slot.workers.end(), [&](const auto& entry) {
        return entry.first < worker.id && IsPending(slot, entry.second);
      });
}

void SuccessorEnded(AppState& app, const Worker& worker, const std::string& how,
                    absl::Time now) {
  if (EndUserRenewal(app.slots.at(worker.slot))) {
    RecordEvent(app, AppEvent::Kind::kRenewalFailed, worker.slot,
                absl::StrCat("could not be replaced: the new worker ended (",
                             how, "); the old one serves on"),
                now);
    return;
  }
  app.renewal.proven = false;
  ++app.renewal.failures;
  absl::Duration wait = Doubling(app.renewal.failures, kLongestFailureWait);
  app.renewal.next = now + wait;
  RecordEvent(app, AppEvent::Kind::kRenewalFailed, worker.slot,
              absl::StrCat("could not be replaced: the new worker ended (", how,
                           "); the old one serves on, tried again in ",
                           HumanDuration(wait)),
              now);
}

void CancelRenewals(AppState& app) {
  for (auto& [index, slot] : app.slots) {
    if (Outgoing(slot) != nullptr) {
      ReconcilePass::LiveWorker(slot, slot.generation)->condemned = true;
    }
    for (auto& [id, worker] : slot.workers) {
      worker.renewal = RenewalCause::kNone;
      worker.renewal_reason.clear();
    }
  }
  app.renewal = {};
}

void AbandonRenewals(AppState& app) {
  for (auto& [index, slot] : app.slots) {
    if (Outgoing(slot) != nullptr) continue;  // That one is decided already.
    for (auto& [id, worker] : slot.workers) {
      if (worker.renewal == RenewalCause::kMemory) continue;
      worker.renewal = RenewalCause::kNone;
      worker.renewal_reason.clear();
    }
  }
}

void NoteRenewed(ReconcilePass& pass) {
  AppState& app = pass.app();
  for (auto& [index, slot] : app.slots) {
    const Worker* current = ReconcilePass::LiveWorker(slot, slot.generation);
    if (current == nullptr || !current->available) continue;
    for (const auto& [id, worker] : slot.workers) {
      if (id >= current->id || !IsPending(slot, worker)) continue;
      app.renewal.proven = true;
      app.renewal.failures = 0;
    }
  }
}

void RenewWorkers(ReconcilePass& pass) {
  AppState& app = pass.app();
  if (!Look(app).pending) {
    app.renewal = {};
    return;
  }
  if (app.step.active()) return;
  for (auto& [index, slot] : app.slots) {
    if (index < app.target.instances) RenewSlot(pass, index, slot);
  }
}

}  // namespace fleet::agent
