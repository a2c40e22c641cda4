#include "controller/access/secret_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller/store/migrations.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

constexpr char kPlanted[] = "hunter2-planted";

class SecretStoreTest : public ::testing::Test {
 protected:
  SecretStoreTest() { Open("secrets.key"); }

  // As after a restart of the controller.
  void Open(const std::string& key_file) {
    store.reset();
    database.reset();
    database = *SqliteDatabase::Open(folder.File("controller.db"));
    FLEET_CHECK(Migrate(*database, Migrations()).ok());
    store = std::make_unique<SecretStore>(
        *database, clock, *SealingKey::Open(folder.File(key_file)));
    ASSERT_TRUE(store->Load().ok());
  }
  absl::Status Set(const std::string& name, std::string_view value) {
    return store->Set(name, value, "anna").status();
  }

  TempFolder folder;
  FakeClock clock;
  std::unique_ptr<SqliteDatabase> database;
  std::unique_ptr<SecretStore> store;
};

TEST_F(SecretStoreTest, AValueIsInNoFileAndThereAfterARestart) {
  ASSERT_TRUE(Set("db", "first").ok());
  ASSERT_TRUE(Set("db", kPlanted).ok());
  EXPECT_EQ(store->secrets().at("db").version, 2);
  for (const char* file : {"controller.db", "controller.db-wal"}) {
    const auto text = ReadWholeFile(folder.File(file));
    if (absl::IsNotFound(text.status())) continue;
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(text->find(kPlanted), std::string::npos) << file;
  }
  Open("secrets.key");
  EXPECT_EQ(store->secrets().at("db").version, 2);
  EXPECT_EQ(store->secrets().at("db").actor, "anna");
  EXPECT_EQ(*store->Reveal("db"), kPlanted);
  ASSERT_TRUE(store->Delete("db").ok());
  Open("secrets.key");
  EXPECT_EQ(ReasonOf(store->Reveal("db").status()).reason, "SECRET_NOT_FOUND");
}

TEST_F(SecretStoreTest, WithoutItsKeyTheDatabaseIsWorthNothing) {
  ASSERT_TRUE(Set("db", kPlanted).ok());
  Open("another.key");
  const absl::Status refused = store->Reveal("db").status();
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("secret db"));
}

TEST_F(SecretStoreTest, WhatCannotBeASecretIsRefused) {
  for (const auto& [name, value, why] :
       {std::tuple("a b", std::string("x"), "is not a name"),
        std::tuple("db", std::string(), "is empty"),
        std::tuple("db", std::string("a\0b", 3), "NUL"),
        std::tuple("db", std::string(SecretStore::kMostBytes + 1, 'x'),
                   "64 KiB")}) {
    const absl::Status refused = Set(name, value);
    EXPECT_EQ(ReasonOf(refused).reason, "SECRET_INVALID") << why;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(why));
  }
  EXPECT_TRUE(store->secrets().empty());
  EXPECT_TRUE(Set("db", std::string(SecretStore::kMostBytes, 'x')).ok());
}

TEST_F(SecretStoreTest, ThereAreAThousand) {
  for (size_t i = 0; i < SecretStore::kMostSecrets; ++i) {
    ASSERT_TRUE(Set(absl::StrCat("s-", i), "value").ok());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Set("one-more", "value")));
  EXPECT_TRUE(Set("s-0", "another").ok());
  ASSERT_TRUE(store->Delete("s-1").ok());
  EXPECT_TRUE(Set("one-more", "value").ok());
}

}  // namespace
}  // namespace fleet::controller
