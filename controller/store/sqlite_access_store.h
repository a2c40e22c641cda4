// Tokens, certificates and enrolled hosts in SQLite.
#ifndef FLEET_CONTROLLER_STORE_SQLITE_ACCESS_STORE_H_
#define FLEET_CONTROLLER_STORE_SQLITE_ACCESS_STORE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/access/certificate_record.h"
#include "controller/access/token_record.h"
#include "controller/store/sqlite_database.h"

namespace fleet::controller {

// Everything that one change writes: all of it or nothing.
struct AccessChange {
  std::vector<TokenRecord> tokens;              // Insert or replace.
  std::vector<std::string> gone_tokens;         // By id.
  std::vector<CertificateRecord> certificates;  // Insert or replace.
  std::vector<std::string> gone_certificates;   // By fingerprint.
  std::vector<EnrolledHost> hosts;              // Insert or replace.
};

struct StoredAccess {
  std::vector<TokenRecord> tokens;
  std::vector<CertificateRecord> certificates;
  std::vector<EnrolledHost> hosts;
};

// Loop thread only. Errors as Store's.
class SqliteAccessStore {
 public:
  // The database outlives it.
  explicit SqliteAccessStore(SqliteDatabase& database) : database_(database) {}

  absl::StatusOr<StoredAccess> Load();
  absl::Status Save(const AccessChange& change);

 private:
  absl::Status SaveToken(const TokenRecord& token);
  absl::Status SaveCertificate(const CertificateRecord& certificate);
  absl::Status SaveHost(const EnrolledHost& host);

  SqliteDatabase& database_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_SQLITE_ACCESS_STORE_H_
