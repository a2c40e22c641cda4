#include "controller/store/migrations.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

absl::Status ReadVersion(SqliteDatabase& database, int64_t& version) {
  RETURN_IF_ERROR(database.Execute(
      "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"));
  version = 0;
  return database.Query("SELECT version FROM schema_version", {},
                        [&](const SqliteRow& row) { version = row.Int(0); });
}

absl::Status WriteVersion(SqliteDatabase& database, int64_t version) {
  RETURN_IF_ERROR(database.Run("DELETE FROM schema_version"));
  return database.Run("INSERT INTO schema_version (version) VALUES (?)",
                      {version});
}

// Times are milliseconds since 1970. Blobs of specs and hosts are protobuf
// (fleet.v1), bodies of rollouts are JSON.
constexpr char kFirst[] = R"sql(
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE apps (
  uid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  spec BLOB NOT NULL,
  revision INTEGER NOT NULL,
  proven_revision INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  placement TEXT NOT NULL,
  version INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  create_ms INTEGER NOT NULL,
  update_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX apps_live_name ON apps (name) WHERE deleted = 0;

CREATE TABLE revisions (
  app_uid TEXT NOT NULL REFERENCES apps (uid) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  hash TEXT NOT NULL,
  spec BLOB NOT NULL,
  create_ms INTEGER NOT NULL,
  PRIMARY KEY (app_uid, number)
) WITHOUT ROWID;

CREATE TABLE host_targets (
  app_uid TEXT NOT NULL REFERENCES apps (uid),
  host TEXT NOT NULL,
  serial INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  run_state INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  strategy INTEGER NOT NULL,
  min_ready_ms INTEGER NOT NULL,
  ready_deadline_ms INTEGER NOT NULL,
  max_flaps INTEGER NOT NULL,
  start_nonce INTEGER NOT NULL,
  PRIMARY KEY (app_uid, host)
) WITHOUT ROWID;

CREATE TABLE hosts (
  name TEXT PRIMARY KEY,
  host BLOB NOT NULL,
  last_seen_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE answers (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL UNIQUE,
  method TEXT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE rollouts (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  app TEXT NOT NULL,
  request_id TEXT,
  active INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX rollouts_app ON rollouts (app, ordinal);
CREATE UNIQUE INDEX rollouts_active ON rollouts (app) WHERE active = 1;
CREATE UNIQUE INDEX rollouts_request ON rollouts (request_id)
  WHERE request_id IS NOT NULL;

CREATE TABLE rollout_steps (
  uid TEXT NOT NULL REFERENCES rollouts (uid) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (uid, position)
) WITHOUT ROWID;

CREATE TABLE rollout_events (
  uid TEXT NOT NULL REFERENCES rollouts (uid) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (uid, seq)
) WITHOUT ROWID;
)sql";

// The step as a message of its own (the columns before it stay for older
// controllers to read), hooks, drained hosts, and which revisions have proven
// themselves.
constexpr char kRollouts[] = R"sql(
ALTER TABLE host_targets ADD COLUMN step BLOB NOT NULL DEFAULT x'';
ALTER TABLE host_targets ADD COLUMN once_hook BLOB NOT NULL DEFAULT x'';
ALTER TABLE host_targets ADD COLUMN drained INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host_targets ADD COLUMN placed_during TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;
UPDATE revisions SET proven = 1 WHERE EXISTS (
  SELECT 1 FROM apps WHERE apps.uid = revisions.app_uid
    AND apps.proven_revision = revisions.number);
)sql";

// Who may do what, and what was done. `body` is JSON. The audit log is a chain:
// each row's hash covers the one before it.
constexpr char kAccess[] = R"sql(
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  expire_ms INTEGER NOT NULL,
  used INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE certificates (
  fingerprint TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  expire_ms INTEGER NOT NULL,
  revoked INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE enrolled_hosts (
  host TEXT PRIMARY KEY,
  labels TEXT NOT NULL,
  enroll_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX audit_time ON audit (time_ms);

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  create_ms INTEGER NOT NULL,
  update_ms INTEGER NOT NULL,
  actor TEXT NOT NULL
) WITHOUT ROWID;
)sql";

// Small numbers for people, in the order in which the apps were made.
constexpr char kAppIds[] = R"sql(
ALTER TABLE apps ADD COLUMN id INTEGER NOT NULL DEFAULT 0;
UPDATE apps SET id = (
  SELECT COUNT(*) FROM apps AS older
  WHERE (older.create_ms, older.uid) < (apps.create_ms, apps.uid)
);
INSERT INTO counters (name, value) SELECT 'next_app_id', COUNT(*) FROM apps;
)sql";

// Instances that were stopped or started by themselves: "slot stopped nonce",
// one a line.
constexpr char kSlotOrders[] = R"sql(
ALTER TABLE host_targets ADD COLUMN slot_orders TEXT NOT NULL DEFAULT '';
)sql";

}  // namespace

const std::vector<std::string>& Migrations() {
  static const std::vector<std::string> migrations = {
      kFirst, kRollouts, kAccess, kAppIds, kSlotOrders};
  return migrations;
}

absl::Status Migrate(SqliteDatabase& database,
                     const std::vector<std::string>& migrations) {
  int64_t version = 0;
  RETURN_IF_ERROR(ReadVersion(database, version));
  const auto newest = static_cast<int64_t>(migrations.size());
  if (version > newest) {
    return absl::FailedPreconditionError(
        absl::StrCat("store ", database.path(), " has schema version ", version,
                     ", this controller (", FLEET_VERSION, ") knows up to ",
                     newest, "; start the newer controller that wrote it"));
  }
  for (; version < newest; ++version) {
    absl::Status status = database.Transaction([&] {
      RETURN_IF_ERROR(
          database.Execute(migrations[static_cast<size_t>(version)]));
      return WriteVersion(database, version + 1);
    });
    if (!status.ok()) {
      return Annotate(
          status, absl::StrCat("migrate the store to version ", version + 1));
    }
  }
  return absl::OkStatus();
}

}  // namespace fleet::controller
