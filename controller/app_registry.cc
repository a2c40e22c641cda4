#include "controller/app_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kNamesInError = 10;

// What most hosts of the app run now; 0: none runs it.
int64_t CommonRevision(const AppEntry& app) {
  std::map<int64_t, int> counts;
  for (const auto& [host, target] : app.targets) {
    if (!target.removed) ++counts[target.revision];
  }
  int64_t common = 0;
  int most = 0;
  for (const auto& [revision, count] : counts) {
    if (count >= most) {
      common = revision;
      most = count;
    }
  }
  return common;
}

absl::StatusOr<const Revision*> RequireRevision(const AppEntry& app,
                                                int64_t number) {
  auto found = app.revisions.find(number);
  if (found != app.revisions.end()) return found->second.get();
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat(
          app.record.name, " has no revision ", number, "; kept are ",
          app.revisions.empty() ? int64_t{0} : app.revisions.begin()->first,
          " to ", app.record.revision),
      {"REVISION_NOT_FOUND", {{"app", app.record.name}}});
}

// What needs no new workers to change stays as it is now.
absl::Status SetRevision(const AppEntry& app, int64_t number,
                         RolloutApp& result) {
  ASSIGN_OR_RETURN(const Revision* revision, RequireRevision(app, number));
  result.revision = number;
  result.spec = revision->spec;
  result.spec.instances = app.record.spec.instances;
  result.spec.hosts = app.record.spec.hosts;
  result.spec.rollout = app.record.spec.rollout;
  return absl::OkStatus();
}

// Some host is to run something else than the proven revision.
bool IsMixed(const AppEntry& app) {
  return std::any_of(
      app.targets.begin(), app.targets.end(), [&](const auto& entry) {
        return !entry.second.removed &&
               entry.second.revision != app.record.proven_revision;
      });
}

// `wanted` or, when it is 0, the proven revision if not every host has it, else
// the newest proven one before it.
absl::StatusOr<int64_t> RollbackTarget(const AppEntry& app, int64_t wanted) {
  const std::string& name = app.record.name;
  if (wanted != 0) {
    ASSIGN_OR_RETURN(const Revision* revision, RequireRevision(app, wanted));
    if (revision->proven) return wanted;
    return ErrorWithReason(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("revision ", wanted, " of ", name,
                     " has never been rolled out with success; apply its "
                     "spec to try it anew"),
        {"REVISION_NOT_PROVEN", {{"app", name}}});
  }
  const int64_t present = app.record.proven_revision;
  if (present != 0 && IsMixed(app)) return present;
  int64_t found = 0;
  int64_t later = 0;
  for (const auto& [number, revision] : app.revisions) {
    if (revision->proven && number < present) found = number;
    if (revision->proven && number > present) later = number;
  }
  if (found != 0) return found;
  std::string why =
      absl::StrCat("no revision of ", name, present == 0 ? "" : " before ",
                   present == 0 ? "" : absl::StrCat(present),
                   " has been rolled out with success");
  if (later != 0) {
    absl::StrAppend(&why, "; one after it has: name revision ", later);
  }
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, why,
                         {"NOTHING_TO_ROLL_BACK", {{"app", name}}});
}

std::string SomeNames(const std::map<std::string, std::string>& uids) {
  if (uids.empty()) return "there are no apps";
  std::vector<std::string> names;
  for (const auto& [name, uid] : uids) {
    if (names.size() == kNamesInError) {
      names.emplace_back("…");
      break;
    }
    names.push_back(name);
  }
  return absl::StrCat("apps: ", absl::StrJoin(names, ", "));
}

}  // namespace

void AppRegistry::Load(StoredFleet fleet) {
  StoreChange change;
  change.apps = std::move(fleet.apps);
  change.revisions = std::move(fleet.revisions);
  change.targets = std::move(fleet.targets);
  next_id_ = fleet.next_app_id;
  TakeOver(change);
}

absl::Status AppRegistry::Save(const StoreChange& change) {
  RETURN_IF_ERROR(store_.Save(change));
  TakeOver(change);
  return absl::OkStatus();
}

void AppRegistry::TakeOver(const StoreChange& change) {
  for (const TargetKey& key : change.gone_targets) RemoveTarget(key);
  for (const std::string& uid : change.gone_app_uids) {
    ForgetName(uid);
    apps_.erase(uid);
  }
  for (const AppRecord& record : change.apps) {
    apps_[record.uid].record = record;
    next_id_ = std::max(next_id_, record.id + 1);
    if (record.deleted) {
      ForgetName(record.uid);
    } else {
      uids_[record.name] = record.uid;
    }
  }
  for (const AppRevision& row : change.revisions) {
    apps_[row.app_uid].revisions[row.revision.number] =
        std::make_shared<const Revision>(row.revision);
  }
  for (const AppRevision& old : change.old_revisions) {
    apps_[old.app_uid].revisions.erase(old.revision.number);
  }
  for (const HostTarget& target : change.targets) TakeOverTarget(target);
}

void AppRegistry::ForgetName(const std::string& uid) {
  auto app = apps_.find(uid);
  if (app == apps_.end()) return;
  auto named = uids_.find(app->second.record.name);
  if (named != uids_.end() && named->second == uid) uids_.erase(named);
}

void AppRegistry::TakeOverTarget(const HostTarget& target) {
  apps_[target.app_uid].targets[target.host] = target;
  on_host_[target.host].insert(target.app_uid);
  if (listener_ != nullptr) {
    listener_->OnTargetChanged(target.host, target.app_uid);
  }
}

void AppRegistry::RemoveTarget(const TargetKey& key) {
  auto app = apps_.find(key.app_uid);
  if (app != apps_.end()) app->second.targets.erase(key.host);
  auto host = on_host_.find(key.host);
  if (host == on_host_.end()) return;
  host->second.erase(key.app_uid);
  if (host->second.empty()) on_host_.erase(host);
}

void AppRegistry::Stage(StoreChange change) { staged_ = std::move(change); }

const AppEntry* AppRegistry::FindByName(const std::string& name) const {
  auto found = uids_.find(name);
  return found == uids_.end() ? nullptr : FindByUid(found->second);
}

const AppEntry* AppRegistry::FindByUid(const std::string& uid) const {
  auto found = apps_.find(uid);
  return found == apps_.end() ? nullptr : &found->second;
}

const HostTarget* AppRegistry::FindTarget(const std::string& app_uid,
                                          const std::string& host) const {
  const AppEntry* app = FindByUid(app_uid);
  if (app == nullptr) return nullptr;
  auto found = app->targets.find(host);
  return found == app->targets.end() ? nullptr : &found->second;
}

absl::StatusOr<const AppEntry*> AppRegistry::Require(
    const std::string& name) const {
  const AppEntry* app = FindByName(name);
  if (app != nullptr) return app;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no app \"", name, "\"; ", SomeNames(uids_)),
      {"APP_NOT_FOUND", {{"app", name}}});
}

absl::StatusOr<const AppEntry*> AppRegistry::RequireSeen(
    const std::string& name) const {
  absl::StatusOr<const AppEntry*> app = Require(name);
  if (app.ok()) return app;
  const AppEntry* newest = nullptr;
  for (const auto& [uid, entry] : apps_) {
    if (entry.record.name != name || entry.targets.empty()) continue;
    if (newest == nullptr || entry.record.id > newest->record.id) {
      newest = &entry;
    }
  }
  if (newest != nullptr) return newest;
  return app;
}

std::vector<std::string> AppRegistry::AppsOn(const std::string& host) const {
  auto found = on_host_.find(host);
  if (found == on_host_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

bool AppRegistry::WaitsForRemoval(const HostTarget& target) const {
  if (target.removed) return false;
  auto found = on_host_.find(target.host);
  if (found == on_host_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const std::string& uid) {
                       const HostTarget* other = FindTarget(uid, target.host);
                       return other->removed && other->app == target.app;
                     });
}

RunState AppRegistry::RunStateOf(const AppEntry& app) {
  bool stopped = false;
  for (const auto& [host, target] : app.targets) {
    if (target.removed) continue;
    if (target.run_state == RunState::kRunning) return RunState::kRunning;
    stopped = true;
  }
  return stopped ? RunState::kStopped : RunState::kRunning;
}

std::vector<std::string> AppRegistry::HostsWith(const AppEntry& app) {
  std::vector<std::string> hosts;
  for (const auto& [host, target] : app.targets) {
    if (!target.removed) hosts.push_back(host);
  }
  return hosts;
}

bool AppRegistry::WaitsForStart(const AppSpec& spec, const AppEntry* app) {
  return !spec.autostart && (app == nullptr || HostsWith(*app).empty() ||
                             RunStateOf(*app) == RunState::kStopped);
}

const HostTarget* AppRegistry::StagedOrSavedTarget(
    const std::string& app_uid, const std::string& host) const {
  if (staged_) {
    for (const HostTarget& target : staged_->targets) {
      if (target.app_uid == app_uid && target.host == host) return &target;
    }
  }
  return FindTarget(app_uid, host);
}

const AppRecord* AppRegistry::StagedOrSaved(const std::string& app_uid) const {
  if (staged_) {
    for (const AppRecord& record : staged_->apps) {
      if (record.uid == app_uid) return &record;
    }
  }
  const AppEntry* app = FindByUid(app_uid);
  return app == nullptr ? nullptr : &app->record;
}

// With autostart: false only people start: where the app is stopped it stays
// so, and on a host that it is new on it does as on the others.
RunState AppRegistry::NextRunState(const HostTarget* now,
                                   const AppRecord* record) const {
  if (record == nullptr || record->spec.autostart) return RunState::kRunning;
  if (now != nullptr && !now->removed) return now->run_state;
  return WaitsForStart(record->spec, FindByUid(record->uid))
             ? RunState::kStopped
             : RunState::kRunning;
}

HostTarget AppRegistry::Present(const std::string& app,
                                const std::string& app_uid,
                                const std::string& host) const {
  HostTarget target;
  if (const HostTarget* now = StagedOrSavedTarget(app_uid, host)) {
    target = *now;
  } else {
    target.app = app;
    target.app_uid = app_uid;
    target.host = host;
  }
  const AppRecord* record = StagedOrSaved(app_uid);
  if ((target.serial == 0 || target.removed) && record != nullptr) {
    target.instances = record->spec.instances;
  }
  target.removed = false;
  return target;
}

HostTarget AppRegistry::NextTargetForHook(const std::string& app,
                                          const std::string& app_uid,
                                          const HookOrder& order) const {
  const HostTarget* now = StagedOrSavedTarget(app_uid, order.host);
  HostTarget next = Present(app, app_uid, order.host);
  // What is taken back brings nothing back.
  if (order.id.empty() && now != nullptr) next.removed = now->removed;
  next.once_hook = order;
  ++next.serial;
  return next;
}

HostTarget AppRegistry::NextTarget(const std::string& app,
                                   const std::string& app_uid,
                                   const TargetChange& change) const {
  HostTarget next = Present(app, app_uid, change.host);
  next.placed_during.clear();
  next.slot_orders.clear();
  next.run_state = NextRunState(StagedOrSavedTarget(app_uid, change.host),
                                StagedOrSaved(app_uid));
  next.generation = change.generation;
  next.revision = change.revision;
  next.step = change.step;
  ++next.serial;
  return next;
}

void AppRegistry::OnCommitted(const RolloutCommit& commit) {
  if (staged_) {
    StoreChange change = *std::exchange(staged_, std::nullopt);
    TakeOver(change);
  }
  auto app = commit.app ? apps_.find(commit.app->app_uid) : apps_.end();
  if (app != apps_.end()) {
    AppRecord& record = app->second.record;
    record.generation = commit.app->generation;
    if (commit.app->proven_revision != 0) {
      record.proven_revision = commit.app->proven_revision;
      MarkProven(app->second, record.proven_revision);
    }
    ++record.version;
  }
  for (const HostTarget& target : commit.targets) TakeOverTarget(target);
  if (listener_ == nullptr) return;
  for (const RolloutRow& row : commit.rollouts) {
    auto named = uids_.find(row.app);
    if (!row.active && named != uids_.end()) {
      listener_->OnRolloutEnded(named->second);
    }
  }
}

void AppRegistry::MarkProven(AppEntry& app, int64_t revision) {
  auto found = app.revisions.find(revision);
  if (found == app.revisions.end() || found->second->proven) return;
  auto proven = std::make_shared<Revision>(*found->second);
  proven->proven = true;
  found->second = std::move(proven);
}

absl::StatusOr<RolloutApp> AppRegistry::FindRolloutApp(
    const std::string& name, RolloutKind kind, int64_t to_revision) const {
  ASSIGN_OR_RETURN(const AppEntry* app, Require(name));
  RolloutApp result = ToRolloutApp(*app);
  switch (kind) {
    case RolloutKind::kDeploy:
      return result;
    case RolloutKind::kReload:
    case RolloutKind::kRestart:
      if (result.proven_revision == 0) return result;
      SetRollback(*app, result.proven_revision, result);
      RETURN_IF_ERROR(SetRevision(*app, result.proven_revision, result));
      return result;
    case RolloutKind::kRollback:
      break;
  }
  ASSIGN_OR_RETURN(int64_t back, RollbackTarget(*app, to_revision));
  RETURN_IF_ERROR(SetRevision(*app, back, result));
  SetRollback(*app, 0, result);
  return result;
}

absl::StatusOr<std::vector<std::string>> AppRegistry::DiffRevisions(
    const std::string& name, int64_t from, int64_t to) const {
  ASSIGN_OR_RETURN(const AppEntry* app, Require(name));
  ASSIGN_OR_RETURN(const Revision* new_one, RequireRevision(*app, to));
  if (from == 0) return DiffAppSpecs(AppSpec(), new_one->spec);
  ASSIGN_OR_RETURN(const Revision* old_one, RequireRevision(*app, from));
  return DiffAppSpecs(old_one->spec, new_one->spec);
}

absl::StatusOr<std::vector<std::string>> AppRegistry::HostsOf(
    const std::string& name, const std::string& selector) const {
  ASSIGN_OR_RETURN(const AppEntry* app, Require(name));
  ASSIGN_OR_RETURN(HostSelector picked, ParseHostSelector(selector));
  std::vector<std::string> all = HostsWith(*app);
  std::vector<std::string> hosts;
  for (const std::string& host : all) {
    const KnownHost* known = hosts_.Find(host);
    if (known != nullptr && picked.Matches(host, known->record.labels)) {
      hosts.push_back(host);
    }
  }
  if (!hosts.empty()) return hosts;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no host of ", name, " matches \"", selector, "\"; ",
                   all.empty()
                       ? "it is on no host"
                       : absl::StrCat("it is on ", absl::StrJoin(all, ", "))),
      {"NO_HOST_MATCHES", {{"hosts", selector}}});
}

RolloutApp ToRolloutApp(const AppEntry& app) {
  const AppRecord& record = app.record;
  RolloutApp result;
  result.name = record.name;
  result.uid = record.uid;
  result.revision = record.revision;
  result.spec = record.spec;
  result.from_revision = CommonRevision(app);
  result.proven_revision = record.proven_revision;
  SetRollback(app, OtherProven(app, record.revision), result);
  result.generation = record.generation;
  for (const auto& [number, revision] : app.revisions) {
    const AppSpec& spec = revision->spec;
    if (spec.reload_strategy == ReloadStrategy::kDefault &&
        EffectiveStrategy(spec) == ReloadStrategy::kStopFirst) {
      result.stop_first_revisions.insert(number);
    }
  }
  return result;
}

void SetRollback(const AppEntry& app, int64_t revision, RolloutApp& to) {
  to.rollback_revision = revision;
  to.rollback_hooks = {};
  auto found = app.revisions.find(revision);
  if (found == app.revisions.end()) return;
  to.rollback_hooks = found->second->spec.rollout.hooks;
}

int64_t OtherProven(const AppEntry& app, int64_t revision) {
  const int64_t proven = app.record.proven_revision;
  if (proven != revision) return proven;
  int64_t newest = 0;
  for (const auto& [number, r] : app.revisions) {
    if (r->proven && number != revision) newest = number;
  }
  return newest;
}

}  // namespace fleet::controller
