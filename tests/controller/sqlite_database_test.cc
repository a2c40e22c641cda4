#include "controller/store/sqlite_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "proto/rpc/status.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class SqliteDatabaseTest : public testing::Test {
 protected:
  SqliteDatabaseTest() {
    auto opened = SqliteDatabase::Open(folder_.File("test.db"));
    EXPECT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
    EXPECT_TRUE(
        database_->Execute("CREATE TABLE t (k TEXT PRIMARY KEY, v)").ok());
  }

  int64_t Count() {
    int64_t count = -1;
    EXPECT_TRUE(database_
                    ->Query("SELECT COUNT(*) FROM t", {},
                            [&](const SqliteRow& row) { count = row.Int(0); })
                    .ok());
    return count;
  }

  absl::Status Put(std::string_view key, std::string_view value) {
    return database_->Run("INSERT INTO t (k, v) VALUES (?, ?)",
                          {key, Blob(value)});
  }

  TempFolder folder_;
  std::unique_ptr<SqliteDatabase> database_;
};

TEST_F(SqliteDatabaseTest, KeepsBytesWithZerosInThem) {
  const std::string value("a\0b", 3);
  ASSERT_TRUE(Put("k", value).ok());
  std::string read;
  ASSERT_TRUE(database_
                  ->Query("SELECT v FROM t WHERE k = ?", {"k"},
                          [&](const SqliteRow& row) { read = row.Text(0); })
                  .ok());
  EXPECT_EQ(read, value);
}

TEST_F(SqliteDatabaseTest, FileIsForItsOwnerAlone) {
  struct stat st {};
  ASSERT_EQ(stat(folder_.File("test.db").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST_F(SqliteDatabaseTest, ErrorNamesFileStatementAndReason) {
  absl::Status status = database_->Run("INSERT INTO nowhere VALUES (1)");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status).reason, "STORE_FAILED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("test.db"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("INSERT INTO nowhere VALUES"));
}

TEST_F(SqliteDatabaseTest, FailedTransactionLeavesNothing) {
  absl::Status status = database_->Transaction([&] {
    EXPECT_TRUE(Put("a", "1").ok());
    return Put("a", "2");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(database_->Transaction([&] { return Put("a", "3"); }).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(SqliteDatabaseTest, InnerTransactionIsPartOfTheOuterOne) {
  absl::Status status = database_->Transaction([&] {
    EXPECT_TRUE(database_->Transaction([&] { return Put("a", "1"); }).ok());
    return absl::AbortedError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Count(), 0);
}

TEST_F(SqliteDatabaseTest, FullDiskIsSaidAndLaterWritesSucceed) {
  ASSERT_TRUE(Put("first", "1").ok());
  ASSERT_TRUE(database_->Execute("PRAGMA max_page_count = 5").ok());
  const std::string big(100'000, 'x');
  absl::Status status = database_->Transaction([&] { return Put("big", big); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReasonOf(status).reason, "STORE_FAILED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("free space"));
  EXPECT_EQ(Count(), 1);
  ASSERT_TRUE(database_->Execute("PRAGMA max_page_count = 100000").ok());
  EXPECT_TRUE(database_->Transaction([&] { return Put("big", big); }).ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(SqliteDatabaseTest, LockedByAnotherWriterIsUnavailable) {
  auto other = SqliteDatabase::Open(folder_.File("test.db"));
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)->Execute("BEGIN IMMEDIATE").ok());
  absl::Status status = database_->Transaction([&] { return Put("a", "1"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  ASSERT_TRUE((*other)->Execute("ROLLBACK").ok());
  EXPECT_TRUE(database_->Transaction([&] { return Put("a", "1"); }).ok());
}

TEST_F(SqliteDatabaseTest, FileThatIsNoDatabaseIsRefused) {
  const std::string path = folder_.File("text.db");
  FILE* file = fopen(path.c_str(), "w");
  for (int i = 0; i < 200; ++i) fputs("this is no database\n", file);
  fclose(file);
  auto opened = SqliteDatabase::Open(path);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(std::string(opened.status().message()),
              HasSubstr("restore the file"));
}

}  // namespace
}  // namespace fleet::controller
