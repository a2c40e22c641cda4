#include "proto/rpc/private_memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/rpc/temp_folder.h"

namespace fleet {
namespace {

// How a child ends that is killed by a signal that leaves a core file.
int StatusOfCrash(bool keep_private, const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &all);
    if (chdir(folder.c_str()) != 0) _exit(1);
    if (keep_private) KeepMemoryPrivate();
    signal(SIGQUIT, SIG_DFL);
    raise(SIGQUIT);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(PrivateMemory, ACrashLeavesNoCore) {
  TempFolder folder;
  const int usual = StatusOfCrash(false, folder.File(""));
  ASSERT_TRUE(WIFSIGNALED(usual));
  if (!WCOREDUMP(usual)) GTEST_SKIP() << "core files are turned off here";
  const int kept = StatusOfCrash(true, folder.File(""));
  ASSERT_TRUE(WIFSIGNALED(kept));
  EXPECT_FALSE(WCOREDUMP(kept));
}

TEST(PrivateMemory, WhatIsStartedIsNotConcerned) {
  const pid_t child = fork();
  if (child == 0) {
    KeepMemoryPrivate();
    if (prctl(PR_GET_DUMPABLE) != 0) _exit(1);
    // A process whose memory is private does not own its folder in /proc.
    execl("/bin/sh", "sh", "-c", "exec test -O /proc/$$/environ", nullptr);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace fleet
