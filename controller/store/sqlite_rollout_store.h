// Rollouts in the controller's SQLite file.
#ifndef FLEET_CONTROLLER_STORE_SQLITE_ROLLOUT_STORE_H_
#define FLEET_CONTROLLER_STORE_SQLITE_ROLLOUT_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rollout_ports.h"
#include "controller/store/sqlite_database.h"

namespace fleet::controller {

// Loop thread only. The database must outlive it and be migrated. Shares the
// tables of apps and targets with SqliteStore.
class SqliteRolloutStore : public RolloutStore {
 public:
  explicit SqliteRolloutStore(SqliteDatabase& database) : database_(database) {}

  absl::Status Commit(const RolloutCommit& commit) override;
  absl::StatusOr<std::vector<RolloutRow>> ActiveRollouts() override;
  absl::StatusOr<std::optional<RolloutRow>> RolloutByUid(
      const std::string& uid) override;
  absl::StatusOr<std::optional<RolloutRow>> RolloutByRequest(
      const std::string& request_id) override;
  absl::StatusOr<std::optional<RolloutRow>> NewestRolloutOf(
      const std::string& app) override;
  absl::StatusOr<std::vector<RolloutRow>> ListRollouts(const std::string& app,
                                                       bool active_only,
                                                       int64_t before,
                                                       int limit) override;
  absl::StatusOr<std::vector<RolloutStepRow>> RolloutSteps(
      const std::string& uid) override;
  absl::StatusOr<std::vector<RolloutEventRow>> RolloutEvents(
      const std::string& uid, int64_t after_seq, int limit) override;

 private:
  absl::Status SaveAll(const RolloutCommit& commit);
  absl::Status SaveRollouts(const std::vector<RolloutRow>& rows, bool active);
  absl::Status SaveStepsAndEvents(const RolloutCommit& commit);
  absl::Status ForgetOld(const RolloutCommit& commit);
  absl::Status SaveAdvance(const AppAdvance& app);
  absl::StatusOr<std::vector<RolloutRow>> Rows(
      std::string_view sql, std::initializer_list<SqlValue> values);
  absl::StatusOr<std::optional<RolloutRow>> FirstRow(
      std::string_view sql, std::initializer_list<SqlValue> values);

  SqliteDatabase& database_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_SQLITE_ROLLOUT_STORE_H_
