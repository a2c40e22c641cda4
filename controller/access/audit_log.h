// The record of who did what.
#ifndef FLEET_CONTROLLER_ACCESS_AUDIT_LOG_H_
#define FLEET_CONTROLLER_ACCESS_AUDIT_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/store/sqlite_database.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// fleet/v1/audit_service.proto says what each field means.
struct AuditRecord {
  int64_t seq = 0;
  absl::Time time;  // Calendar time, whole milliseconds.
  std::string actor;
  std::string peer;
  std::string method;
  std::string subject;
  std::string hosts;
  std::string outcome;
  int64_t epoch = 0;
  std::string rollout;
  std::string hash;
};

// What a record's hash covers, beside the hash before it: its fields as a JSON
// array, times in milliseconds; `rollout` only where there is one, as the first
// records had none.
std::string AuditBody(const AuditRecord& record);
std::string AuditHash(const std::string& previous, const AuditRecord& record);

// Append-only, a chain of hashes; the first record's predecessor is "". Texts
// are cut at 1,000 bytes. The newest 1,000,000 records are kept; what is
// forgotten leaves the hash from which the rest goes on. Loop thread only.
class AuditLog {
 public:
  static constexpr int64_t kMostRecords = 1'000'000;

  struct Query {
    absl::Time since = absl::InfinitePast();
    std::string actor;
    int64_t after_seq = 0;
    int limit = 100;
    bool newest = false;
  };
  struct Verdict {
    int64_t records = 0;
    int64_t first_seq = 0;
    int64_t broken_seq = 0;  // 0: intact.
    std::string reason;
    std::string newest_hash;
  };

  // Both outlive it. `most`: the newest records that are kept.
  AuditLog(SqliteDatabase& database, const Clock& clock, int64_t epoch,
           int64_t most = kMostRecords)
      : database_(database), clock_(clock), epoch_(epoch), most_(most) {}

  // Finds the end of the chain. Once, first.
  absl::Status Open();

  // Fills in seq, time, epoch and hash. What the store would not take is
  // counted, and said by the next record that it does take.
  void Append(AuditRecord record);

  // Oldest first.
  absl::StatusOr<std::vector<AuditRecord>> List(const Query& query);
  absl::StatusOr<Verdict> Verify();

 private:
  absl::Status Write(AuditRecord& record);
  absl::Status Forget();

  SqliteDatabase& database_;
  const Clock& clock_;
  const int64_t epoch_;
  const int64_t most_;
  int64_t last_seq_ = 0;
  std::string last_hash_;
  int64_t lost_ = 0;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_AUDIT_LOG_H_
