// Every app, its revisions, and what each host should do about it.
#ifndef FLEET_CONTROLLER_APP_REGISTRY_H_
#define FLEET_CONTROLLER_APP_REGISTRY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/app_record.h"
#include "controller/host_registry.h"
#include "controller/host_target.h"
#include "controller/rollout_ports.h"
#include "controller/store/store.h"

namespace fleet::controller {

// Told of what has changed, after it was saved. Must not call back: what it
// does about it, it posts to the loop.
class TargetListener {
 public:
  virtual ~TargetListener() = default;
  virtual void OnTargetChanged(const std::string& host,
                               const std::string& app_uid) = 0;
  // The app's rollout has ended, in whatever way.
  virtual void OnRolloutEnded(const std::string& app_uid) = 0;
};

struct AppEntry {
  AppRecord record;
  std::map<int64_t, std::shared_ptr<const Revision>> revisions;
  // By host. Includes removed ones that the host has not confirmed yet.
  std::map<std::string, HostTarget> targets;
};

// The memory beside the store: loaded at start, changed only after the store
// has taken the change. Loop thread only.
class AppRegistry : public TargetRegistry, public AppCatalog {
 public:
  // Both must outlive it.
  AppRegistry(Store& store, const HostRegistry& hosts)
      : store_(store), hosts_(hosts) {}

  // `listener` (none: nullptr) must outlive the registry or be taken back.
  void SetListener(TargetListener* listener) { listener_ = listener; }
  void Load(StoredFleet fleet);

  // Saves, then takes over and tells the listener; on an error nothing has
  // changed.
  absl::Status Save(const StoreChange& change);
  // The second half alone, for a change that was saved in another way.
  void TakeOver(const StoreChange& change);

  // The app as it will be once the driver's next commit is saved (which
  // carries `change` through also_save): NextTarget reckons with it, and
  // OnCommitted takes it over. Unstage forgets it if no commit came.
  void Stage(StoreChange change);
  void Unstage() { staged_.reset(); }

  // nullptr: none that lives.
  const AppEntry* FindByName(const std::string& name) const;
  // Also deleted ones that some host still has.
  const AppEntry* FindByUid(const std::string& uid) const;
  const HostTarget* FindTarget(const std::string& app_uid,
                               const std::string& host) const;
  // NOT_FOUND with reason APP_NOT_FOUND, and the names that exist.
  absl::StatusOr<const AppEntry*> Require(const std::string& name) const;
  // As Require; where none of this name lives, the newest deleted one that
  // some host still has.
  absl::StatusOr<const AppEntry*> RequireSeen(const std::string& name) const;
  // For an app that is made now.
  int64_t next_id() const { return next_id_; }
  // Names of apps that live, to their uids.
  const std::map<std::string, std::string>& names() const { return uids_; }
  // Apps with a target on the host, by uid.
  std::vector<std::string> AppsOn(const std::string& host) const;
  // Some other app of this name still has to go from the host: a deleted one
  // whose name was taken anew.
  bool WaitsForRemoval(const HostTarget& target) const;

  // RUNNING if it runs, or is to, on any host.
  static RunState RunStateOf(const AppEntry& app);
  // Hosts that should run or keep it.
  static std::vector<std::string> HostsWith(const AppEntry& app);
  // `spec` says autostart: false, and nobody has started the app (nullptr: it
  // is new) on any host: what comes to hosts, or a host that comes, starts
  // nothing.
  static bool WaitsForStart(const AppSpec& spec, const AppEntry* app);

  // TargetRegistry. A rollout starts what it brings to a generation: a
  // stopped app is RUNNING afterwards, unless its autostart is false.
  HostTarget NextTarget(const std::string& app, const std::string& app_uid,
                        const TargetChange& change) const override;
  HostTarget NextTargetForHook(const std::string& app,
                               const std::string& app_uid,
                               const HookOrder& order) const override;
  void OnCommitted(const RolloutCommit& commit) override;

  // AppCatalog.
  absl::StatusOr<RolloutApp> FindRolloutApp(const std::string& name,
                                            RolloutKind kind,
                                            int64_t to_revision) const override;
  absl::StatusOr<std::vector<std::string>> DiffRevisions(
      const std::string& name, int64_t from, int64_t to) const override;
  absl::StatusOr<std::vector<std::string>> HostsOf(
      const std::string& app, const std::string& selector) const override;

 private:
  void ForgetName(const std::string& uid);
  void TakeOverTarget(const HostTarget& target);
  void RemoveTarget(const TargetKey& key);
  const AppRecord* StagedOrSaved(const std::string& app_uid) const;
  RunState NextRunState(const HostTarget* now, const AppRecord* record) const;
  const HostTarget* StagedOrSavedTarget(const std::string& app_uid,
                                        const std::string& host) const;
  HostTarget Present(const std::string& app, const std::string& app_uid,
                     const std::string& host) const;
  void MarkProven(AppEntry& app, int64_t revision);

  Store& store_;
  const HostRegistry& hosts_;
  TargetListener* listener_ = nullptr;
  std::map<std::string, AppEntry> apps_;     // By uid.
  std::map<std::string, std::string> uids_;  // Name → uid, living ones.
  std::map<std::string, std::set<std::string>> on_host_;  // Host → uids.
  std::optional<StoreChange> staged_;
  int64_t next_id_ = 0;
};

// `app` at its newest revision, for a deploy.
RolloutApp ToRolloutApp(const AppEntry& app);

// The newest proven revision other than `revision`; 0: there is none.
int64_t OtherProven(const AppEntry& app, int64_t revision);
// That a rollback leads to `revision` (0: nowhere), with its hooks.
void SetRollback(const AppEntry& app, int64_t revision, RolloutApp& to);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_APP_REGISTRY_H_
