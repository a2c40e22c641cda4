#include "tests/sim/memory_store.h"

#include <algorithm>

#include "proto/rpc/status.h"

namespace fleet::sim {

using controller::AppRecord;
using controller::AppRevision;
using controller::HostRecord;
using controller::HostTarget;
using controller::RolloutEventRow;
using controller::RolloutRow;
using controller::RolloutStepRow;
using controller::TargetKey;

const HostTarget* FleetDisk::Target(const std::string& app_uid,
                                    const std::string& host) const {
  auto found = targets.find({app_uid, host});
  return found == targets.end() ? nullptr : &found->second;
}

absl::Status MemoryStore::Refusal() const {
  if (life_.dead()) {
    return ErrorWithReason(absl::StatusCode::kUnavailable,
                           "the controller is dead", {"STORE_FAILED", {}});
  }
  if (!full_) return absl::OkStatus();
  return ErrorWithReason(absl::StatusCode::kResourceExhausted, "disk full",
                         {"STORE_FAILED", {}});
}

absl::StatusOr<controller::StoredFleet> MemoryStore::Load() {
  controller::StoredFleet fleet;
  fleet.next_app_id = disk_.next_app_id;
  for (const auto& [uid, app] : disk_.apps) fleet.apps.push_back(app);
  for (const auto& [key, revision] : disk_.revisions) {
    fleet.revisions.push_back({key.first, revision});
  }
  for (const auto& [key, target] : disk_.targets) {
    fleet.targets.push_back(target);
  }
  for (const auto& [name, host] : disk_.hosts) fleet.hosts.push_back(host);
  return fleet;
}

absl::Status MemoryStore::Save(const controller::StoreChange& change) {
  if (in_transaction_) {
    observer_.OnSave(change);
    Keep(change);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Refusal());
  if (!life_.Before()) return Refusal();
  observer_.OnSave(change);
  Keep(change);
  ++commits_;
  return life_.After() ? absl::OkStatus() : Refusal();
}

absl::StatusOr<int64_t> MemoryStore::RaiseEpoch() { return ++disk_.epoch; }

absl::StatusOr<std::optional<controller::Answer>> MemoryStore::FindAnswer(
    const std::string& request_id) {
  auto found = disk_.answers.find(request_id);
  if (found == disk_.answers.end()) return std::nullopt;
  return found->second;
}

void MemoryStore::Keep(const controller::StoreChange& change) {
  for (const TargetKey& key : change.gone_targets) {
    disk_.targets.erase({key.app_uid, key.host});
  }
  for (const AppRevision& old : change.old_revisions) {
    disk_.revisions.erase({old.app_uid, old.revision.number});
  }
  for (const std::string& uid : change.gone_app_uids) {
    disk_.apps.erase(uid);
    disk_.revisions.erase(disk_.revisions.lower_bound({uid, 0}),
                          disk_.revisions.lower_bound({uid + '\0', 0}));
  }
  for (const std::string& host : change.gone_hosts) disk_.hosts.erase(host);
  for (const AppRecord& app : change.apps) {
    disk_.next_app_id = std::max(disk_.next_app_id, app.id + 1);
    disk_.apps[app.uid] = app;
  }
  for (const AppRevision& row : change.revisions) {
    disk_.revisions[{row.app_uid, row.revision.number}] = row.revision;
  }
  for (const HostTarget& target : change.targets) {
    disk_.targets[{target.app_uid, target.host}] = target;
  }
  for (const HostRecord& host : change.hosts) disk_.hosts[host.name] = host;
  if (change.answer) disk_.answers[change.answer->request_id] = *change.answer;
}

absl::Status MemoryStore::Commit(const controller::RolloutCommit& commit) {
  RETURN_IF_ERROR(Refusal());
  if (!life_.Before()) return Refusal();
  if (commit.also_save) {
    in_transaction_ = true;
    absl::Status saved = commit.also_save();
    in_transaction_ = false;
    RETURN_IF_ERROR(saved);
  }
  observer_.OnCommit(commit);
  Keep(commit);
  ++commits_;
  return life_.After() ? absl::OkStatus() : Refusal();
}

void MemoryStore::KeepRollout(RolloutRow row) {
  auto& rollouts = disk_.rollouts;
  auto same =
      std::find_if(rollouts.begin(), rollouts.end(),
                   [&](const auto& r) { return r.second.uid == row.uid; });
  const int64_t newest = rollouts.empty() ? 0 : rollouts.rbegin()->first;
  row.ordinal = same == rollouts.end() ? newest + 1 : same->first;
  rollouts[row.ordinal] = std::move(row);
}

void MemoryStore::Keep(const controller::RolloutCommit& commit) {
  for (const RolloutRow& row : commit.rollouts) KeepRollout(row);
  for (const RolloutStepRow& row : commit.steps) {
    disk_.steps[{row.uid, row.index}] = row;
  }
  for (const RolloutEventRow& row : commit.events) {
    disk_.events[{row.uid, row.seq}] = row;
  }
  if (commit.forget_events_through > 0) {
    const std::string& uid = commit.rollouts[0].uid;
    disk_.events.erase(
        disk_.events.lower_bound({uid, 0}),
        disk_.events.upper_bound({uid, commit.forget_events_through}));
  }
  for (const HostTarget& target : commit.targets) {
    disk_.targets[{target.app_uid, target.host}] = target;
  }
  if (!commit.app) return;
  auto app = disk_.apps.find(commit.app->app_uid);
  if (app == disk_.apps.end()) return;
  app->second.generation = commit.app->generation;
  if (commit.app->proven_revision != 0) {
    app->second.proven_revision = commit.app->proven_revision;
  }
  ++app->second.version;
}

template <class Predicate>
absl::StatusOr<std::optional<RolloutRow>> MemoryStore::Newest(
    Predicate predicate) const {
  if (life_.dead()) return Refusal();
  for (auto it = disk_.rollouts.rbegin(); it != disk_.rollouts.rend(); ++it) {
    if (predicate(it->second)) return it->second;
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<RolloutRow>> MemoryStore::ActiveRollouts() {
  return ListRollouts("", true, 0, 1000);
}

absl::StatusOr<std::optional<RolloutRow>> MemoryStore::RolloutByUid(
    const std::string& uid) {
  return Newest([&](const RolloutRow& r) { return r.uid == uid; });
}

absl::StatusOr<std::optional<RolloutRow>> MemoryStore::RolloutByRequest(
    const std::string& request_id) {
  return Newest(
      [&](const RolloutRow& r) { return r.request_id == request_id; });
}

absl::StatusOr<std::optional<RolloutRow>> MemoryStore::NewestRolloutOf(
    const std::string& app) {
  return Newest([&](const RolloutRow& r) { return r.app == app; });
}

absl::StatusOr<std::vector<RolloutRow>> MemoryStore::ListRollouts(
    const std::string& app, bool active_only, int64_t before, int limit) {
  if (life_.dead()) return Refusal();
  std::vector<RolloutRow> rows;
  for (auto it = disk_.rollouts.rbegin(); it != disk_.rollouts.rend(); ++it) {
    const RolloutRow& row = it->second;
    if (!app.empty() && row.app != app) continue;
    if (active_only && !row.active) continue;
    if (before != 0 && row.ordinal >= before) continue;
    if (static_cast<int>(rows.size()) < limit) rows.push_back(row);
  }
  return rows;
}

absl::StatusOr<std::vector<RolloutStepRow>> MemoryStore::RolloutSteps(
    const std::string& uid) {
  if (life_.dead()) return Refusal();
  std::vector<RolloutStepRow> rows;
  for (auto it = disk_.steps.lower_bound({uid, 0});
       it != disk_.steps.end() && it->first.first == uid; ++it) {
    rows.push_back(it->second);
  }
  return rows;
}

absl::StatusOr<std::vector<RolloutEventRow>> MemoryStore::RolloutEvents(
    const std::string& uid, int64_t after_seq, int limit) {
  if (life_.dead()) return Refusal();
  std::vector<RolloutEventRow> rows;
  for (auto it = disk_.events.lower_bound({uid, after_seq + 1});
       it != disk_.events.end() && it->first.first == uid &&
       static_cast<int>(rows.size()) < limit;
       ++it) {
    rows.push_back(it->second);
  }
  return rows;
}

}  // namespace fleet::sim
