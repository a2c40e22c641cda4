#include "proto/rpc/sealed_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "proto/rpc/whole_file.h"

namespace fleet {
namespace {

class SealedTextTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_ = "/tmp/fleet-sealed-XXXXXX";
};

TEST_F(SealedTextTest, IsReadWithItsKeyForWhatItWasSealed) {
  const std::string path = folder_ + "/key";
  auto key = SealingKey::Open(path);
  ASSERT_TRUE(key.ok()) << key.status();
  for (const std::string& text : {std::string("hunter2"), std::string()}) {
    const std::string sealed = key->Seal(text, "db");
    EXPECT_NE(sealed, key->Seal(text, "db"));
    auto again = SealingKey::Open(path);
    EXPECT_EQ(*again->Unseal(sealed, "db"), text);
    EXPECT_TRUE(absl::IsDataLoss(key->Unseal(sealed, "api").status()));
  }
  struct stat st {};
  ASSERT_EQ(stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST_F(SealedTextTest, EveryChangedBitIsNoticed) {
  auto key = SealingKey::Open(folder_ + "/key");
  const std::string sealed = key->Seal("hunter2", "db");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key->Unseal(changed, "db").ok()) << i;
    EXPECT_FALSE(key->Unseal(sealed.substr(0, i), "db").ok()) << i;
  }
  auto other = SealingKey::Open(folder_ + "/other");
  EXPECT_FALSE(other->Unseal(sealed, "db").ok());
}

TEST_F(SealedTextTest, ABrokenKeyFileIsNotReplaced) {
  ASSERT_TRUE(ReplaceFile(folder_ + "/key", "short", 0600).ok());
  EXPECT_TRUE(
      absl::IsInvalidArgument(SealingKey::Open(folder_ + "/key").status()));
  EXPECT_EQ(*ReadWholeFile(folder_ + "/key"), "short");
}

}  // namespace
}  // namespace fleet
