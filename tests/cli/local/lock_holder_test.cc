#include "cli/local/lock_holder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "cli/controller_address.h"
#include "cli/local/background_program.h"
#include "tests/cli/spec_file/temp_folder.h"

namespace fleet::cli {
namespace {

TEST(ControllerAddress, FlagThenVariableThenThisUsersOwn) {
  std::map<std::string, std::string> variables = {{"HOME", "/home/ann"}};
  const Environment env = [&](const std::string& name) {
    return variables[name];
  };
  std::string existing;
  const FileExists exists = [&](const std::string& path) {
    return path == existing;
  };
  EXPECT_EQ(LocalStateFolder(env), "/home/ann/.local/state/fleet");
  ControllerAddress address = FindController("", env, exists);
  EXPECT_EQ(address.text,
            "unix:/home/ann/.local/state/fleet/run/controller.sock");
  EXPECT_TRUE(address.local);
  variables["XDG_STATE_HOME"] = "/state";
  variables["XDG_RUNTIME_DIR"] = "/run/user/7";
  EXPECT_EQ(LocalStateFolder(env), "/state/fleet");
  EXPECT_EQ(FindController("", env, exists).text,
            "unix:/run/user/7/fleet/controller.sock");
  existing = "/state/fleet/run/controller.sock";
  EXPECT_EQ(FindController("", env, exists).text, "unix:" + existing);
  variables["FLEET_CONTROLLER"] = "10.0.0.1:7443";
  address = FindController("", env, exists);
  EXPECT_EQ(address.text, "10.0.0.1:7443");
  EXPECT_FALSE(address.local);
  EXPECT_EQ(FindController("unix:/x", env, exists).text, "unix:/x");
}

TEST(LockHolder, IsWhoHoldsTheLockNotWhoWroteTheFile) {
  TempFolder folder;
  const std::string path = folder.Write("a.lock", "keeper 4711\nagent 5 6\n");
  EXPECT_FALSE(LockHolder(path).has_value());
  EXPECT_FALSE(LockHolder(folder.path() + "/none").has_value());
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  EXPECT_EQ(LockHolder(path), 4711);
  EXPECT_FALSE(HolderWasKilled(path));
  close(fd);
  EXPECT_TRUE(HolderWasKilled(path));
  EXPECT_FALSE(HolderWasKilled(folder.path() + "/none"));
  EXPECT_FALSE(HolderWasKilled(folder.Write("b.lock", "")));
}

TEST(AwaitChild, SaysHowItEnded) {
  TempFolder folder;
  const auto run = [&](const std::string& program) {
    const auto pid =
        StartInBackground({"/bin/sh", "-c", program}, folder.path() + "/log");
    return AwaitChild(*pid, "sh", absl::Seconds(30));
  };
  EXPECT_TRUE(run("exit 0").ok());
  EXPECT_NE(run("exit 3").message().find("exit code 3"), std::string::npos);
  EXPECT_NE(run("kill $$").message().find("by a signal"), std::string::npos);
}

TEST(EndProcess, EndsAProgramAndRefusesAnother) {
  TempFolder folder;
  const auto pid =
      StartInBackground({"/bin/sleep", "600"}, folder.path() + "/log");
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(
      EndProcess(*pid, "fleet-keeper", absl::Seconds(30))));
  EXPECT_TRUE(EndProcess(*pid, "sleep", absl::Seconds(30)).ok());
  int status = 0;
  ASSERT_EQ(waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_TRUE(EndProcess(*pid, "sleep", absl::Seconds(30)).ok());
}

TEST(StartUntilReady, WaitsForTheWord) {
  TempFolder folder;
  const std::string log = folder.path() + "/log";
  const std::string script =
      folder.Write("ready", "#!/bin/sh\necho started; echo ready >&$2\n");
  ASSERT_EQ(chmod(script.c_str(), 0700), 0);
  EXPECT_TRUE(StartUntilReady({script}, log, absl::Seconds(30)).ok());
  EXPECT_EQ(LogTail(log, 10), "  started\n");
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST(StartUntilReady, ShowsTheLogOfAProgramThatEnds) {
  TempFolder folder;
  const std::string script =
      folder.Write("broken", "#!/bin/sh\necho no such folder; exit 1\n");
  ASSERT_EQ(chmod(script.c_str(), 0700), 0);
  const absl::Status status =
      StartUntilReady({script}, folder.path() + "/log", absl::Seconds(30));
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(std::string(status.message()).find("no such folder"),
            std::string::npos);
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST(FindProgram, LooksAlongPath) {
  EXPECT_EQ(FindProgram("sh", "/nowhere:/bin").value(), "/bin/sh");
  EXPECT_TRUE(absl::IsNotFound(FindProgram("sh", "").status()));
}

}  // namespace
}  // namespace fleet::cli
