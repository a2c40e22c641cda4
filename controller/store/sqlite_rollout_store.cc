#include "controller/store/sqlite_rollout_store.h"

#include <limits>
#include <utility>

#include "controller/store/sqlite_store.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// Ended rollouts of one app that are kept.
constexpr int64_t kKeptPerApp = 200;

int64_t Before(int64_t before) {
  return before == 0 ? std::numeric_limits<int64_t>::max() : before;
}

}  // namespace

absl::Status SqliteRolloutStore::Commit(const RolloutCommit& commit) {
  return database_.Transaction([&] { return SaveAll(commit); });
}

absl::Status SqliteRolloutStore::SaveAll(const RolloutCommit& commit) {
  if (commit.also_save) RETURN_IF_ERROR(commit.also_save());
  // One that ends makes room for the one that takes its place.
  RETURN_IF_ERROR(SaveRollouts(commit.rollouts, false));
  RETURN_IF_ERROR(SaveRollouts(commit.rollouts, true));
  RETURN_IF_ERROR(SaveStepsAndEvents(commit));
  for (const HostTarget& target : commit.targets) {
    RETURN_IF_ERROR(SaveTarget(database_, target));
  }
  if (commit.app) RETURN_IF_ERROR(SaveAdvance(*commit.app));
  return ForgetOld(commit);
}

absl::Status SqliteRolloutStore::SaveRollouts(
    const std::vector<RolloutRow>& rows, bool active) {
  for (const RolloutRow& row : rows) {
    if (row.active != active) continue;
    RETURN_IF_ERROR(database_.Run(
        "INSERT INTO rollouts (uid, app, request_id, active, body)"
        " VALUES (?1, ?2, NULLIF(?3, ''), ?4, ?5)"
        " ON CONFLICT (uid) DO UPDATE SET active = ?4, body = ?5",
        {row.uid, row.app, row.request_id, int64_t{row.active}, row.body}));
  }
  return absl::OkStatus();
}

absl::Status SqliteRolloutStore::SaveStepsAndEvents(
    const RolloutCommit& commit) {
  for (const RolloutStepRow& step : commit.steps) {
    RETURN_IF_ERROR(database_.Run(
        "INSERT INTO rollout_steps (uid, position, body) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (uid, position) DO UPDATE SET body = ?3",
        {step.uid, step.index, step.body}));
  }
  for (const RolloutEventRow& event : commit.events) {
    RETURN_IF_ERROR(database_.Run(
        "INSERT INTO rollout_events (uid, seq, body) VALUES (?, ?, ?)",
        {event.uid, event.seq, event.body}));
  }
  if (commit.forget_events_through > 0 && !commit.rollouts.empty()) {
    return database_.Run(
        "DELETE FROM rollout_events WHERE uid = ? AND seq <= ?",
        {commit.rollouts[0].uid, commit.forget_events_through});
  }
  return absl::OkStatus();
}

// Only when one is made: a new row has the highest ordinal.
absl::Status SqliteRolloutStore::ForgetOld(const RolloutCommit& commit) {
  for (const RolloutRow& row : commit.rollouts) {
    if (!row.active) continue;
    RETURN_IF_ERROR(database_.Run(
        "DELETE FROM rollouts WHERE app = ?1 AND active = 0 AND ordinal <="
        " (SELECT ordinal FROM rollouts WHERE app = ?1 AND active = 0"
        "  ORDER BY ordinal DESC LIMIT 1 OFFSET ?2)",
        {row.app, kKeptPerApp}));
  }
  return absl::OkStatus();
}

absl::Status SqliteRolloutStore::SaveAdvance(const AppAdvance& app) {
  if (app.proven_revision != 0) {
    RETURN_IF_ERROR(database_.Run(
        "UPDATE revisions SET proven = 1 WHERE app_uid = ? AND number = ?",
        {app.app_uid, app.proven_revision}));
  }
  return database_.Run(
      "UPDATE apps SET generation = ?2, proven_revision ="
      " CASE WHEN ?3 = 0 THEN proven_revision ELSE ?3 END,"
      " version = version + 1 WHERE uid = ?1",
      {app.app_uid, app.generation, app.proven_revision});
}

absl::StatusOr<std::vector<RolloutRow>> SqliteRolloutStore::Rows(
    std::string_view sql, std::initializer_list<SqlValue> values) {
  std::vector<RolloutRow> rows;
  RETURN_IF_ERROR(database_.Query(sql, values, [&](const SqliteRow& row) {
    rows.push_back({row.Text(0), row.Text(1), row.Text(2), row.Int(3) != 0,
                    row.Int(4), row.Text(5)});
  }));
  return rows;
}

absl::StatusOr<std::optional<RolloutRow>> SqliteRolloutStore::FirstRow(
    std::string_view sql, std::initializer_list<SqlValue> values) {
  ASSIGN_OR_RETURN(std::vector<RolloutRow> rows, Rows(sql, values));
  if (rows.empty()) return std::nullopt;
  return std::move(rows[0]);
}

absl::StatusOr<std::vector<RolloutRow>> SqliteRolloutStore::ActiveRollouts() {
  return Rows(
      "SELECT uid, app, request_id, active, ordinal, body FROM rollouts"
      " WHERE active = 1 ORDER BY ordinal",
      {});
}

absl::StatusOr<std::optional<RolloutRow>> SqliteRolloutStore::RolloutByUid(
    const std::string& uid) {
  return FirstRow(
      "SELECT uid, app, request_id, active, ordinal, body FROM rollouts"
      " WHERE uid = ?",
      {uid});
}

absl::StatusOr<std::optional<RolloutRow>> SqliteRolloutStore::RolloutByRequest(
    const std::string& request_id) {
  return FirstRow(
      "SELECT uid, app, request_id, active, ordinal, body FROM rollouts"
      " WHERE request_id = ?",
      {request_id});
}

absl::StatusOr<std::optional<RolloutRow>> SqliteRolloutStore::NewestRolloutOf(
    const std::string& app) {
  return FirstRow(
      "SELECT uid, app, request_id, active, ordinal, body FROM rollouts"
      " WHERE app = ? ORDER BY ordinal DESC LIMIT 1",
      {app});
}

absl::StatusOr<std::vector<RolloutRow>> SqliteRolloutStore::ListRollouts(
    const std::string& app, bool active_only, int64_t before, int limit) {
  return Rows(
      "SELECT uid, app, request_id, active, ordinal, body FROM rollouts"
      " WHERE (?1 = '' OR app = ?1) AND (?2 = 0 OR active = 1)"
      " AND ordinal < ?3 ORDER BY ordinal DESC LIMIT ?4",
      {app, int64_t{active_only}, Before(before), int64_t{limit}});
}

absl::StatusOr<std::vector<RolloutStepRow>> SqliteRolloutStore::RolloutSteps(
    const std::string& uid) {
  std::vector<RolloutStepRow> steps;
  RETURN_IF_ERROR(database_.Query(
      "SELECT uid, position, body FROM rollout_steps WHERE uid = ?"
      " ORDER BY position",
      {uid}, [&](const SqliteRow& row) {
        steps.push_back({row.Text(0), row.Int(1), row.Text(2)});
      }));
  return steps;
}

absl::StatusOr<std::vector<RolloutEventRow>> SqliteRolloutStore::RolloutEvents(
    const std::string& uid, int64_t after_seq, int limit) {
  std::vector<RolloutEventRow> events;
  RETURN_IF_ERROR(database_.Query(
      "SELECT uid, seq, body FROM rollout_events"
      " WHERE uid = ? AND seq > ? ORDER BY seq LIMIT ?",
      {uid, after_seq, int64_t{limit}}, [&](const SqliteRow& row) {
        events.push_back({row.Text(0), row.Int(1), row.Text(2)});
      }));
  return events;
}

}  // namespace fleet::controller
