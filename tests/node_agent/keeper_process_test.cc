// fleet-keeper as a program, with an agent that it starts.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "node_agent/keeper/hidden_argument.h"
#include "node_agent/proc_reader.h"
#include "tests/node_agent/real_process.h"
#include "tests/rpc/core_files.h"

namespace fleet::agent {
namespace {

class KeeperProcessTest : public testing::Test {
 protected:
  RealProcess StartKeeper(const std::string& mischief = "",
                          const std::string& flag = "") {
    std::vector<std::string> argv = {BuiltProgram("fleet-keeper"),
                                     "--state-dir", dir_.path()};
    if (!flag.empty()) argv.push_back(flag);
    argv.push_back("--");
    argv.push_back(BuiltProgram("keeper_test_agent"));
    argv.push_back(mischief);
    argv.push_back(dir_.path());
    return RealProcess(argv);
  }

  // Of the lock's second line.
  pid_t AgentPid() const {
    std::ifstream lock(dir_.path() + "/keeper.lock");
    std::string word;
    pid_t keeper = 0, agent = 0;
    lock >> word >> keeper >> word >> agent;
    return agent;
  }

  static void Stop(RealProcess& keeper) {
    kill(keeper.pid(), SIGTERM);
    EndsWell(keeper);
  }

  static void EndsWell(RealProcess& keeper) {
    int status = keeper.Wait();
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }

  static bool Lives(pid_t pid) {
    const auto stat = ReadProcStat(pid);
    return stat.has_value() && stat->Lives();
  }

  // Until `signal` waits for a process that is stopped.
  static void AwaitPending(pid_t pid, int signal) {
    const uint64_t bit = uint64_t{1} << (signal - 1);
    uint64_t pending = 0;
    while ((pending & bit) == 0) {
      std::ifstream status("/proc/" + std::to_string(pid) + "/status");
      std::string word;
      while (status >> word && word != "ShdPnd:") {
      }
      ASSERT_TRUE(status >> std::hex >> pending);
    }
  }

  TempDir dir_;
};

TEST_F(KeeperProcessTest, PassesSigtermAndEndsWithItsAgent) {
  RealProcess keeper = StartKeeper();
  pid_t worker = std::stoi(keeper.ReadPast("spawned "));
  Stop(keeper);
  EXPECT_FALSE(Lives(worker));
}

// Also one of the same user, as a worker may be.
TEST_F(KeeperProcessTest, AStrangerAtItsSocketIsRefusedAndNamed) {
  RealProcess keeper = StartKeeper();
  keeper.ReadPast("spawned ");
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = dir_.path() + "/keeper.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
            0);
  EXPECT_EQ(std::stoi(keeper.ReadPast("refuses process ")), getpid());
  // What it is told, and then the end.
  char packet[4096];
  while (recv(fd, packet, sizeof packet, 0) > 0) {
  }
  close(fd);
  Stop(keeper);
}

TEST_F(KeeperProcessTest, NextAgentFindsWorkerAndDescriptor) {
  RealProcess keeper = StartKeeper();
  std::string worker = keeper.ReadPast("spawned ");
  kill(AgentPid(), SIGKILL);
  EXPECT_EQ(keeper.ReadPast("held "), "pipe kept");
  EXPECT_EQ(keeper.ReadPast("found "), "web " + worker + " child 0 0");
  Stop(keeper);
}

TEST_F(KeeperProcessTest, KeepsExitStatusForTheNextAgent) {
  RealProcess keeper = StartKeeper();
  std::string worker = keeper.ReadPast("spawned ");
  kill(std::stoi(worker), SIGUSR1);
  keeper.ReadPast("exited ");
  kill(AgentPid(), SIGKILL);
  EXPECT_EQ(keeper.ReadPast("found "),
            "web " + worker + " child 1 " + std::to_string(SIGUSR1));
  Stop(keeper);
}

TEST_F(KeeperProcessTest, NonsenseCostsTheAgentAndNoWorker) {
  for (const char* mischief :
       {"truncated", "unknown", "oversized", "cut-spawn"}) {
    SCOPED_TRACE(mischief);
    RealProcess keeper = StartKeeper(mischief);
    std::string worker = keeper.ReadPast("spawned ");
    EXPECT_NE(keeper.ReadPast("fleet-keeper: the agent sent "), "");
    EXPECT_EQ(keeper.ReadPast("found "), "web " + worker + " child 0 0");
    Stop(keeper);
  }
}

TEST_F(KeeperProcessTest, EndsWithAnAgentThatCannotBeConfigured) {
  RealProcess keeper = StartKeeper("config-error");
  int status = keeper.Wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 78);
}

TEST_F(KeeperProcessTest, SecondKeeperNamesTheFirst) {
  RealProcess keeper = StartKeeper();
  keeper.ReadPast("spawned ");
  RealProcess second = StartKeeper();
  EXPECT_EQ(second.ReadPast("in use by the keeper with pid ").substr(0, 3),
            std::to_string(keeper.pid()).substr(0, 3));
  int status = second.Wait();
  EXPECT_EQ(WEXITSTATUS(status), 1);
  Stop(keeper);
}

TEST_F(KeeperProcessTest, StandbyPassesSigtermOn) {
  RealProcess keeper = StartKeeper();
  keeper.ReadPast("spawned ");
  RealProcess standby = StartKeeper("", "--wait");
  standby.ReadPast("stands by");
  kill(standby.pid(), SIGTERM);
  EXPECT_EQ(standby.Wait(), 0);
  EXPECT_EQ(keeper.Wait(), 0);
}

TEST_F(KeeperProcessTest, StandbyTakesOverTheRunningAgent) {
  RealProcess keeper = StartKeeper();
  std::string worker = keeper.ReadPast("spawned ");
  pid_t agent = AgentPid();
  RealProcess standby = StartKeeper("", "--wait");
  standby.ReadPast("stands by");
  kill(keeper.pid(), SIGKILL);
  EXPECT_EQ(standby.ReadPast("takes over agent "), std::to_string(agent));
  // The next agent learns from it of the worker, a stranger's child by now.
  EXPECT_EQ(keeper.ReadPast("handed over"), " ");
  kill(agent, SIGKILL);
  EXPECT_EQ(standby.ReadPast("held "), "pipe kept");
  EXPECT_EQ(standby.ReadPast("found "), "web " + worker + " stranger 0 0");
  Stop(standby);
}

// The holder is killed before it has followed the order.
TEST_F(KeeperProcessTest, AStopOutlivesTheKeeperThatItWasFor) {
  RealProcess keeper = StartKeeper();
  pid_t worker = std::stoi(keeper.ReadPast("spawned "));
  RealProcess standby = StartKeeper("", "--wait");
  standby.ReadPast("stands by");
  kill(keeper.pid(), SIGSTOP);
  kill(standby.pid(), SIGTERM);
  AwaitPending(keeper.pid(), SIGTERM);
  kill(keeper.pid(), SIGKILL);
  EXPECT_NE(standby.ReadPast("takes over agent "), "");
  EndsWell(standby);
  EXPECT_FALSE(Lives(worker));
}

TEST_F(KeeperProcessTest, WhatIsLeftIsStoppedButNotBeforeARestart) {
  RealProcess keeper = StartKeeper();
  std::string worker = keeper.ReadPast("spawned ");
  const pid_t agent = AgentPid();
  kill(keeper.pid(), SIGKILL);
  kill(agent, SIGKILL);
  keeper.Wait();
  setenv("SERVICE_RESULT", "signal", 1);
  RealProcess after_crash = StartKeeper("", "--stop-rest");
  EndsWell(after_crash);
  EXPECT_TRUE(Lives(std::stoi(worker)));
  setenv("SERVICE_RESULT", "success", 1);
  RealProcess after_stop = StartKeeper("", "--stop-rest");
  EXPECT_EQ(after_stop.ReadPast("found "), "web " + worker + " stranger 0 0");
  EndsWell(after_stop);
  EXPECT_FALSE(Lives(std::stoi(worker)));
  // Then there is nothing to be done, and nobody to do it.
  RealProcess again = StartKeeper("", "--stop-rest");
  EXPECT_EQ(again.ReadPast("stopping"), "");
  EndsWell(again);
  unsetenv("SERVICE_RESULT");
}

TEST_F(KeeperProcessTest, EndsAfterWhatItsAgentHasLeft) {
  RealProcess keeper = StartKeeper("careless");
  pid_t worker = std::stoi(keeper.ReadPast("spawned "));
  Stop(keeper);
  EXPECT_FALSE(Lives(worker));
}

std::string CommandLineOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The agent is given it, and hides it in its own way.
TEST_F(KeeperProcessTest, ATokenAmongItsArgumentsIsNotSeen) {
  const std::string token = "fleet_join_0123";
  RealProcess keeper({BuiltProgram("fleet-keeper"), "--state-dir", dir_.path(),
                      "--", BuiltProgram("keeper_test_agent"), "", dir_.path(),
                      "--join", token});
  keeper.ReadPast("spawned ");
  const std::string seen = CommandLineOf(keeper.pid());
  EXPECT_EQ(seen.find(token), std::string::npos) << seen;
  EXPECT_NE(seen.find(dir_.path()), std::string::npos) << seen;
  EXPECT_NE(CommandLineOf(AgentPid()).find(token), std::string::npos);
  Stop(keeper);
}

TEST_F(KeeperProcessTest, LeavesNoCoreFileOfTheEnvironmentsItHasSeen) {
  const CoreFiles cores(dir_.path());
  if (!CoreFiles::AreLeft()) GTEST_SKIP() << "no core files here";
  RealProcess keeper = StartKeeper();
  keeper.ReadPast("spawned ");
  const pid_t agent = AgentPid();
  kill(keeper.pid(), SIGABRT);
  const int status = keeper.Wait();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(WCOREDUMP(status));
  kill(agent, SIGKILL);
  RealProcess rest = StartKeeper("", "--stop-rest");
  EndsWell(rest);
}

TEST(HiddenArgument, ItsValueIsShownToTheProgramAlone) {
  std::vector<std::string> shown = {"fleet-agent", "--join=ab",   "--join",
                                    "secret",      "--join-file", "file",
                                    "--joined",    "x",           "--join"};
  std::vector<char*> argv;
  for (std::string& argument : shown) argv.push_back(argument.data());
  argv.push_back(nullptr);
  EXPECT_TRUE(keeper::HideArgument(argv.data(), "--join"));
  EXPECT_EQ(shown, (std::vector<std::string>{
                       "fleet-agent", "--join=**", "--join", "******",
                       "--join-file", "file", "--joined", "x", "--join"}));
  EXPECT_STREQ(argv[1], "--join=ab");
  EXPECT_STREQ(argv[3], "secret");
  argv = {argv[0], nullptr};
  EXPECT_FALSE(keeper::HideArgument(argv.data(), "--join"));
}

TEST_F(KeeperProcessTest, UsageErrorsAreTold) {
  RealProcess keeper({BuiltProgram("fleet-keeper"), "--what"});
  EXPECT_NE(keeper.ReadPast("usage: "), "");
  EXPECT_EQ(WEXITSTATUS(keeper.Wait()), 2);
}

}  // namespace
}  // namespace fleet::agent
