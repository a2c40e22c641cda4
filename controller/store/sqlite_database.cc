#include "controller/store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

// A commit that meets a reader (sqlite3 on the command line) waits this long.
constexpr int kBusyMillis = 50;
// Longest piece of a statement in an error.
constexpr size_t kSqlInError = 120;

// FULL: a commit that was answered survives a power cut.
constexpr char kPragmas[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA journal_size_limit=16777216;";

absl::Status CreatePrivateFile(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("open store ", path));
  close(fd);
  return absl::OkStatus();
}

absl::StatusCode CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string_view AdviceFor(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "; free space on its disk or mend it, then try again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process holds it, try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; restore the file from a copy";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "; check the owner and mode of the file and its folder";
    default:
      return "";
  }
}

}  // namespace

int64_t SqliteRow::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string SqliteRow::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return "";
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

void SqliteDatabase::FinalizeStatement::operator()(
    sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(
    const std::string& path) {
  RETURN_IF_ERROR(CreatePrivateFile(path));
  sqlite3* handle = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path, handle));
  if (code != SQLITE_OK) return database->Error(code, "open");
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMillis);
  RETURN_IF_ERROR(database->Execute(kPragmas));
  return database;
}

SqliteDatabase::SqliteDatabase(std::string path, sqlite3* handle)
    : path_(std::move(path)), handle_(handle) {}

SqliteDatabase::~SqliteDatabase() {
  statements_.clear();
  sqlite3_close(handle_);
}

absl::Status SqliteDatabase::Execute(const std::string& script) {
  int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, script);
}

absl::Status SqliteDatabase::Run(std::string_view sql,
                                 std::initializer_list<SqlValue> values) {
  return Query(sql, values, [](const SqliteRow&) {});
}

absl::Status SqliteDatabase::Query(
    std::string_view sql, std::initializer_list<SqlValue> values,
    const std::function<void(const SqliteRow&)>& row) {
  ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql));
  absl::Status bound = Bind(statement, values);
  if (!bound.ok()) return bound;
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    row(SqliteRow(statement));
  }
  absl::Status result =
      code == SQLITE_DONE ? absl::OkStatus() : Error(code, sql);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return result;
}

absl::Status SqliteDatabase::Transaction(
    const std::function<absl::Status()>& body) {
  if (in_transaction_) return body();
  RETURN_IF_ERROR(Run("BEGIN IMMEDIATE"));
  in_transaction_ = true;
  absl::Status status = body();
  if (status.ok()) status = Run("COMMIT");
  // A failed write may have rolled everything back by itself.
  if (!status.ok() && sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  in_transaction_ = false;
  return status;
}

absl::StatusOr<sqlite3_stmt*> SqliteDatabase::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code, sql);
  statements_.emplace(std::string(sql), Statement(statement));
  return statement;
}

absl::Status SqliteDatabase::Bind(sqlite3_stmt* statement,
                                  std::initializer_list<SqlValue> values) {
  int index = 0;
  for (const SqlValue& value : values) {
    ++index;
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = sqlite3_bind_text64(statement, index, text->data(), text->size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      code = sqlite3_bind_blob64(statement, index, blob->bytes.data(),
                                 blob->bytes.size(), SQLITE_STATIC);
    }
    if (code != SQLITE_OK) return Error(code, sqlite3_sql(statement));
  }
  return absl::OkStatus();
}

absl::Status SqliteDatabase::Error(int code, std::string_view sql) const {
  std::string message = absl::StrCat(
      "store ", path_, ": ",
      handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_), " (",
      sqlite3_errstr(code), ", ", code, ") in \"",
      ToAbsl(sql.substr(0, kSqlInError)), "\"", ToAbsl(AdviceFor(code)));
  return ErrorWithReason(CodeOf(code), message, {"STORE_FAILED", {}});
}

}  // namespace fleet::controller
