#include "node_agent/guarded_open.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

namespace fs = std::filesystem;

// mine/ is root's, theirs/ a worker's, who may put there what it likes.
class GuardedOpen : public testing::Test {
 protected:
  static constexpr uid_t kWorker = 65534;

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string pattern = testing::TempDir() + "guarded-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* name : {"/mine", "/theirs", "/theirs/logs"}) {
      fs::create_directory(folder_ + name);
    }
    Write("/mine/file", "mine");
    Write("/theirs/file", "theirs");
    for (const char* name : {"/theirs", "/theirs/logs", "/theirs/file"}) {
      ASSERT_EQ(chown((folder_ + name).c_str(), kWorker, kWorker), 0);
    }
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + name) << text;
  }
  void Link(const std::string& name, const std::string& target, uid_t owner) {
    const std::string path = folder_ + name;
    fs::remove(path);
    fs::create_symlink(target, path);
    ASSERT_EQ(lchown(path.c_str(), owner, owner), 0);
  }
  // What is there, or the error.
  std::string Read(const std::string& path, int flags = O_RDONLY) {
    errno = 0;
    UniqueFd fd = OpenGuarded(path, flags, 0600);
    if (!fd.valid()) return absl::StrCat("errno ", errno);
    std::array<char, 64> text{};
    const ssize_t n = read(fd.get(), text.data(), text.size());
    return {text.data(), n > 0 ? static_cast<size_t>(n) : 0};
  }
  std::string At(const std::string& name, int flags = O_RDONLY) {
    return Read(folder_ + name, flags);
  }

  const std::string loop_ = absl::StrCat("errno ", ELOOP);
  const std::string missing_ = absl::StrCat("errno ", ENOENT);
  std::string folder_;
};

TEST_F(GuardedOpen, OpensWhatIsThereAndMakesWhatIsNot) {
  EXPECT_EQ(At("/mine/file"), "mine");
  EXPECT_EQ(At("/theirs/./logs/..//file"), "theirs");
  EXPECT_EQ(At("/mine/none"), missing_);
  EXPECT_EQ(At("/none/file", O_RDWR | O_CREAT), missing_);
  EXPECT_EQ(At("/theirs/logs/new", O_RDWR | O_CREAT), "");
  EXPECT_TRUE(fs::is_regular_file(folder_ + "/theirs/logs/new"));
  EXPECT_EQ(At("/mine/file/deeper"), absl::StrCat("errno ", ENOTDIR));
}

TEST_F(GuardedOpen, FollowsTheLinksOfRootAndWhatPointsToItsOwn) {
  Link("/mine/to-file", "../theirs/file", 0);
  EXPECT_EQ(At("/mine/to-file"), "theirs");
  Link("/mine/to-new", folder_ + "/mine/made", 0);
  EXPECT_EQ(At("/mine/to-new", O_RDWR | O_CREAT), "");
  EXPECT_TRUE(fs::is_regular_file(folder_ + "/mine/made"));
  Link("/theirs/current", "logs", kWorker);
  Link("/theirs/logs/out.log", folder_ + "/theirs/file", kWorker);
  EXPECT_EQ(At("/theirs/current/out.log", O_RDWR | O_CREAT), "theirs");
  // As /dev/stdout does.
  UniqueFd file(open((folder_ + "/mine/file").c_str(), O_RDONLY | O_CLOEXEC));
  Link("/mine/fd", absl::StrCat("/proc/self/fd/", file.get()), 0);
  EXPECT_EQ(At("/mine/fd"), "mine");
}

TEST_F(GuardedOpen, IsNotLedAstrayByAWorkersLink) {
  for (const char* target : {"../mine/file", "/proc/self/environ", "/etc"}) {
    Link("/theirs/out.log", target, kWorker);
    EXPECT_EQ(At("/theirs/out.log"), loop_) << target;
    EXPECT_EQ(At("/theirs/out.log", O_RDWR | O_CREAT | O_TRUNC), loop_);
  }
  EXPECT_EQ(At("/mine/file"), "mine");
  // Nothing is made where it points to.
  Link("/theirs/out.log", folder_ + "/mine/new", kWorker);
  EXPECT_EQ(At("/theirs/out.log", O_RDWR | O_CREAT), missing_);
  EXPECT_FALSE(fs::exists(folder_ + "/mine/new"));
  Link("/theirs/folder", "../mine", kWorker);
  EXPECT_EQ(At("/theirs/folder/file"), loop_);
  EXPECT_EQ(At("/theirs/folder/new", O_RDWR | O_CREAT), loop_);
  // Nor by way of a link of root's.
  Link("/mine/to-theirs", "../theirs/out.log", 0);
  Link("/theirs/out.log", "../mine/file", kWorker);
  EXPECT_EQ(At("/mine/to-theirs"), loop_);
  Link("/theirs/a", "b", 0);
  Link("/theirs/b", "a", 0);
  EXPECT_EQ(At("/theirs/a"), loop_);
}

}  // namespace
}  // namespace fleet::agent
