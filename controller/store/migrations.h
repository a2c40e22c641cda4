// The versions of the store's schema.
#ifndef FLEET_CONTROLLER_STORE_MIGRATIONS_H_
#define FLEET_CONTROLLER_STORE_MIGRATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/store/sqlite_database.h"

namespace fleet::controller {

// Number i brings a store from version i to i + 1. What has been released is
// never edited; a change is a new entry.
const std::vector<std::string>& Migrations();

// Brings the database to the newest of `migrations`, each step in one
// transaction. FAILED_PRECONDITION when it was written by a newer controller.
absl::Status Migrate(SqliteDatabase& database,
                     const std::vector<std::string>& migrations);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_MIGRATIONS_H_
