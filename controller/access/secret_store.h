// The values of secrets, sealed.
#ifndef FLEET_CONTROLLER_ACCESS_SECRET_STORE_H_
#define FLEET_CONTROLLER_ACCESS_SECRET_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/store/sqlite_database.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/sealed_text.h"

namespace fleet::controller {

// All of a secret but its value. Times are calendar ones.
struct SecretRecord {
  std::string name;
  int64_t version = 0;
  absl::Time create_time;
  absl::Time update_time;
  std::string actor;
};

// Values are in the database under a key that is not: who has one of the two
// has nothing. Loop thread only. At most 1,000 secrets of 64 KiB.
class SecretStore {
 public:
  static constexpr size_t kMostSecrets = 1000;
  static constexpr size_t kMostBytes = 64 << 10;

  // Both outlive it.
  SecretStore(SqliteDatabase& database, const Clock& clock, SealingKey key)
      : database_(database), clock_(clock), key_(std::move(key)) {}

  absl::Status Load();

  // INVALID_ARGUMENT with reason SECRET_INVALID, or the store's error.
  absl::StatusOr<SecretRecord> Set(const std::string& name,
                                   std::string_view value,
                                   const std::string& actor);
  // NOT_FOUND with SECRET_NOT_FOUND.
  absl::Status Delete(const std::string& name);
  // For a host that runs an app which names it. NOT_FOUND likewise; DATA_LOSS
  // when the key file is another than it was sealed with.
  absl::StatusOr<std::string> Reveal(const std::string& name);

  bool Has(const std::string& name) const { return secrets_.count(name) > 0; }
  const std::map<std::string, SecretRecord>& secrets() const {
    return secrets_;
  }

 private:
  SqliteDatabase& database_;
  const Clock& clock_;
  const SealingKey key_;
  std::map<std::string, SecretRecord> secrets_;  // By name.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_SECRET_STORE_H_
