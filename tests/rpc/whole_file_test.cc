#include "proto/rpc/whole_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <tuple>

namespace fleet {
namespace {

class WholeFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) { return folder_ + "/" + name; }

  std::string folder_ = "/tmp/fleet-whole-file-XXXXXX";
};

TEST_F(WholeFileTest, IsReplacedAsAWholeWithItsMode) {
  ASSERT_TRUE(ReplaceFile(Path("key"), "one", 0600).ok());
  ASSERT_TRUE(ReplaceFile(Path("key"), "two", 0600).ok());
  EXPECT_EQ(*ReadWholeFile(Path("key")), "two");
  struct stat st {};
  ASSERT_EQ(stat(Path("key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(Path("key.new")));
}

TEST_F(WholeFileTest, WhoElseMayReadOrWriteItIsKnown) {
  const std::string path = Path("key");
  for (const auto& [mode, written, read] :
       {std::tuple{0600, false, false}, std::tuple{0640, false, false},
        std::tuple{0644, false, true}, std::tuple{0660, true, false},
        std::tuple{0602, true, false}}) {
    ASSERT_TRUE(ReplaceFile(path, "key", static_cast<mode_t>(mode)).ok());
    EXPECT_EQ(absl::IsPermissionDenied(CheckWriters(path)), written) << mode;
    EXPECT_EQ(IsReadByOthers(path), read) << mode;
  }
  if (geteuid() != 0) return;
  ASSERT_TRUE(ReplaceFile(path, "key", 0600).ok());
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(CheckWriters(path)));
}

TEST_F(WholeFileTest, SaysWhyItCannotBeReadOrWritten) {
  EXPECT_TRUE(absl::IsNotFound(ReadWholeFile(Path("none")).status()));
  ASSERT_TRUE(ReplaceFile(Path("long"), std::string(100, 'x'), 0644).ok());
  EXPECT_TRUE(
      absl::IsResourceExhausted(ReadWholeFile(Path("long"), 99).status()));
  EXPECT_TRUE(absl::IsNotFound(ReplaceFile(Path("no/such"), "x", 0644)));
}

}  // namespace
}  // namespace fleet
