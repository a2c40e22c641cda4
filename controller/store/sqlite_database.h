// One SQLite database file: statements, transactions, errors as statuses.
#ifndef FLEET_CONTROLLER_STORE_SQLITE_DATABASE_H_
#define FLEET_CONTROLLER_STORE_SQLITE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fleet::controller {

// Bytes, as opposed to text.
struct Blob {
  explicit Blob(std::string_view b) : bytes(b) {}
  std::string_view bytes;
};

// What a `?` of a statement stands for. Views live as long as the call.
using SqlValue = std::variant<int64_t, std::string_view, Blob>;

// One row of an answer, valid inside the callback that gets it.
class SqliteRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Int(int column) const;
  // Text and blobs.
  std::string Text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// Used by the stores and the migrations. Loop thread only: a commit takes
// about 0.14 ms (WAL, synchronous=FULL), so callers group what belongs
// together in one transaction.
//
// Every error carries the reason STORE_FAILED, the file and the statement.
// RESOURCE_EXHAUSTED: the disk is full. UNAVAILABLE: the file is locked by
// another process. INTERNAL: all else. After an error the database is as it
// was before the transaction, and a later try may succeed.
class SqliteDatabase {
 public:
  // Makes the file (mode 0600) when it is not there.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // One or more statements without values or answers.
  absl::Status Execute(const std::string& script);

  // One statement. It is prepared once and kept; `sql` is a literal.
  absl::Status Run(std::string_view sql,
                   std::initializer_list<SqlValue> values = {});

  // Calls `row` for each row of the answer.
  absl::Status Query(std::string_view sql,
                     std::initializer_list<SqlValue> values,
                     const std::function<void(const SqliteRow&)>& row);

  // All that `body` writes, or nothing. Within another one it is a part of
  // that, whose body must then pass the error on.
  absl::Status Transaction(const std::function<absl::Status()>& body);

  const std::string& path() const { return path_; }

 private:
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  SqliteDatabase(std::string path, sqlite3* handle);
  absl::StatusOr<sqlite3_stmt*> Prepare(std::string_view sql);
  absl::Status Bind(sqlite3_stmt* statement,
                    std::initializer_list<SqlValue> values);
  absl::Status Error(int code, std::string_view sql) const;

  std::string path_;
  sqlite3* handle_;
  bool in_transaction_ = false;
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_SQLITE_DATABASE_H_
