#include "tests/sim/host_referee.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/proto_time.h"

namespace fleet::sim {
namespace {

using agent::JournaledApp;

// An agent tries again so long after its disk had no room.
constexpr absl::Duration kSaveRetry = absl::Seconds(1);

// Rollouts always say which.
bool Surges(const v1::AppTarget& target) {
  return target.step().strategy() == v1::RELOAD_STRATEGY_SURGE;
}

// The generation that the slot is known to run.
int64_t SlotGeneration(const JournaledApp& app, int slot) {
  auto found = app.slots.find(slot);
  return found == app.slots.end() ? 0 : found->second;
}

bool StepEnded(const JournaledApp& app) {
  return app.result && app.result->generation() == app.newest().generation();
}

// Of an older generation, and what the target wants all the same.
bool IsKept(const Process& process, const v1::AppTarget& target) {
  return target.step().keep_matching() &&
         process.identity.revision == target.revision();
}

std::string NameOf(const Process& process) {
  return absl::StrCat(process.identity.app, ".", process.identity.slot,
                      " worker ", process.identity.id, " g",
                      process.identity.generation);
}

}  // namespace

const v1::AppTarget* HostReferee::Accepted(const std::string& host,
                                           const std::string& app_uid) const {
  auto record = hosts_.find(host);
  if (record == hosts_.end()) return nullptr;
  auto app = record->second.apps.find(app_uid);
  return app == record->second.apps.end() ? nullptr : &app->second.newest();
}

bool HostReferee::Wanted(const v1::AppTarget& target, int slot) const {
  return !target.removed() && target.run_state() != v1::RUN_STATE_STOPPED &&
         slot < target.instances();
}

bool HostReferee::Available(const Process& process,
                            const v1::AppTarget& target) const {
  return process.live() && process.ready &&
         timeline_.now() - process.ready_since >=
             FromProto(target.step().min_ready_time());
}

bool HostReferee::Prepared(const std::string& host,
                           const v1::AppTarget& target) const {
  return target.step().pre_reload().command().empty() ||
         hooks_.Succeeded(host, target.app_uid(), "pre_reload",
                          target.generation());
}

bool HostReferee::PassedPostReload(const std::string& host,
                                   const v1::AppTarget& target) const {
  return target.step().post_reload().command().empty() ||
         hooks_.Succeeded(host, target.app_uid(), "post_reload",
                          target.generation());
}

// ----------------------------------------------------------------- journal

void HostReferee::LookAtJournal(const Machine& machine) {
  // What was done while the disk was full is only written down now.
  HostRecord& record = hosts_[machine.name()];
  Look(machine, record.refusals == machine.disk().refusals);
}

void HostReferee::OnAgentStart(const Machine& machine) {
  hosts_[machine.name()].writes = -1;
  Look(machine, false);
}

void HostReferee::Look(const Machine& machine, bool now) {
  HostRecord& record = hosts_[machine.name()];
  if (std::exchange(record.refusals_seen, machine.disk().refusals) !=
      machine.disk().refusals) {
    record.refused_at = timeline_.now();
  }
  if (record.writes == machine.disk().writes) return;
  const agent::JournalContents* contents = journal_of_(machine.name());
  if (contents == nullptr) return;
  record.writes = machine.disk().writes;
  record.refusals = machine.disk().refusals;
  const agent::JournalContents& journal = *contents;
  if (journal.epoch < record.epoch) {
    verdict_.Fail("5", machine.name(), " went back from epoch ", record.epoch,
                  " to ", journal.epoch);
  }
  record.epoch = journal.epoch;
  for (const auto& [uid, app] : journal.apps) {
    auto before = record.apps.find(uid);
    if (before != record.apps.end()) {
      CheckApp(machine.name(), before->second, app);
    }
    const bool was_done =
        before != record.apps.end() && StepEnded(before->second) &&
        before->second.newest().generation() == app.newest().generation();
    if (now && StepEnded(app) && !was_done &&
        app.result->phase() == v1::STEP_PHASE_DONE) {
      CheckDone(machine, app);
    }
  }
  record.apps = journal.apps;
}

// Once there is room something else may be written first, such as the worker
// id of this very start.
bool HostReferee::MayMiss(const Machine& machine,
                          const HostRecord& record) const {
  return record.refusals != machine.disk().refusals ||
         timeline_.now() - record.refused_at <= kSaveRetry;
}

void HostReferee::CheckApp(const std::string& host, const JournaledApp& before,
                           const JournaledApp& now) {
  const v1::AppTarget& old_target = before.newest();
  const v1::AppTarget& target = now.newest();
  if (target.serial() < old_target.serial() ||
      target.generation() < old_target.generation()) {
    verdict_.Fail("5", host, " went back from s", old_target.serial(), " g",
                  old_target.generation(), " to s", target.serial(), " g",
                  target.generation());
  }
  const bool same = before.result && now.result &&
                    before.result->generation() == now.result->generation();
  if (same && before.result->phase() != now.result->phase()) {
    verdict_.Fail("6", host, " generation ", now.result->generation(),
                  " ended twice, with different results");
  }
}

// A step that is done leaves nothing but what it was to bring.
void HostReferee::CheckDone(const Machine& machine, const JournaledApp& app) {
  const v1::AppTarget& target = app.newest();
  if (!Prepared(machine.name(), target)) {
    verdict_.Fail("18", machine.name(), " is done with generation ",
                  target.generation(), ", and its pre_reload did not succeed");
  }
  if (!Wanted(target, 0)) return;
  if (!PassedPostReload(machine.name(), target)) {
    verdict_.Fail("18", machine.name(), " is done with generation ",
                  target.generation(), ", and its post_reload did not succeed");
  }
  std::set<int> available;
  for (const auto& [id, process] : machine.processes()) {
    if (process.identity.app_uid != target.app_uid()) continue;
    if (process.identity.slot >= target.instances()) continue;
    const bool kept = IsKept(process, target);
    if (process.identity.generation == target.generation() || kept) {
      // One that is kept was available by the policy it was started under.
      const bool serves =
          kept ? process.live() && process.ready : Available(process, target);
      if (serves) available.insert(process.identity.slot);
    } else if (process.live()) {
      verdict_.Fail("7", machine.name(), " is done with generation ",
                    target.generation(), " and still runs ", NameOf(process));
    }
  }
  if (static_cast<int>(available.size()) < target.instances()) {
    verdict_.Fail("7", machine.name(), " is done with generation ",
                  target.generation(), " and only ", available.size(), " of ",
                  target.instances(), " instances are available");
  }
}

void HostReferee::OnPowerLoss(const Machine& machine) {
  HostRecord& record = hosts_[machine.name()];
  record.replaced.clear();
  record.down.clear();
}

// ----------------------------------------------------------------- workers

void HostReferee::OnStart(const Machine& machine,
                          const agent::WorkerIdentity& identity) {
  LookAtJournal(machine);
  HostRecord& record = hosts_[machine.name()];
  auto app = record.apps.find(identity.app_uid);
  const std::string what =
      absl::StrCat(machine.name(), " starts ", identity.app, ".", identity.slot,
                   " g", identity.generation);
  if (app == record.apps.end()) {
    return verdict_.Fail("5", what, ", an app that it was never told to run");
  }
  const v1::AppTarget& target = app->second.newest();
  if (!Wanted(target, identity.slot)) {
    return verdict_.Fail("15", what, ", which nobody wants");
  }
  for (const auto& [id, process] : machine.processes()) {
    if (process.identity.app_uid == identity.app_uid &&
        process.identity.slot == identity.slot && process.live() &&
        process.identity.generation == identity.generation) {
      verdict_.Fail("6", what, " beside ", NameOf(process));
    }
  }
  if (SlotGeneration(app->second, identity.slot) == identity.generation) {
    return;  // What the slot runs is started again.
  }
  if (identity.generation != target.generation()) {
    return verdict_.Fail("5", what, ", but generation ", target.generation(),
                         " is wanted");
  }
  if (!Prepared(machine.name(), target)) {
    verdict_.Fail("18", what, " before its pre_reload has succeeded");
  }
  // What its disk had no room for is not known here.
  if (MayMiss(machine, record)) return;
  if (StepEnded(app->second)) {
    return verdict_.Fail("6", what, " though the step of that generation is ",
                         "over");
  }
  const SlotKey slot{identity.app_uid, identity.slot};
  if (!record.replaced.insert({slot, identity.generation}).second) {
    verdict_.Fail("6", what, " a second time in the same step");
  }
}

void HostReferee::OnStop(const Machine& machine, const Process& process,
                         bool kill) {
  if (!process.live()) return;
  LookAtJournal(machine);
  HostRecord& record = hosts_[machine.name()];
  auto app = record.apps.find(process.identity.app_uid);
  if (app == record.apps.end()) return;
  const v1::AppTarget& target = app->second.newest();
  if (!Wanted(target, process.identity.slot)) {
    // Somebody has stopped it, and may let it be started again.
    const SlotKey slot{process.identity.app_uid, process.identity.slot};
    record.replaced.erase({slot, process.identity.generation});
    return;
  }
  const bool never_served = !process.ready;
  if (kill && never_served) return;  // It was given its time.
  const bool served =
      process.ready && process.identity.generation ==
                           SlotGeneration(app->second, process.identity.slot);
  if (served && !StepEnded(app->second) && !Prepared(machine.name(), target)) {
    verdict_.Fail("18", machine.name(), " stops ", NameOf(process),
                  " before its pre_reload has succeeded");
  }
  if (Surges(target)) {
    CheckSurge(machine, process, app->second);
  } else {
    CheckStopFirst(machine, process, target);
  }
}

// What serves is stopped only for another one in its slot: a replacement that
// is available, or the one that it was to replace and failed to.
void HostReferee::CheckSurge(const Machine& machine, const Process& process,
                             const JournaledApp& app) {
  if (!process.ready) return;
  const v1::AppTarget& target = app.newest();
  const int slot = process.identity.slot;
  const int64_t own = SlotGeneration(app, slot);
  for (const auto& [id, other] : machine.processes()) {
    if (&other == &process || !other.live() || other.identity.slot != slot ||
        other.identity.app_uid != process.identity.app_uid) {
      continue;
    }
    if (Available(other, target)) return;
    const bool was_to_be_replaced =
        other.identity.generation == own && process.identity.generation > own;
    // Of two that the target wants, neither available, one is kept.
    const bool kept =
        IsKept(other, target) && process.identity.generation != own;
    if (was_to_be_replaced || kept) return;
  }
  verdict_.Fail("11", machine.name(), " stops ", NameOf(process),
                " and has nothing available in its place");
}

void HostReferee::CheckStopFirst(const Machine& machine, const Process& process,
                                 const v1::AppTarget& target) {
  const std::string& host = machine.name();
  HostRecord& record = hosts_[host];
  const SlotKey slot{process.identity.app_uid, process.identity.slot};
  if (!process.ready) return;  // It did not serve.
  // Neither is a slot down in which a surge was overtaken.
  for (const auto& [id, other] : machine.processes()) {
    const bool beside =
        &other != &process && other.live() && other.ready &&
        SlotKey(other.identity.app_uid, other.identity.slot) == slot;
    if (beside) return;
  }
  for (const SlotKey& down : record.down) {
    if (down.first == slot.first && down.second != slot.second &&
        down.second < target.instances()) {
      verdict_.Fail("1", host, " takes down slot ", slot.second, " of ",
                    target.app(), " while slot ", down.second, " is down");
    }
  }
  record.down.insert(slot);
}

void HostReferee::OnChange(const Machine& machine, const Process& process) {
  const SlotKey slot{process.identity.app_uid, process.identity.slot};
  const bool unplanned = process.exited && !process.told_to_stop;
  // Somebody serves there again; or it ended by itself, which is not a
  // decision of the agent's.
  if (process.ready || unplanned) hosts_[machine.name()].down.erase(slot);
}

int HostReferee::CountOthers(const Machine& machine, const std::string& app_uid,
                             int64_t generation) const {
  int others = 0;
  for (const auto& [id, process] : machine.processes()) {
    if (process.identity.app_uid == app_uid && process.live() &&
        process.identity.generation != generation) {
      ++others;
    }
  }
  return others;
}

}  // namespace fleet::sim
