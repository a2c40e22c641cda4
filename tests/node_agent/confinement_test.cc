// What the keeper does to a process before it runs its program, done to a child
// of the test; and control groups, where this machine has some.
#include "node_agent/keeper/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "node_agent/cgroup_tree.h"

namespace fleet::keeper {
namespace {

// Runs in a child, confined as `spec` says; its exit code: 0 when `holds`, 1
// when not, 2 when something failed (what, is on stderr).
int InChild(const ConfinementSpec& spec, uid_t uid,
            const std::function<bool()>& holds) {
  pid_t pid = fork();
  if (pid == 0) {
    const char* failed = Confine(spec, uid != 0);
    if (failed == nullptr && uid != 0) {
      bool changed =
          setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;
      if (!changed) failed = "ids";
    }
    if (failed == nullptr) failed = ConfineAsUser(spec);
    if (failed != nullptr) {
      fprintf(stderr, "%s: %s\n", failed, strerror(errno));
      _exit(2);
    }
    _exit(holds() ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The value of a line of /proc/self/status.
std::string Status(const std::string& name) {
  std::string text = Read("/proc/self/status");
  size_t at = text.find("\n" + name + ":\t");
  if (at == std::string::npos) return "";
  at += name.size() + 3;
  return text.substr(at, text.find('\n', at) - at);
}

constexpr uid_t kNobody = 65534;

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string name = "/tmp/fleet-confine-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string folder_;
  ConfinementSpec spec_{};
};

TEST_F(ConfinementTest, LimitsOfTheProcess) {
  spec_.fixed.set =
      Confinement::kNice | Confinement::kUmask | Confinement::kOomScore;
  spec_.fixed.nice = 7;
  spec_.fixed.umask = 027;
  spec_.fixed.oom_score_adj = 345;
  spec_.fixed.n_rlimits = 1;
  spec_.rlimits[0] = {RLIMIT_NOFILE, 0, 123, 234};
  EXPECT_EQ(InChild(spec_, kNobody,
                    [] {
                      rlimit limit{};
                      getrlimit(RLIMIT_NOFILE, &limit);
                      return getpriority(PRIO_PROCESS, 0) == 7 &&
                             umask(0) == 027 && limit.rlim_cur == 123 &&
                             limit.rlim_max == 234 &&
                             Read("/proc/self/oom_score_adj") == "345\n";
                    }),
            0);
}

TEST_F(ConfinementTest, ANegativeScore) {
  constexpr uint64_t kResource = uint64_t{1} << 24;  // CAP_SYS_RESOURCE
  if ((std::stoull(Status("CapEff"), nullptr, 16) & kResource) == 0) {
    GTEST_SKIP() << "root may not lower its score here";
  }
  spec_.fixed.set = Confinement::kOomScore;
  spec_.fixed.oom_score_adj = -17;
  EXPECT_EQ(InChild(spec_, 0,
                    [] { return Read("/proc/self/oom_score_adj") == "-17\n"; }),
            0);
}

TEST_F(ConfinementTest, NoNewPrivileges) {
  spec_.fixed.set = Confinement::kNoNewPrivileges;
  EXPECT_EQ(InChild(spec_, 0,
                    [] { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }),
            0);
}

TEST_F(ConfinementTest, OneCapabilityForAnotherUser) {
  spec_.fixed.set = Confinement::kCapabilities;
  spec_.fixed.capabilities = uint64_t{1} << 10;  // CAP_NET_BIND_SERVICE
  EXPECT_EQ(InChild(spec_, kNobody,
                    [] {
                      return Status("CapAmb") == "0000000000000400" &&
                             Status("CapEff") == "0000000000000400" &&
                             Status("CapBnd") == "0000000000000400";
                    }),
            0);
}

TEST_F(ConfinementTest, RootWithoutCapabilities) {
  spec_.fixed.set = Confinement::kCapabilities;
  EXPECT_EQ(InChild(spec_, 0,
                    [] {
                      // Also what it executes has none.
                      return Status("CapEff") == "0000000000000000" &&
                             Status("CapBnd") == "0000000000000000";
                    }),
            0);
}

TEST_F(ConfinementTest, PathsThatCannotBeWrittenTo) {
  std::string below = folder_ + "/below";
  std::filesystem::create_directory(below);
  std::string beside = folder_ + "-beside";
  spec_.fixed.n_read_only = 1;
  spec_.read_only[0] = below.c_str();
  EXPECT_EQ(InChild(spec_, 0,
                    [&] {
                      bool refused = open((below + "/x").c_str(),
                                          O_CREAT | O_WRONLY, 0600) < 0 &&
                                     errno == EROFS;
                      std::ofstream(folder_ + "/y") << "y";
                      return refused;
                    }),
            0);
  EXPECT_EQ(Read(folder_ + "/y"), "y");
  std::ofstream(below + "/x") << "x";  // Not for us.
  EXPECT_EQ(Read(below + "/x"), "x");
}

TEST_F(ConfinementTest, ATmpOfItsOwn) {
  spec_.fixed.set = Confinement::kPrivateTmp;
  EXPECT_EQ(InChild(spec_, kNobody,
                    [&] {
                      struct stat info {};
                      bool hidden = stat(folder_.c_str(), &info) != 0;
                      std::ofstream("/tmp/fleet-private") << "x";
                      return hidden && Read("/tmp/fleet-private") == "x" &&
                             stat("/tmp", &info) == 0 &&
                             (info.st_mode & 07777) == 01777;
                    }),
            0);
  EXPECT_FALSE(std::filesystem::exists("/tmp/fleet-private"));
}

TEST_F(ConfinementTest, TheMountsOfAnotherProcess) {
  spec_.fixed.set = Confinement::kPrivateTmp;
  int to_us[2];
  int to_it[2];
  ASSERT_EQ(pipe(to_us), 0);
  ASSERT_EQ(pipe(to_it), 0);
  pid_t worker = fork();
  if (worker == 0) {
    const char* failed = Confine(spec_, false);
    if (failed == nullptr) std::ofstream("/tmp/fleet-private") << "its own";
    char byte = 'x';
    write(to_us[1], &byte, 1);
    close(to_it[1]);
    read(to_it[0], &byte, 1);
    _exit(0);
  }
  char byte = 0;
  EXPECT_EQ(read(to_us[0], &byte, 1), 1);
  spec_.fixed.mounts_of = worker;
  EXPECT_EQ(InChild(spec_, kNobody,
                    [] { return Read("/tmp/fleet-private") == "its own"; }),
            0);
  for (int fd : {to_us[0], to_us[1], to_it[0], to_it[1]}) close(fd);
  waitpid(worker, nullptr, 0);
  // Nobody is there any more.
  EXPECT_EQ(InChild(spec_, 0, [] { return true; }), 2);
}

TEST_F(ConfinementTest, WhatFailsIsNamed) {
  spec_.fixed.n_cgroups = 1;
  spec_.cgroups[0] = "/no/such/cgroup.procs";
  EXPECT_STREQ(Confine(spec_, false), "cgroup");
  EXPECT_EQ(errno, ENOENT);
}

class CgroupTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (tree_.VersionOf("memory") == 0) {
      GTEST_SKIP() << "no cgroup for memory can be made here";
    }
    limits_.memory_max_bytes = 48 << 20;
  }
  void TearDown() override {
    tree_.Kill(kId);
    for (pid_t pid : children_) waitpid(pid, nullptr, 0);
    tree_.Remove(kId);
  }
  // A child in the worker's group that runs `code`.
  pid_t Start(const std::vector<std::string>& procs,
              const std::function<void()>& code) {
    pid_t pid = fork();
    if (pid == 0) {
      ConfinementSpec spec{};
      for (const std::string& file : procs) {
        spec.cgroups[spec.fixed.n_cgroups++] = file.c_str();
      }
      if (Confine(spec, false) != nullptr) _exit(9);
      code();
      _exit(0);
    }
    children_.push_back(pid);
    return pid;
  }

  static constexpr agent::WorkerId kId = 0x7fff'0000'0000 + 1;
  agent::CgroupTree tree_;
  Limits limits_;
  std::vector<pid_t> children_;
};

TEST_F(CgroupTreeTest, CountsAndKillsWhatIsInIt) {
  auto procs = tree_.Make(kId, limits_);
  ASSERT_TRUE(procs.ok()) << procs.status();
  ASSERT_FALSE(procs->empty());
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  Start(*procs, [&] {
    // What has left its session, and its parent, is in the group all the same.
    pid_t between = fork();
    if (between == 0) {
      setsid();
      if (fork() != 0) _exit(0);
    } else {
      waitpid(between, nullptr, 0);
    }
    if (write(ready[1], "x", 1) != 1) _exit(8);
    volatile bool always = true;
    while (always) {
    }
  });
  char bytes[2];
  for (size_t n = 0; n < 2;) n += static_cast<size_t>(read(ready[0], bytes, 1));
  EXPECT_EQ(tree_.Processes(kId).size(), 2u);
  while (*tree_.Cpu(kId) < absl::Milliseconds(20)) usleep(1000);
  // A later agent finds it.
  agent::CgroupTree later;
  later.Adopt(kId);
  EXPECT_EQ(later.Processes(kId).size(), 2u);
  EXPECT_EQ(later.Kill(kId), 2);
  while (!later.Processes(kId).empty()) usleep(1000);
  EXPECT_EQ(later.Kill(kId), 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(CgroupTreeTest, TheKernelEndsWhatTakesTooMuch) {
  auto procs = tree_.Make(kId, limits_);
  ASSERT_TRUE(procs.ok()) << procs.status();
  EXPECT_EQ(tree_.OutOfMemoryKills(kId), 0);
  pid_t pid = Start(*procs, [] {
    constexpr size_t kMuch = 256 << 20;
    char* memory = static_cast<char*>(malloc(kMuch));
    for (size_t i = 0; i < kMuch; i += 4096) memory[i] = 1;
  });
  int status = 0;
  waitpid(pid, &status, 0);
  children_.clear();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_GT(tree_.OutOfMemoryKills(kId), 0);
}

TEST_F(CgroupTreeTest, LimitsThatNeedNoGroupMakeNone) {
  Limits limits;
  limits.nofile = 100;
  auto procs = tree_.Make(kId, limits);
  ASSERT_TRUE(procs.ok());
  EXPECT_TRUE(procs->empty());
  EXPECT_FALSE(tree_.Has(kId));
}

}  // namespace
}  // namespace fleet::keeper
