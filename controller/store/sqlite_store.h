// The store in one SQLite file.
#ifndef FLEET_CONTROLLER_STORE_SQLITE_STORE_H_
#define FLEET_CONTROLLER_STORE_SQLITE_STORE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/store.h"

namespace fleet::controller {

// Loop thread only. The database must outlive it and be migrated.
class SqliteStore : public Store {
 public:
  explicit SqliteStore(SqliteDatabase& database) : database_(database) {}

  absl::StatusOr<StoredFleet> Load() override;
  absl::Status Save(const StoreChange& change) override;
  absl::StatusOr<int64_t> RaiseEpoch() override;
  absl::StatusOr<std::optional<Answer>> FindAnswer(
      const std::string& request_id) override;

 private:
  absl::Status LoadApps(StoredFleet& fleet);
  absl::Status LoadNextAppId(StoredFleet& fleet);
  absl::Status LoadRevisions(StoredFleet& fleet);
  absl::Status LoadTargets(StoredFleet& fleet);
  absl::Status LoadHosts(StoredFleet& fleet);

  absl::Status SaveAll(const StoreChange& change);
  absl::Status SaveApp(const AppRecord& app);
  absl::Status SaveRevision(const AppRevision& revision);
  absl::Status SaveHost(const HostRecord& host);
  absl::Status SaveAnswer(const Answer& answer);

  SqliteDatabase& database_;
};

// Used by the rollouts' store too.
absl::Status SaveTarget(SqliteDatabase& database, const HostTarget& target);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_SQLITE_STORE_H_
