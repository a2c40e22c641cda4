// The test is the agent: a keeper that it starts itself takes it for one.
#include "node_agent/keeper_connection.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node_agent/marked_process.h"
#include "node_agent/process_tree.h"
#include "proto/rpc/status.h"
#include "tests/node_agent/real_process.h"

namespace fleet::agent {
namespace {

// Ids are unique on the machine, also when tests run side by side.
WorkerId Id(int number) {
  return (static_cast<WorkerId>(getpid()) << 32) +
         static_cast<WorkerId>(number);
}

class Recorder : public KeeperClient::Events {
 public:
  void OnSpawned(WorkerId id, pid_t pid, uint64_t start_ticks) override {
    EXPECT_GT(start_ticks, 0U);
    pids[id] = pid;
  }
  void OnSpawnFailed(WorkerId id, const std::string& step,
                     int error_number) override {
    failures[id] = {step, error_number};
  }
  void OnExited(WorkerId id, ProcessExit exit) override {
    EXPECT_FALSE(exits.contains(id));
    exits[id] = exit;
  }

  std::map<WorkerId, pid_t> pids;
  std::map<WorkerId, std::pair<std::string, int>> failures;
  std::map<WorkerId, ProcessExit> exits;
};

class KeeperConnectionTest : public testing::Test {
 protected:
  // Orphans of a killed keeper become the test's, to be reaped by it.
  KeeperConnectionTest() : loop_(clock_) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    Connect();
  }

  ~KeeperConnectionTest() override {
    for (const auto& [id, pid] : events_.pids) {
      if (!events_.exits.contains(id)) kill(pid, SIGKILL);
    }
    pid_t keeper = keeper_->keeper_pid();
    keeper_.reset();
    kill(keeper, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
  }

  Inventory Connect() {
    keeper_.reset();
    KeeperOptions options;
    options.keeper_binary = BuiltProgram("fleet-keeper");
    options.state_dir = dir_.path();
    options.agent_argv = {"/bin/true"};
    auto keeper = KeeperConnection::Connect(loop_, options);
    EXPECT_TRUE(keeper.ok()) << keeper.status();
    keeper_ = std::move(keeper).value();
    keeper_->SetEvents(&events_);
    return keeper_->TakeInventory();
  }

  static SpawnRequest Shell(int number, const std::string& script) {
    WorkerId id = Id(number);
    SpawnRequest request;
    request.id = id;
    request.tag = "tag-" + std::to_string(number);
    request.executable = "/bin/sh";
    request.argv = {"sh", "-c", script};
    request.env = {"PATH=/usr/bin:/bin",
                   std::string(kWorkerMarker) + "=" + std::to_string(id)};
    return request;
  }

  bool Run(const std::function<bool()>& done) { return RunUntil(loop_, done); }

  // Runs the script with its stdout in a pipe; all that it writes.
  std::string Output(SpawnRequest request) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) abort();
    UniqueFd in(fds[0]);
    request.child_fds.push_back({fds[1], 1});
    WorkerId id = request.id;
    keeper_->Spawn(std::move(request));
    close(fds[1]);
    EXPECT_TRUE(Run([&] { return events_.exits.contains(id); }));
    std::string text;
    char block[4096];
    while (true) {
      ssize_t n = read(in.get(), block, sizeof block);
      if (n <= 0) return text;
      text.append(block, static_cast<size_t>(n));
    }
  }

  void KillKeeper() {
    pid_t old = keeper_->keeper_pid();
    kill(old, SIGKILL);
    ASSERT_TRUE(Run(
        [&] { return keeper_->keeper_pid() != old && keeper_->connected(); }));
  }

  TempDir dir_;
  SystemClock clock_;
  EventLoop loop_;
  Recorder events_;
  std::unique_ptr<KeeperConnection> keeper_;
};

TEST_F(KeeperConnectionTest, TellsHowProcessesEnd) {
  keeper_->Spawn(Shell(1, "exit 7"));
  keeper_->Spawn(Shell(2, "kill -9 $$"));
  ASSERT_TRUE(Run([&] { return events_.exits.size() == 2; }));
  EXPECT_EQ(events_.exits[Id(1)].kind, ProcessExit::Kind::kExited);
  EXPECT_EQ(events_.exits[Id(1)].value, 7);
  EXPECT_EQ(events_.exits[Id(2)].kind, ProcessExit::Kind::kSignaled);
  EXPECT_EQ(events_.exits[Id(2)].value, SIGKILL);
}

TEST_F(KeeperConnectionTest, TellsWhetherAnExitHasLeftAnything) {
  keeper_->Spawn(Shell(1, "sleep 600 & kill $!; wait; exit 1"));
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  EXPECT_TRUE(events_.exits[Id(1)].tree_gone);
  pid_t orphan =
      std::stoi(Output(Shell(2, "setsid sleep 600 >/dev/null 2>&1 & echo $!")));
  EXPECT_FALSE(events_.exits[Id(2)].tree_gone);
  // Whose it is the keeper cannot say.
  keeper_->Spawn(Shell(3, "exit 0"));
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(3)); }));
  EXPECT_FALSE(events_.exits[Id(3)].tree_gone);
  kill(orphan, SIGKILL);
  ASSERT_TRUE(Run([&] { return kill(orphan, 0) != 0; }));
  keeper_->Spawn(Shell(4, "exit 0"));
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(4)); }));
  EXPECT_TRUE(events_.exits[Id(4)].tree_gone);
}

TEST_F(KeeperConnectionTest, TellsOfEachThatEndsTogetherWithOthers) {
  constexpr int kCount = 40;
  for (int number = 1; number <= kCount; ++number) {
    keeper_->Spawn(Shell(number, "exec sleep 600"));
  }
  ASSERT_TRUE(Run([&] { return events_.pids.size() == kCount; }));
  for (const auto& [id, pid] : events_.pids) kill(pid, SIGTERM);
  ASSERT_TRUE(Run([&] { return events_.exits.size() == kCount; }));
  for (const auto& [id, exit] : events_.exits) {
    EXPECT_EQ(exit.kind, ProcessExit::Kind::kSignaled) << id;
    EXPECT_EQ(exit.value, SIGTERM) << id;
    EXPECT_TRUE(exit.tree_gone) << id;
  }
}

TEST_F(KeeperConnectionTest, TellsWhatFailed) {
  SpawnRequest no_program = Shell(1, "");
  no_program.executable = "/no/such/program";
  SpawnRequest no_folder = Shell(2, "");
  no_folder.cwd = "/no/such/folder";
  SpawnRequest relative = Shell(3, "");
  relative.executable = "sh";
  keeper_->Spawn(no_program);
  keeper_->Spawn(no_folder);
  keeper_->Spawn(relative);
  ASSERT_TRUE(Run([&] { return events_.failures.size() == 3; }));
  EXPECT_EQ(events_.failures[Id(1)],
            std::make_pair(std::string("execve"), ENOENT));
  EXPECT_EQ(events_.failures[Id(2)],
            std::make_pair(std::string("chdir"), ENOENT));
  EXPECT_EQ(events_.failures[Id(3)].first, "request");
}

TEST_F(KeeperConnectionTest, ChildHasExactlyItsDescriptors) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  keeper_->Hold("another", fds[0]);
  SpawnRequest request = Shell(1, "cd /proc/$$/fd && echo *");
  for (int as : {9, 4, 5, 6, 7, 8, 3}) {
    request.child_fds.push_back({fds[0], as});
  }
  // 10 is the shell's own, for reading the folder.
  EXPECT_EQ(Output(request), "0 1 10 2 3 4 5 6 7 8 9\n");
  close(fds[0]);
  close(fds[1]);
}

// In the keeper they come as consecutive numbers, low ones in a fresh keeper:
// each is in another's place.
TEST_F(KeeperConnectionTest, DescriptorsDoNotOverwriteEachOther) {
  constexpr int kCount = 20;
  SpawnRequest request = Shell(1, "for i in 3 4 5 6 7 8 9; do cat <&$i; done");
  std::vector<UniqueFd> ends;
  for (int i = 0; i < kCount; ++i) {
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
    std::string text = std::to_string(i) + " ";
    ASSERT_GT(write(fds[1], text.data(), text.size()), 0);
    close(fds[1]);
    ends.emplace_back(fds[0]);
    request.child_fds.push_back({fds[0], 3 + kCount - 1 - i});
  }
  EXPECT_EQ(Output(request), "19 18 17 16 15 14 13 ");
}

TEST_F(KeeperConnectionTest, ListenPidIsTheChilds) {
  SpawnRequest request = Shell(1, "[ $LISTEN_PID = $$ ] && echo same");
  request.env.push_back("LISTEN_PID=");
  EXPECT_EQ(Output(request), "same\n");
}

TEST_F(KeeperConnectionTest, LargeEnvironmentArrives) {
  SpawnRequest request = Shell(1, "env | wc -c");
  for (int i = 0; i < 10; ++i) {
    request.env.push_back("BIG" + std::to_string(i) + "=" +
                          std::string(100000, 'x'));
  }
  EXPECT_GT(std::stoi(Output(request)), 1000000);
}

TEST_F(KeeperConnectionTest, SignalsGoToProcessOrGroup) {
  keeper_->Spawn(Shell(1, "sleep 600 & wait"));
  // Before the answer has come.
  keeper_->Signal(Id(1), SIGTERM, /*group=*/true);
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  EXPECT_EQ(events_.exits[Id(1)].value, SIGTERM);
  EXPECT_TRUE(Run([&] { return kill(-events_.pids[Id(1)], 0) != 0; }));
}

TEST_F(KeeperConnectionTest, LaterAgentFindsWhatIsThere) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  keeper_->Hold("a", fds[0]);
  keeper_->Hold("b", fds[0]);
  keeper_->Hold("b", fds[1]);
  keeper_->Hold("c", fds[0]);
  keeper_->Drop("c");
  keeper_->Spawn(Shell(1, "exec sleep 600"));
  keeper_->Spawn(Shell(2, "exit 3"));
  keeper_->Spawn(Shell(3, "exit 4"));
  ASSERT_TRUE(Run([&] { return events_.exits.size() == 2; }));
  keeper_->AckExit(Id(3));
  Inventory found = Connect();
  ASSERT_EQ(found.processes.size(), 2U);
  EXPECT_EQ(found.processes[0].tag, "tag-1");
  EXPECT_EQ(found.processes[0].pid, events_.pids[Id(1)]);
  EXPECT_TRUE(found.processes[0].is_child);
  EXPECT_TRUE(found.processes[1].ended);
  EXPECT_EQ(found.processes[1].exit.value, 3);
  ASSERT_EQ(found.held.size(), 2U);
  EXPECT_EQ(found.held[0].name, "a");
  EXPECT_EQ(found.held[1].name, "b");
  struct stat kept {
  }, original{};
  fstat(found.held[1].fd.get(), &kept);
  fstat(fds[1], &original);
  EXPECT_EQ(kept.st_ino, original.st_ino);
  close(fds[0]);
  close(fds[1]);
}

TEST_F(KeeperConnectionTest, WhatIsHeldWithAProcessGoesWithItsAck) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  for (int number : {1, 2}) {
    SpawnRequest request = Shell(number, "echo $$; exec sleep 600");
    request.child_fds = {
        {fds[1], 1},
        {fds[0], SpawnRequest::kNotForChild, "log/" + std::to_string(number)}};
    keeper_->Spawn(std::move(request));
  }
  SpawnRequest bad = Shell(3, "");
  bad.executable = "/no/such/program";
  bad.child_fds = {{fds[0], SpawnRequest::kNotForChild, "log/3"}};
  keeper_->Spawn(std::move(bad));
  ASSERT_TRUE(Run([&] {
    return events_.pids.size() == 2 && events_.failures.contains(Id(3));
  }));
  EXPECT_EQ(Connect().held.size(), 2U);
  KillKeeper();
  Inventory found = Connect();
  ASSERT_EQ(found.held.size(), 2U);
  EXPECT_EQ(found.held[0].owner, Id(1));
  keeper_->Signal(Id(1), SIGKILL, false);
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  keeper_->AckExit(Id(1));
  found = Connect();
  ASSERT_EQ(found.held.size(), 1U);
  EXPECT_EQ(found.held[0].name, "log/2");
  close(fds[0]);
  close(fds[1]);
}

TEST_F(KeeperConnectionTest, NextKeeperTakesOverEverything) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  keeper_->Hold("pipe", fds[0]);
  keeper_->Spawn(Shell(1, "exec sleep 600"));
  keeper_->Spawn(Shell(2, "exit 3"));
  ASSERT_TRUE(Run([&] {
    return events_.exits.contains(Id(2)) && events_.pids.contains(Id(1));
  }));
  KillKeeper();
  EXPECT_EQ(kill(events_.pids[Id(1)], 0), 0);
  EXPECT_EQ(keeper_->keepers_lost(), 1);

  // The exit that was not acked, the worker and the descriptor are there.
  Inventory found = Connect();
  ASSERT_EQ(found.processes.size(), 2U);
  EXPECT_FALSE(found.processes[0].is_child);
  EXPECT_FALSE(found.processes[0].ended);
  EXPECT_EQ(found.processes[1].exit.value, 3);
  ASSERT_EQ(found.held.size(), 1U);

  keeper_->Signal(Id(1), SIGKILL, false);
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  EXPECT_EQ(events_.exits[Id(1)].kind, ProcessExit::Kind::kUnknown);
  close(fds[0]);
  close(fds[1]);
}

TEST_F(KeeperConnectionTest, RequestsWaitForTheNextKeeper) {
  keeper_->Spawn(Shell(1, "exit 1"));
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  kill(keeper_->keeper_pid(), SIGKILL);
  keeper_->Spawn(Shell(2, "exit 2"));
  ASSERT_TRUE(Run([&] { return keeper_->keepers_lost() == 1; }));
  keeper_->Spawn(Shell(3, "exit 3"));
  keeper_->AckExit(Id(1));
  ASSERT_TRUE(Run([&] { return events_.exits.size() == 3; }));
  EXPECT_EQ(events_.exits[Id(2)].value, 2);
  EXPECT_EQ(events_.exits[Id(3)].value, 3);
}

// Whether the keeper died before or after it started the process: it runs
// once.
TEST_F(KeeperConnectionTest, UnansweredSpawnIsNotDoneTwice) {
  std::string file = dir_.path() + "/started";
  for (int number = 1; number <= 20; ++number) {
    pid_t old = keeper_->keeper_pid();
    keeper_->Spawn(Shell(number, "echo x >> " + file + "; exec sleep 600"));
    kill(old, SIGKILL);
    ASSERT_TRUE(Run([&] {
      return events_.pids.contains(Id(number)) && keeper_->keeper_pid() != old;
    }));
  }
  ASSERT_TRUE(Run([&] {
    return std::filesystem::exists(file) &&
           std::filesystem::file_size(file) >= 40;
  }));
  EXPECT_EQ(std::filesystem::file_size(file), 40U);
}

// A worker that goes on as a process which its first one has left behind.
TEST_F(KeeperConnectionTest, AnotherMainProcessIsAnsweredForAfterTheFirst) {
  for (bool ended : {false, true}) {
    WorkerId id = Id(ended ? 2 : 1);
    std::string file = dir_.path() + "/child" + std::to_string(id);
    // The child outlives the shell, which ends at once or when it is told to.
    keeper_->Spawn(Shell(
        ended ? 2 : 1,
        "setsid sh -c 'while [ ! -e " + file +
            ".end ]; do sleep 0.01; done; exit 5' & echo $! > " + file +
            ".new; mv " + file + ".new " + file +
            (ended ? ""
                   : "; while [ ! -e " + file + ".go ]; do sleep 0.01; done")));
    ASSERT_TRUE(Run([&] {
      return access(file.c_str(), R_OK) == 0 && events_.pids.contains(id);
    }));
    pid_t child = 0;
    std::ifstream(file) >> child;
    ASSERT_GT(child, 0);
    if (ended) {
      ASSERT_TRUE(Run([&] { return events_.exits.contains(id); }));
      events_.exits.erase(id);
    }
    std::optional<ProcStat> stat = ReadProcStat(child);
    ASSERT_TRUE(stat.has_value());
    keeper_->SetMain(id, child, stat->start_ticks);
    std::ofstream(file + ".go") << "go";
    // Messages keep their order: the keeper has had that one.
    keeper_->Spawn(Shell(ended ? 4 : 3, "exit 0"));
    ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(ended ? 4 : 3)); }));
    // A later agent is told of that one.
    Inventory inventory = Connect();
    auto listed =
        std::find_if(inventory.processes.begin(), inventory.processes.end(),
                     [&](const auto& p) { return p.id == id; });
    ASSERT_NE(listed, inventory.processes.end());
    EXPECT_EQ(listed->pid, child);
    EXPECT_FALSE(listed->ended);
    // Until the first one is gone nobody but it could learn the code.
    ASSERT_TRUE(Run([&] {
      auto now = ReadProcStat(child);
      return now.has_value() && now->ppid == keeper_->keeper_pid();
    }));
    std::ofstream(file + ".end") << "end";
    ASSERT_TRUE(Run([&] { return events_.exits.contains(id); }));
    EXPECT_EQ(events_.exits[id].kind, ProcessExit::Kind::kExited);
    EXPECT_EQ(events_.exits[id].value, 5);
    keeper_->AckExit(id);
  }
}

TEST_F(KeeperConnectionTest, TheMarkOutlivesEnvironmentSessionAndParents) {
  std::string file = dir_.path() + "/child";
  keeper_->Spawn(Shell(1, "(setsid env -i /bin/sleep 1000 & echo $! > " + file +
                              ".new; mv " + file + ".new " + file + ")"));
  ASSERT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
  pid_t child = 0;
  std::ifstream(file) >> child;
  ASSERT_GT(child, 0);
  ASSERT_TRUE(Run([&] {
    std::string name;
    std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
    return name == "sleep";
  }));
  EXPECT_FALSE(ReadProcEnviron(child, kWorkerMarker).has_value());
  EXPECT_EQ(ReadWorkerMark(child), Id(1));
  EXPECT_EQ(ReadWorkerMark(getpid()), 0u);
  kill(child, SIGKILL);
}

TEST_F(KeeperConnectionTest, StrangersAreRefused) {
  pid_t child = fork();
  if (child == 0) {
    SystemClock clock;
    EventLoop loop(clock);
    KeeperOptions options;
    options.keeper_binary = "/bin/false";
    options.state_dir = dir_.path();
    options.agent_argv = {"/bin/true"};
    auto keeper = KeeperConnection::Connect(loop, options);
    _exit(absl::IsFailedPrecondition(keeper.status()) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  keeper_->Spawn(Shell(1, "exit 0"));
  EXPECT_TRUE(Run([&] { return events_.exits.contains(Id(1)); }));
}

}  // namespace
}  // namespace fleet::agent
