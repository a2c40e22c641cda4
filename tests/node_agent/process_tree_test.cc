#include "node_agent/process_tree.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node_agent/marked_process.h"
#include "node_agent/process_sampler.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

TEST(ParseProcStatTest, ReadsFieldsAfterAnyName) {
  std::optional<ProcStat> stat = ParseProcStat(
      "42 (a) b (c)) S 7 41 40 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 "
      "2\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 42);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->ppid, 7);
  EXPECT_EQ(stat->pgrp, 41);
  EXPECT_EQ(stat->session, 40);
  EXPECT_EQ(stat->start_ticks, 9876U);
  EXPECT_EQ(stat->threads, 1);
}

TEST(ParseProcStatTest, AProcessLivesAsLongAsAnyOfItsThreads) {
  const std::string numbers = " 7 41 40 0 -1 0 1 2 3 4 5 6 7 8 20 0 ";
  const auto lives = [&](const std::string& state, const std::string& threads) {
    return ParseProcStat("42 (a) " + state + numbers + threads + " 0 9 1")
        ->Lives();
  };
  EXPECT_TRUE(lives("S", "1"));
  EXPECT_FALSE(lives("Z", "1"));
  EXPECT_TRUE(lives("Z", "2"));
}

TEST(ParseProcStatTest, RefusesWhatIsNone) {
  for (const char* text : {"", "42", "42 (sh", "42 (sh) S 1 2 3", "x (sh) S"}) {
    EXPECT_FALSE(ParseProcStat(text).has_value()) << text;
  }
}

// Ids are unique on the machine, also when tests run side by side.
WorkerId Id(int number) {
  return (static_cast<WorkerId>(getpid()) << 32) +
         static_cast<WorkerId>(number);
}

// The test is the keeper: parent of workers and subreaper of their orphans.
class ProcessTreeTest : public testing::Test {
 protected:
  ProcessTreeTest() : loop_(clock_), tree_(loop_, getpid()) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(ready_, O_CLOEXEC) != 0) abort();
  }
  ~ProcessTreeTest() override {
    for (pid_t pid : ReadProcChildren(getpid())) kill(pid, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
      for (pid_t pid : ReadProcChildren(getpid())) kill(pid, SIGKILL);
    }
    close(ready_[0]);
    close(ready_[1]);
  }

  // A worker that runs the script, which says "ready" by writing a line to
  // descriptor 9.
  WorkerRoot Start(int number, const std::string& script, int lines = 1) {
    WorkerId id = Id(number);
    std::string marker = std::string(kWorkerMarker) + "=" + std::to_string(id);
    pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      dup2(ready_[1], 9);
      std::vector<char*> env = {marker.data(), nullptr};
      execle("/bin/sh", "sh", "-c", script.c_str(), nullptr, env.data());
      _exit(127);
    }
    char c;
    for (int seen = 0; seen < lines && read(ready_[0], &c, 1) == 1;) {
      if (c == '\n') ++seen;
    }
    return {id, pid, ReadProcStat(pid).value().start_ticks};
  }

  void EndMain(const WorkerRoot& root) {
    kill(root.pid, SIGKILL);
    waitpid(root.pid, nullptr, 0);
    loop_.RunOnce(absl::ZeroDuration());
  }

  // Calls KillTree until nothing is left, and reaps meanwhile.
  bool KillAll(const WorkerRoot& root) {
    return RunUntil(loop_, [&] {
      int left = tree_.KillTree(root);
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return left == 0;
    });
  }

  SystemClock clock_;
  EventLoop loop_;
  ProcessTree tree_;
  int ready_[2];
};

TEST_F(ProcessTreeTest, FindsDescendantsMainFirst) {
  WorkerRoot root = Start(
      1, "sh -c 'sleep 600 & echo >&9; wait' & sleep 600 & echo >&9; wait", 2);
  std::vector<ProcessRef> tree = tree_.FindTree(root);
  ASSERT_EQ(tree.size(), 4U);
  EXPECT_EQ(tree[0].pid, root.pid);
  EXPECT_TRUE(KillAll(root));
}

TEST_F(ProcessTreeTest, FindsOrphansOfAnotherSessionByTheirMarker) {
  WorkerRoot root =
      Start(1, "setsid sh -c 'echo >&9; exec sleep 600' & wait; sleep 600");
  WorkerRoot other =
      Start(2, "setsid sh -c 'echo >&9; exec sleep 600' & wait; sleep 600");
  EndMain(root);
  EndMain(other);
  EXPECT_EQ(tree_.FindTree(root).size(), 1U);
  EXPECT_TRUE(KillAll(root));
  EXPECT_EQ(tree_.FindTree(other).size(), 1U);
  EXPECT_TRUE(KillAll(other));
}

TEST_F(ProcessTreeTest, FindsOrphansWithoutMarkerByTheirGroup) {
  WorkerRoot root = Start(
      1, "env -i sh -c 'echo >&9; exec /bin/sleep 600' & wait; sleep 600");
  EndMain(root);
  EXPECT_EQ(tree_.FindTree(root).size(), 1U);
  EXPECT_TRUE(KillAll(root));
}

TEST_F(ProcessTreeTest, RemembersWhatHidesLater) {
  WorkerRoot root =
      Start(1,
            "setsid env -i sh -c 'echo >&9; exec /bin/sleep 600' & wait; "
            "sleep 600");
  tree_.Remember(root);
  EndMain(root);
  EXPECT_EQ(tree_.FindTree(root).size(), 1U);
  EXPECT_TRUE(KillAll(root));
}

// The one that hides is a child of an orphan, and the worker itself has none.
TEST_F(ProcessTreeTest, RemembersWhatAnOrphanHasStarted) {
  WorkerRoot root = Start(
      1,
      "(setsid sh -c 'setsid env -i sh -c \"echo >&9; exec /bin/sleep 600\" & "
      "wait; sleep 600' &); exec sleep 600");
  tree_.NoteMain(root.pid);
  ASSERT_TRUE(ReadProcChildren(root.pid).empty());
  tree_.Remember(root);
  for (const ProcessRef& process : tree_.FindTree(root)) {
    if (ReadProcChildren(process.pid).empty()) continue;
    kill(process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
  }
  loop_.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(tree_.FindTree(root).size(), 2U);
  EXPECT_TRUE(KillAll(root));
}

TEST_F(ProcessTreeTest, FindsOrphansOfADeadKeeperInTheWholeSystem) {
  // It executes nothing any more when it is looked for: meanwhile it would have
  // no marker.
  WorkerRoot root =
      Start(1, "setsid sh -c 'echo >&9; kill -STOP $$' & wait; sleep 600");
  EndMain(root);
  ProcessTree tree(loop_, /*keeper_pid=*/1);
  tree.ScanWholeSystem();
  EXPECT_EQ(tree.FindTree(root).size(), 1U);
  EXPECT_TRUE(KillAll(root));
}

TEST_F(ProcessTreeTest, LeavesTheNextOwnerOfThePidAlone) {
  WorkerRoot root = Start(1, "echo >&9; exec sleep 600");
  WorkerRoot earlier = {Id(2), root.pid, root.start_ticks - 1};
  EXPECT_TRUE(tree_.FindTree(earlier).empty());
  EXPECT_EQ(tree_.KillTree(earlier), 0);
  EXPECT_EQ(kill(root.pid, 0), 0);
}

// As a process is, for a moment, while it executes another program.
TEST_F(ProcessTreeTest, LeavesItAloneWhenItHasNoMarkerYet) {
  WorkerRoot root =
      Start(1, "exec env -i /bin/sh -c 'echo >&9; exec /bin/sleep 600'");
  WorkerRoot earlier = {Id(2), root.pid, root.start_ticks - 1};
  EXPECT_TRUE(tree_.FindTree(earlier).empty());
  EXPECT_EQ(tree_.KillTree(earlier), 0);
  EXPECT_EQ(kill(root.pid, 0), 0);
}

TEST_F(ProcessTreeTest, FindsMainProcessByMarker) {
  WorkerRoot root = Start(1, "sleep 600 & echo >&9; wait");
  EXPECT_EQ(ProcessTree::FindByMarker(Id(1)), root.pid);
  EXPECT_EQ(ProcessTree::FindByMarker(Id(2)), 0);
}

TEST(ReadProcChildrenTest, SeesEveryChildWhileOthersAreReaped) {
  std::vector<pid_t> kept;
  std::vector<pid_t> dying;
  for (int i = 0; i < 60; ++i) {
    pid_t pid = fork();
    if (pid == 0) {
      if (i % 2 == 0) _exit(0);
      pause();
      _exit(0);
    }
    (i % 2 == 0 ? dying : kept).push_back(pid);
  }
  for (pid_t pid : dying) {
    waitpid(pid, nullptr, 0);
    std::vector<pid_t> children = ReadProcChildren(getpid());
    std::sort(children.begin(), children.end());
    EXPECT_TRUE(std::includes(children.begin(), children.end(), kept.begin(),
                              kept.end()));
  }
  for (pid_t pid : kept) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

}  // namespace
}  // namespace fleet::agent
