#include "controller/store/sqlite_store.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "controller/store/record_rows.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

int64_t StoredMillis(absl::Time t) { return absl::ToUnixMillis(t); }
int64_t StoredMillis(absl::Duration d) { return absl::ToInt64Milliseconds(d); }
absl::Time Time(int64_t millis) { return absl::FromUnixMillis(millis); }

AppRecord AppOf(const SqliteRow& row) {
  AppRecord app;
  app.uid = row.Text(0);
  app.name = row.Text(1);
  app.spec = SpecFromBytes(row.Text(2));
  app.revision = row.Int(3);
  app.proven_revision = row.Int(4);
  app.generation = row.Int(5);
  std::string placement = row.Text(6);
  if (!placement.empty()) app.placement = absl::StrSplit(placement, '\n');
  app.version = row.Int(7);
  app.deleted = row.Int(8) != 0;
  app.create_time = Time(row.Int(9));
  app.update_time = Time(row.Int(10));
  app.id = row.Int(11);
  return app;
}

// The numbers of enums in rows are fixed: new ones are added at the end.
HostTarget TargetOf(const SqliteRow& row) {
  HostTarget target;
  target.app_uid = row.Text(0);
  target.app = row.Text(1);
  target.host = row.Text(2);
  target.serial = row.Int(3);
  target.generation = row.Int(4);
  target.revision = row.Int(5);
  target.run_state = static_cast<RunState>(row.Int(6));
  target.instances = static_cast<int>(row.Int(7));
  target.removed = row.Int(8) != 0;
  target.step.strategy = static_cast<ReloadStrategy>(row.Int(9));
  target.step.min_ready_time = absl::Milliseconds(row.Int(10));
  target.step.ready_deadline = absl::Milliseconds(row.Int(11));
  target.step.max_flaps = static_cast<int>(row.Int(12));
  target.start_nonce = row.Int(13);
  const std::string step = row.Text(14);
  if (!step.empty()) target.step = StepFromBytes(step);
  target.once_hook = HookFromBytes(target.host, row.Text(15));
  target.drained = row.Int(16) != 0;
  target.placed_during = row.Text(17);
  target.slot_orders = SlotOrdersFromText(row.Text(18));
  return target;
}

}  // namespace

absl::StatusOr<StoredFleet> SqliteStore::Load() {
  StoredFleet fleet;
  RETURN_IF_ERROR(LoadApps(fleet));
  RETURN_IF_ERROR(LoadNextAppId(fleet));
  RETURN_IF_ERROR(LoadRevisions(fleet));
  RETURN_IF_ERROR(LoadTargets(fleet));
  RETURN_IF_ERROR(LoadHosts(fleet));
  return fleet;
}

absl::Status SqliteStore::LoadApps(StoredFleet& fleet) {
  return database_.Query(
      "SELECT uid, name, spec, revision, proven_revision, generation,"
      " placement, version, deleted, create_ms, update_ms, id FROM apps",
      {}, [&](const SqliteRow& row) { fleet.apps.push_back(AppOf(row)); });
}

absl::Status SqliteStore::LoadNextAppId(StoredFleet& fleet) {
  return database_.Query(
      "SELECT value FROM counters WHERE name = 'next_app_id'", {},
      [&](const SqliteRow& row) { fleet.next_app_id = row.Int(0); });
}

absl::Status SqliteStore::LoadRevisions(StoredFleet& fleet) {
  return database_.Query(
      "SELECT app_uid, number, hash, spec, create_ms, proven FROM revisions",
      {}, [&](const SqliteRow& row) {
        fleet.revisions.push_back(
            {row.Text(0),
             {row.Int(1), row.Text(2), SpecFromBytes(row.Text(3)),
              Time(row.Int(4)), row.Int(5) != 0}});
      });
}

absl::Status SqliteStore::LoadTargets(StoredFleet& fleet) {
  return database_.Query(
      "SELECT t.app_uid, a.name, t.host, t.serial, t.generation, t.revision,"
      " t.run_state, t.instances, t.removed, t.strategy, t.min_ready_ms,"
      " t.ready_deadline_ms, t.max_flaps, t.start_nonce, t.step, t.once_hook,"
      " t.drained, t.placed_during, t.slot_orders"
      " FROM host_targets t JOIN apps a ON a.uid = t.app_uid",
      {},
      [&](const SqliteRow& row) { fleet.targets.push_back(TargetOf(row)); });
}

absl::Status SqliteStore::LoadHosts(StoredFleet& fleet) {
  return database_.Query("SELECT name, host, last_seen_ms FROM hosts", {},
                         [&](const SqliteRow& row) {
                           fleet.hosts.push_back(HostFromBytes(
                               row.Text(0), row.Text(1), Time(row.Int(2))));
                         });
}

absl::Status SqliteStore::Save(const StoreChange& change) {
  return database_.Transaction([&] { return SaveAll(change); });
}

absl::Status SqliteStore::SaveAll(const StoreChange& change) {
  for (const TargetKey& key : change.gone_targets) {
    RETURN_IF_ERROR(
        database_.Run("DELETE FROM host_targets WHERE app_uid = ? AND host = ?",
                      {key.app_uid, key.host}));
  }
  for (const AppRevision& old : change.old_revisions) {
    RETURN_IF_ERROR(
        database_.Run("DELETE FROM revisions WHERE app_uid = ? AND number = ?",
                      {old.app_uid, old.revision.number}));
  }
  for (const std::string& uid : change.gone_app_uids) {
    RETURN_IF_ERROR(database_.Run("DELETE FROM apps WHERE uid = ?", {uid}));
  }
  for (const std::string& host : change.gone_hosts) {
    RETURN_IF_ERROR(database_.Run("DELETE FROM hosts WHERE name = ?", {host}));
  }
  for (const AppRecord& app : change.apps) RETURN_IF_ERROR(SaveApp(app));
  for (const AppRevision& revision : change.revisions) {
    RETURN_IF_ERROR(SaveRevision(revision));
  }
  for (const HostTarget& target : change.targets) {
    RETURN_IF_ERROR(SaveTarget(database_, target));
  }
  for (const HostRecord& host : change.hosts) RETURN_IF_ERROR(SaveHost(host));
  return change.answer ? SaveAnswer(*change.answer) : absl::OkStatus();
}

absl::Status SqliteStore::SaveApp(const AppRecord& app) {
  RETURN_IF_ERROR(database_.Run(
      "INSERT INTO counters (name, value) VALUES ('next_app_id', ?1)"
      " ON CONFLICT (name) DO UPDATE SET value = MAX(value, ?1)",
      {app.id + 1}));
  return database_.Run(
      "INSERT INTO apps (uid, name, spec, revision, proven_revision,"
      " generation, placement, version, deleted, create_ms, update_ms, id)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
      " ON CONFLICT (uid) DO UPDATE SET spec = ?3, revision = ?4,"
      " proven_revision = ?5, generation = ?6, placement = ?7, version = ?8,"
      " deleted = ?9, update_ms = ?11",
      {app.uid, app.name, Blob{SpecToBytes(app.spec)}, app.revision,
       app.proven_revision, app.generation, absl::StrJoin(app.placement, "\n"),
       app.version, int64_t{app.deleted}, StoredMillis(app.create_time),
       StoredMillis(app.update_time), app.id});
}

absl::Status SqliteStore::SaveRevision(const AppRevision& row) {
  return database_.Run(
      "INSERT INTO revisions (app_uid, number, hash, spec, create_ms)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (app_uid, number)"
      " DO UPDATE SET hash = ?3, spec = ?4",
      {row.app_uid, row.revision.number, row.revision.hash,
       Blob{SpecToBytes(row.revision.spec)},
       StoredMillis(row.revision.create_time)});
}

absl::Status SqliteStore::SaveHost(const HostRecord& host) {
  return database_.Run(
      "INSERT INTO hosts (name, host, last_seen_ms) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (name) DO UPDATE SET host = ?2, last_seen_ms = ?3",
      {host.name, Blob{HostToBytes(host)}, StoredMillis(host.last_seen)});
}

absl::Status SqliteStore::SaveAnswer(const Answer& answer) {
  RETURN_IF_ERROR(database_.Run(
      "INSERT INTO answers (request_id, method, body) VALUES (?, ?, ?)",
      {answer.request_id, answer.method, Blob{answer.body}}));
  return database_.Run(
      "DELETE FROM answers WHERE ordinal <="
      " (SELECT MAX(ordinal) FROM answers) - ?",
      {int64_t{kMaxAnswers}});
}

absl::Status SaveTarget(SqliteDatabase& database, const HostTarget& target) {
  return database.Run(
      "INSERT INTO host_targets (app_uid, host, serial, generation, revision,"
      " run_state, instances, removed, strategy, min_ready_ms,"
      " ready_deadline_ms, max_flaps, start_nonce, step, once_hook, drained,"
      " placed_during, slot_orders)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
      " ?15, ?16, ?17, ?18)"
      " ON CONFLICT (app_uid, host) DO UPDATE SET serial = ?3,"
      " generation = ?4, revision = ?5, run_state = ?6, instances = ?7,"
      " removed = ?8, strategy = ?9, min_ready_ms = ?10,"
      " ready_deadline_ms = ?11, max_flaps = ?12, start_nonce = ?13,"
      " step = ?14, once_hook = ?15, drained = ?16, placed_during = ?17,"
      " slot_orders = ?18",
      {target.app_uid, target.host, target.serial, target.generation,
       target.revision, static_cast<int64_t>(target.run_state),
       int64_t{target.instances}, int64_t{target.removed},
       static_cast<int64_t>(target.step.strategy),
       StoredMillis(target.step.min_ready_time),
       StoredMillis(target.step.ready_deadline), int64_t{target.step.max_flaps},
       target.start_nonce, Blob{StepToBytes(target.step)},
       Blob{HookToBytes(target.once_hook)}, int64_t{target.drained},
       target.placed_during, SlotOrdersToText(target.slot_orders)});
}

absl::StatusOr<int64_t> SqliteStore::RaiseEpoch() {
  int64_t epoch = 0;
  RETURN_IF_ERROR(database_.Transaction([&] {
    RETURN_IF_ERROR(
        database_.Run("INSERT INTO counters (name, value) VALUES ('epoch', 1)"
                      " ON CONFLICT (name) DO UPDATE SET value = value + 1"));
    return database_.Query("SELECT value FROM counters WHERE name = 'epoch'",
                           {},
                           [&](const SqliteRow& row) { epoch = row.Int(0); });
  }));
  return epoch;
}

absl::StatusOr<std::optional<Answer>> SqliteStore::FindAnswer(
    const std::string& request_id) {
  std::optional<Answer> answer;
  RETURN_IF_ERROR(database_.Query(
      "SELECT request_id, method, body FROM answers WHERE request_id = ?",
      {request_id}, [&](const SqliteRow& row) {
        answer = Answer{row.Text(0), row.Text(1), row.Text(2)};
      }));
  return answer;
}

}  // namespace fleet::controller
