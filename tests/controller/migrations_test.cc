#include "controller/store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class MigrationsTest : public testing::Test {
 protected:
  MigrationsTest() {
    auto opened = SqliteDatabase::Open(folder_.File("test.db"));
    EXPECT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
  }

  int64_t Version() {
    int64_t version = -1;
    absl::Status status =
        database_->Query("SELECT version FROM schema_version", {},
                         [&](const SqliteRow& row) { version = row.Int(0); });
    return status.ok() ? version : -2;
  }

  TempFolder folder_;
  std::unique_ptr<SqliteDatabase> database_;
};

TEST_F(MigrationsTest, BringAnEmptyStoreToTheNewestVersion) {
  ASSERT_TRUE(Migrate(*database_, Migrations()).ok());
  EXPECT_EQ(Version(), static_cast<int64_t>(Migrations().size()));
  EXPECT_TRUE(Migrate(*database_, Migrations()).ok());
}

TEST_F(MigrationsTest, GoOnFromTheVersionTheStoreHas) {
  ASSERT_TRUE(Migrate(*database_, {"CREATE TABLE a (x)"}).ok());
  ASSERT_TRUE(
      Migrate(*database_, {"CREATE TABLE a (x)", "CREATE TABLE b (x)"}).ok());
  EXPECT_EQ(Version(), 2);
  EXPECT_TRUE(database_->Run("INSERT INTO b (x) VALUES (1)").ok());
}

TEST_F(MigrationsTest, AppsOfAnOldStoreGetIdsInTheOrderOfTheirAge) {
  ASSERT_TRUE(Migrate(*database_, {Migrations()[0]}).ok());
  ASSERT_TRUE(database_
                  ->Execute("INSERT INTO apps VALUES"
                            " ('a-9', 'old', '', 1, 0, 0, '', 1, 0, 100, 0),"
                            " ('a-1', 'new', '', 1, 0, 0, '', 1, 0, 200, 0)")
                  .ok());
  ASSERT_TRUE(Migrate(*database_, Migrations()).ok());
  std::vector<std::string> names;
  int64_t next = -1;
  ASSERT_TRUE(
      database_
          ->Query("SELECT name FROM apps ORDER BY id", {},
                  [&](const SqliteRow& row) { names.push_back(row.Text(0)); })
          .ok());
  ASSERT_TRUE(
      database_
          ->Query("SELECT value FROM counters WHERE name = 'next_app_id'", {},
                  [&](const SqliteRow& row) { next = row.Int(0); })
          .ok());
  EXPECT_THAT(names, testing::ElementsAre("old", "new"));
  EXPECT_EQ(next, 2);
}

TEST_F(MigrationsTest, OneThatFailsChangesNothing) {
  absl::Status status = Migrate(
      *database_,
      {"CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (y);"});
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("to version 2"));
  EXPECT_EQ(Version(), 1);
  EXPECT_FALSE(database_->Run("INSERT INTO b (x) VALUES (1)").ok());
}

TEST_F(MigrationsTest, StoreOfANewerControllerIsRefused) {
  ASSERT_TRUE(
      Migrate(*database_, {"CREATE TABLE a (x)", "CREATE TABLE b (x)"}).ok());
  absl::Status status = Migrate(*database_, {"CREATE TABLE a (x)"});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has schema version 2"));
  EXPECT_EQ(Version(), 2);
}

}  // namespace
}  // namespace fleet::controller
