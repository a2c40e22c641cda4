#include "node_agent/file_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

struct GlobCase {
  const char* glob;
  const char* path;
  bool matches;
};

TEST(PathFilter, Globs) {
  for (const GlobCase& c : std::vector<GlobCase>{
           {"*.log", "a.log", true},
           {"*.log", "a.logs", false},
           {"*.log", "d/a.log", false},
           {"a?c", "abc", true},
           {"a?c", "a/c", false},
           {"*", "", true},
           {"", "", true},
           {"", "a", false},
           {"a*b*c", "axxbyyc", true},
           {"a*b*c", "axxbyy", false},
           {"**", "a/b/c", true},
           {"**/*.js", "a.js", true},
           {"**/*.js", "a/b/c.js", true},
           {"**/*.js", "a/b/c.ts", false},
           {"src/**", "src/a/b", true},
           {"src/**", "lib/a/b", false},
           {"src/**/test", "src/test", true},
           {"src/**/test", "src/a/b/test", true},
           {"src/**/test", "src/a/testing", false},
           {"**/a/**/b", "x/a/y/a/z/b", true},
           {"a/*/c", "a/b/c", true},
           {"a/*/c", "a/b/b/c", false},
       }) {
    EXPECT_EQ(MatchesGlob(c.glob, c.path), c.matches)
        << c.glob << " " << c.path;
  }
}

TEST(PathFilter, AGlobOfManyStarsTakesNoTime) {
  std::string glob;
  for (int i = 0; i < 30; ++i) glob += "*a";
  EXPECT_FALSE(MatchesGlob(glob + "b", std::string(2000, 'a')));
}

struct IgnoreCase {
  std::vector<std::string> globs;
  const char* path;
  bool ignored;
};

TEST(PathFilter, WhatCounts) {
  for (const IgnoreCase& c : std::vector<IgnoreCase>{
           {{}, "/srv/.x/app/a.js", false},
           {{}, "/srv/.x/app/node_modules/a.js", true},
           {{}, "/srv/.x/app/lib/node_modules", true},
           {{}, "/srv/.x/app/.git/HEAD", true},
           {{}, "/srv/.x/app/.env", true},
           {{"logs"}, "/srv/.x/app/logs/x", true},
           {{"logs"}, "/srv/.x/app/.env", false},
           {{"./logs/"}, "/srv/.x/app/a/logs/x", true},
           {{"data/*.db"}, "/srv/.x/app/data/a.db", true},
           {{"data/*.db"}, "/srv/.x/app/old/data/a.db", false},
           {{"data/cache"}, "/srv/.x/app/data/cache/1/2", true},
           {{"/srv/.x/app/tmp"}, "/srv/.x/app/tmp/1", true},
           {{"/srv/.x/app/tmp"}, "/srv/.x/app/tmp2", false},
           {{"*.log"}, "/srv/.x/app/a/b.log", true},
       }) {
    PathFilter filter("/srv/.x/app", c.globs);
    EXPECT_EQ(filter.Ignores(c.path, "/srv/.x/app"), c.ignored) << c.path;
  }
}

TEST(FileWatchOptions, WhatTheAppHasUsWriteDoesNotCount) {
  AppSpec spec;
  spec.cwd = "/srv/app/";
  spec.watch.paths = {".", "../lib", "/etc/app"};
  spec.logs.out_file = "/srv/app/log";
  spec.pid_file = "/srv/app/run/%i.pid";
  FileWatchOptions options = WatchOptionsOf(spec);
  EXPECT_EQ(options.paths, (std::vector<std::string>{
                               "/srv/app", "/srv/app/../lib", "/etc/app"}));
  PathFilter filter(options.base, options.ignore);
  for (const char* own :
       {"/srv/app/log", "/srv/app/log.1", "/srv/app/log-2",
        "/srv/app/run/3.pid", "/srv/app/node_modules", "/srv/app/.git"}) {
    EXPECT_TRUE(filter.Ignores(own, "/srv/app")) << own;
  }
  EXPECT_FALSE(filter.Ignores("/srv/app/logic.js", "/srv/app"));
}

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string name = "/tmp/fleet-watch-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~FileWatchTest() override {
    watch_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Watch(std::vector<std::string> paths,
             std::vector<std::string> ignore = {}) {
    FileWatchOptions options;
    for (std::string& path : paths) {
      options.paths.push_back(path.empty() ? folder_ : folder_ + "/" + path);
    }
    options.base = folder_;
    options.ignore = std::move(ignore);
    options.delay = absl::Milliseconds(20);
    watch_ = std::make_unique<FileWatch>(
        loop_, std::move(options), [this](const std::string& path, int others) {
          seen_.push_back(path);
          others_ = others;
        });
  }
  void Write(const std::string& name) {
    std::ofstream(folder_ + "/" + name) << "x";
  }
  void MakeFolder(const std::string& name) {
    std::filesystem::create_directories(folder_ + "/" + name);
  }
  // Runs the loop until something was seen; its path.
  std::string Next() {
    absl::Time end = clock_.Now() + absl::Seconds(20);
    while (seen_.empty() && clock_.Now() < end) {
      loop_.RunOnce(absl::Milliseconds(100));
    }
    if (seen_.empty()) return "nothing";
    std::string first = seen_.front();
    seen_.clear();
    return first;
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  std::string folder_;
  std::unique_ptr<FileWatch> watch_;
  std::vector<std::string> seen_;
  int others_ = 0;
};

TEST_F(FileWatchTest, ManyChangesAreToldOnce) {
  Write("app.js");
  Watch({""});
  Write("app.js");
  Write("other.js");
  EXPECT_EQ(Next(), "app.js");
  EXPECT_GT(others_, 0);
}

TEST_F(FileWatchTest, FoldersThatComeLaterAreWatchedToo) {
  Watch({""});
  MakeFolder("lib/deep");
  EXPECT_EQ(Next(), "lib");
  Write("lib/deep/a.js");
  EXPECT_EQ(Next(), "lib/deep/a.js");
}

TEST_F(FileWatchTest, WhatIsIgnoredIsNotSeen) {
  MakeFolder("node_modules");
  MakeFolder(".git");
  Watch({""});
  EXPECT_EQ(watch_->folders(), 1u);
  Write("node_modules/a.js");
  Write(".git/HEAD");
  Write(".swp");
  Write("b.js");
  EXPECT_EQ(Next(), "b.js");
}

TEST_F(FileWatchTest, AFileIsWatchedThroughItsReplacement) {
  Write("conf.yaml");
  Watch({"conf.yaml"});
  Write("other.yaml");
  Write("conf.yaml.new");
  std::filesystem::rename(folder_ + "/conf.yaml.new", folder_ + "/conf.yaml");
  EXPECT_EQ(Next(), "conf.yaml");
  Write("conf.yaml");
  EXPECT_EQ(Next(), "conf.yaml");
}

TEST_F(FileWatchTest, ALinkThatIsSwitchedIsAChange) {
  MakeFolder("v1");
  MakeFolder("v2");
  std::filesystem::create_symlink("v1", folder_ + "/current");
  Watch({"current"});
  std::filesystem::create_symlink("v2", folder_ + "/next");
  std::filesystem::rename(folder_ + "/next", folder_ + "/current");
  EXPECT_EQ(Next(), "current");
  // What it leads to now is watched.
  Write("v2/a.js");
  EXPECT_EQ(Next(), "current/a.js");
}

TEST_F(FileWatchTest, AFolderThatIsMadeAnewIsWatchedAgain) {
  MakeFolder("src");
  Watch({"src"});
  std::filesystem::remove_all(folder_ + "/src");
  EXPECT_EQ(Next(), "src");
  MakeFolder("src");
  EXPECT_EQ(Next(), "src");
  Write("src/a.js");
  EXPECT_EQ(Next(), "src/a.js");
}

TEST_F(FileWatchTest, TooManyFoldersAreSaid) {
  for (size_t i = 0; i < FileWatch::kMaxFolders + 10; ++i) {
    MakeFolder("f" + std::to_string(i));
  }
  Watch({""});
  EXPECT_EQ(watch_->folders(), FileWatch::kMaxFolders);
  EXPECT_TRUE(absl::StrContains(watch_->problem(), "more than 4096 folders"));
}

}  // namespace
}  // namespace fleet::agent
