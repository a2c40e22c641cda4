// What the rollout driver needs from the rest of the controller: a store, the
// registry of apps and their targets, and what the fleet reports.
//
// Everything here is called on the loop thread only.
#ifndef FLEET_CONTROLLER_ROLLOUT_PORTS_H_
#define FLEET_CONTROLLER_ROLLOUT_PORTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/host_target.h"
#include "controller/rollout/planner.h"
#include "proto/rpc/app_spec.h"

namespace fleet::controller {

// Rows. `body` is JSON made by rollout_rows.h; a store need not look into it.
struct RolloutRow {
  std::string uid;  // Primary key.
  std::string app;
  // Unique among all rows unless empty.
  std::string request_id;
  // Not ended. At most one row per app is active.
  bool active = false;
  // Rises with every insert; given by the store (a rowid), ignored in a
  // commit. Lists are ordered by it.
  int64_t ordinal = 0;
  std::string body;
};
struct RolloutStepRow {
  std::string uid;
  int64_t index = 0;  // (uid, index) is the primary key.
  std::string body;
};
struct RolloutEventRow {
  std::string uid;
  int64_t seq = 0;  // (uid, seq) is the primary key.
  std::string body;
};

// An app's counters after a commit.
struct AppAdvance {
  std::string app;
  std::string app_uid;
  // The newest generation given out.
  int64_t generation = 0;
  // 0: as it was.
  int64_t proven_revision = 0;
};

// Everything one step of the driver changes: one transaction, all or nothing.
struct RolloutCommit {
  std::vector<RolloutRow> rollouts;  // Insert or replace.
  std::vector<RolloutStepRow> steps;
  std::vector<RolloutEventRow> events;
  // Events of rollouts[0] up to this sequence number are deleted.
  int64_t forget_events_through = 0;
  std::vector<HostTarget> targets;  // Insert or replace by (app_uid, host).
  std::optional<AppAdvance> app;
  // Runs first, inside the transaction; its error undoes everything and is
  // what Commit returns. For what must appear together with a rollout (a new
  // revision).
  std::function<absl::Status()> also_save;
};

// Implemented by the SQLite store. Errors are the store's own; the driver adds
// the reason STORE_FAILED.
class RolloutStore {
 public:
  virtual ~RolloutStore() = default;

  // When it inserts a rollout, ended ones of that app beyond the newest 200
  // may be deleted with their steps and events.
  virtual absl::Status Commit(const RolloutCommit& commit) = 0;

  virtual absl::StatusOr<std::vector<RolloutRow>> ActiveRollouts() = 0;
  // nullopt: there is none.
  virtual absl::StatusOr<std::optional<RolloutRow>> RolloutByUid(
      const std::string& uid) = 0;
  virtual absl::StatusOr<std::optional<RolloutRow>> RolloutByRequest(
      const std::string& request_id) = 0;
  virtual absl::StatusOr<std::optional<RolloutRow>> NewestRolloutOf(
      const std::string& app) = 0;
  // Newest first, ordinals below `before` (0: all). `app` empty: of all apps.
  virtual absl::StatusOr<std::vector<RolloutRow>> ListRollouts(
      const std::string& app, bool active_only, int64_t before, int limit) = 0;
  // By index.
  virtual absl::StatusOr<std::vector<RolloutStepRow>> RolloutSteps(
      const std::string& uid) = 0;
  // By sequence number, those after `after_seq`.
  virtual absl::StatusOr<std::vector<RolloutEventRow>> RolloutEvents(
      const std::string& uid, int64_t after_seq, int limit) = 0;
};

// Implemented by AppRegistry: the targets in memory, pushed to the agents.
class TargetRegistry {
 public:
  virtual ~TargetRegistry() = default;

  // The target `change.host` would have: what it has now (or, on a host that
  // has none, a new one with run state RUNNING and the spec's instances) with
  // the change's generation, revision and step policy, and a serial one
  // higher. Changes nothing.
  virtual HostTarget NextTarget(const std::string& app,
                                const std::string& app_uid,
                                const TargetChange& change) const = 0;
  // The target `order.host` would have with that hook to run, and a serial one
  // higher. A host that has no target gets one that runs nothing yet
  // (generation 0). Changes nothing.
  virtual HostTarget NextTargetForHook(const std::string& app,
                                       const std::string& app_uid,
                                       const HookOrder& order) const = 0;

  // The commit is in the store: take over `targets` and `app`, then send the
  // targets to the hosts that are connected (others get them with their next
  // session). Must not call back into the driver before it returns.
  virtual void OnCommitted(const RolloutCommit& commit) = 0;
};

// What the fleet reports. Implemented over the sessions' reports.
class FleetSource {
 public:
  virtual ~FleetSource() = default;
  // Now, from memory. A report about another app_uid is as none.
  virtual HostView View(const std::string& host,
                        const std::string& app_uid) const = 0;
  // Hosts that are to run the app, or do.
  virtual std::vector<std::string> HostsOf(
      const std::string& app_uid) const = 0;
  // The value of the host's label; "": it has none, or is not known.
  virtual std::string LabelOf(const std::string& host,
                              const std::string& label) const = 0;
};

// An app, for a new rollout.
struct RolloutApp {
  std::string name;
  std::string uid;
  // What hosts are brought to, and its spec.
  int64_t revision = 0;
  AppSpec spec;
  // What most hosts are to run now; 0: none. Counts where none of the
  // rollout's hosts runs anything.
  int64_t from_revision = 0;
  int64_t proven_revision = 0;
  // A proven revision other than `revision` (for a reload: that one, once it
  // is proven); 0: there is none.
  int64_t rollback_revision = 0;
  // Of that revision's own policy.
  RolloutHooks rollback_hooks;
  // The newest generation given out so far.
  int64_t generation = 0;
  // Those whose program may own its port or a lock: by default they stop
  // first.
  std::set<int64_t> stop_first_revisions;
};

// Implemented by AppRegistry, for RolloutService.
class AppCatalog {
 public:
  virtual ~AppCatalog() = default;
  // For a reload or a restart: at the proven revision, or at the newest one
  // while none is proven. For a rollback: at `to_revision`, or (0) at the
  // proven one if not every host has it, else at the newest proven one before
  // it. NOT_FOUND with reason
  // APP_NOT_FOUND or REVISION_NOT_FOUND; FAILED_PRECONDITION with reason
  // REVISION_NOT_PROVEN or NOTHING_TO_ROLL_BACK.
  virtual absl::StatusOr<RolloutApp> FindRolloutApp(
      const std::string& name, RolloutKind kind, int64_t to_revision) const = 0;
  // What changes from one revision to another: "field: old → new". NOT_FOUND
  // with reason REVISION_NOT_FOUND.
  virtual absl::StatusOr<std::vector<std::string>> DiffRevisions(
      const std::string& name, int64_t from, int64_t to) const = 0;
  // Names of the app's hosts that `selector` picks; "" and "all": all of
  // them. NOT_FOUND with reason NO_HOST_MATCHES when that is none,
  // INVALID_ARGUMENT for a selector that cannot be read.
  virtual absl::StatusOr<std::vector<std::string>> HostsOf(
      const std::string& app, const std::string& selector) const = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PORTS_H_
