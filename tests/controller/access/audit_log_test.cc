#include "controller/access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller/store/migrations.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    database = *SqliteDatabase::Open(folder.File("controller.db"));
    FLEET_CHECK(Migrate(*database, Migrations()).ok());
    Open();
  }
  void Open() {
    log = std::make_unique<AuditLog>(*database, clock, 7);
    FLEET_CHECK(log->Open().ok());
  }
  void Append(const std::string& actor, const std::string& subject) {
    AuditRecord record;
    record.actor = actor;
    record.method = "/fleet.v1.AppService/StopApp";
    record.subject = subject;
    record.outcome = "OK";
    log->Append(record);
    clock.Advance(absl::Seconds(1));
  }
  std::vector<std::string> Subjects(const AuditLog::Query& query) {
    std::vector<std::string> subjects;
    const auto records = log->List(query);
    for (const AuditRecord& record : *records) {
      subjects.push_back(record.subject);
    }
    return subjects;
  }

  TempFolder folder;
  FakeClock clock;
  std::unique_ptr<SqliteDatabase> database;
  std::unique_ptr<AuditLog> log;
};

TEST_F(AuditLogTest, IsAChainThatGoesOnAfterARestart) {
  Append("anna", "web");
  Open();
  Append("ben", "api");
  auto records = *log->List({});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].hash, AuditHash("", records[0]));
  EXPECT_EQ(records[1].hash, AuditHash(records[0].hash, records[1]));
  EXPECT_EQ(records[1].epoch, 7);
  auto verdict = *log->Verify();
  EXPECT_EQ(verdict.broken_seq, 0);
  EXPECT_EQ(verdict.records, 2);
  EXPECT_EQ(verdict.newest_hash, records[1].hash);
}

TEST_F(AuditLogTest, EveryTamperingBreaksIt) {
  for (int i = 0; i < 5; ++i) Append("anna", absl::StrCat("web-", i));
  struct Case {
    const char* what;
    const char* sql;
    int64_t broken;
  };
  const Case cases[] = {
      {"another actor",
       "UPDATE audit SET body = replace(body, 'anna', 'ben') WHERE seq = 3", 3},
      {"another time", "UPDATE audit SET time_ms = time_ms + 1 WHERE seq = 2",
       2},
      {"one is gone", "DELETE FROM audit WHERE seq = 2", 2},
      {"the oldest is gone", "DELETE FROM audit WHERE seq = 1", 1},
      {"all but the newest are gone", "DELETE FROM audit WHERE seq < 5", 1},
      {"the newest is gone", "DELETE FROM audit WHERE seq = 5", 5},
      {"its hash made anew", "UPDATE audit SET hash = 'x' WHERE seq = 4", 4},
  };
  for (const Case& c : cases) {
    ASSERT_TRUE(database->Execute("SAVEPOINT before").ok());
    ASSERT_TRUE(database->Execute(c.sql).ok());
    EXPECT_EQ(log->Verify()->broken_seq, c.broken) << c.what;
    ASSERT_TRUE(database->Execute("ROLLBACK TO before; RELEASE before").ok());
  }
  EXPECT_EQ(log->Verify()->broken_seq, 0);
}

TEST_F(AuditLogTest, TheOldestAreForgottenAndTheRestIsAChain) {
  constexpr int64_t kMost = 10;
  log = std::make_unique<AuditLog>(*database, clock, 7, kMost);
  ASSERT_TRUE(log->Open().ok());
  for (int i = 0; i < 35; ++i) {
    Append("anna", absl::StrCat("web-", i));
    const auto verdict = *log->Verify();
    ASSERT_EQ(verdict.broken_seq, 0) << i << ": " << verdict.reason;
    ASSERT_GE(verdict.records, std::min<int64_t>(i + 1, kMost)) << i;
    ASSERT_LE(verdict.records, 2 * kMost + 2) << i;
  }
  EXPECT_GT(log->Verify()->first_seq, 1);
  ASSERT_TRUE(database->Execute("DELETE FROM audit WHERE seq < 30").ok());
  EXPECT_EQ(log->Verify()->broken_seq, 1);
}

TEST_F(AuditLogTest, IsAskedByTimeActorAndPage) {
  Append("anna", "a");
  const absl::Time second = clock.WallNow();
  Append("ben", "b");
  Append("anna", "c");
  AuditLog::Query since;
  since.since = second;
  EXPECT_THAT(Subjects(since), ElementsAre("b", "c"));
  AuditLog::Query actor;
  actor.actor = "anna";
  EXPECT_THAT(Subjects(actor), ElementsAre("a", "c"));
  AuditLog::Query page;
  page.limit = 2;
  EXPECT_THAT(Subjects(page), ElementsAre("a", "b"));
  page.after_seq = 2;
  EXPECT_THAT(Subjects(page), ElementsAre("c"));
  page.after_seq = 0;
  page.newest = true;
  EXPECT_THAT(Subjects(page), ElementsAre("b", "c"));
}

TEST_F(AuditLogTest, LongTextsAreCutAndStayText) {
  std::string long_text;
  for (int i = 0; i < 1000; ++i) long_text += "ä";
  Append("anna", long_text);
  EXPECT_EQ((*log->List({}))[0].subject.size(), 1000u);
  Append("anna", std::string("\xff\xfe", 2));
  EXPECT_EQ(log->Verify()->broken_seq, 0);
}

TEST_F(AuditLogTest, WhatCouldNotBeWrittenIsSaidByTheNext) {
  Append("anna", "a");
  ASSERT_TRUE(database->Execute("ALTER TABLE audit RENAME TO away").ok());
  Append("anna", "b");
  Append("anna", "c");
  ASSERT_TRUE(database->Execute("ALTER TABLE away RENAME TO audit").ok());
  Append("anna", "d");
  EXPECT_THAT(Subjects({}), ElementsAre("a", "d"));
  EXPECT_THAT((*log->List({}))[1].outcome, HasSubstr("2 records before"));
  EXPECT_EQ(log->Verify()->broken_seq, 0);
}

}  // namespace
}  // namespace fleet::controller
