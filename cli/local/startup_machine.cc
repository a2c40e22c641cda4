#include "cli/local/startup_machine.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"

extern char** environ;

namespace fleet::cli {
namespace {

constexpr absl::Duration kUserSystemdLimit = absl::Seconds(10);
constexpr absl::Duration kUserSystemdPause = absl::Milliseconds(20);

absl::Status CheckSystemd(const StartupMachine& machine) {
  if (machine.has_systemd()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "systemd does not run here (there is no /run/systemd/system). Let what "
      "starts this machine's services run the programs; --dry-run prints the "
      "units, which say how");
}

absl::Status RunOne(const std::vector<std::string>& command,
                    StartupMachine& machine) {
  absl::Status ran = machine.Run(command);
  if (ran.ok() || command[0] != "loginctl") return ran;
  return absl::FailedPreconditionError(absl::StrCat(
      ran.message(),
      ": without it your fleet would start when you log in, not at boot, and "
      "nothing has been started. Run sudo ",
      absl::StrJoin(command, " "), ", then this again"));
}

absl::Status RunAll(const StartupPlan& plan, StartupMachine& machine) {
  for (const auto& command : plan.commands) {
    RETURN_IF_ERROR(RunOne(command, machine));
  }
  return absl::OkStatus();
}

// A user's systemd is found by this folder, which su and sudo do not name, and
// comes up a moment after it was asked for.
void AwaitUserSystemd() {
  setenv("XDG_RUNTIME_DIR", absl::StrCat("/run/user/", getuid()).c_str(),
         /*overwrite=*/0);
  const std::string socket =
      absl::StrCat(getenv("XDG_RUNTIME_DIR"), "/systemd/private");
  const SystemClock clock;
  const absl::Time deadline = clock.Now() + kUserSystemdLimit;
  while (access(socket.c_str(), F_OK) != 0 && clock.Now() < deadline) {
    poll(nullptr, 0,
         static_cast<int>(absl::ToInt64Milliseconds(kUserSystemdPause)));
  }
}

}  // namespace

absl::StatusOr<std::string> CarryOut(const StartupPlan& plan,
                                     StartupMachine& machine) {
  RETURN_IF_ERROR(CheckSystemd(machine));
  std::vector<std::string> written;
  for (const StartupFile& file : plan.files) {
    if (machine.Read(file.path) == file.text) continue;
    RETURN_IF_ERROR(machine.Write(file.path, file.text));
    written.push_back(file.path);
  }
  RETURN_IF_ERROR(RunAll(plan, machine));
  return absl::StrCat(
      plan.unit, " is installed and starts at boot",
      written.empty()
          ? "; nothing had to be changed"
          : absl::StrCat("; written: ", absl::StrJoin(written, ", ")),
      ". fleetctl unstartup takes it back");
}

absl::StatusOr<std::string> TakeBack(const StartupPlan& plan,
                                     StartupMachine& machine) {
  RETURN_IF_ERROR(CheckSystemd(machine));
  bool any = false;
  for (const StartupFile& file : plan.files) {
    any = any || machine.Read(file.path).has_value();
  }
  if (!any) return absl::StrCat(plan.unit, " is not installed");
  // Disabled while systemd knows it, then removed, then read anew.
  RETURN_IF_ERROR(machine.Run(plan.commands.front()));
  for (const StartupFile& file : plan.files) {
    RETURN_IF_ERROR(machine.Remove(file.path));
  }
  for (size_t i = 1; i < plan.commands.size(); ++i) {
    RETURN_IF_ERROR(machine.Run(plan.commands[i]));
  }
  return absl::StrCat(plan.unit,
                      " is stopped and no longer starts at boot; state and "
                      "settings stay");
}

bool RealStartupMachine::has_systemd() const {
  return access("/run/systemd/system", F_OK) == 0;
}

std::optional<std::string> RealStartupMachine::Read(
    const std::string& path) const {
  const std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::Status RealStartupMachine::Write(const std::string& path,
                                       const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(),
                                      error);
  // Beside it and renamed, so that systemd never sees half of it.
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) return ErrnoStatus(errno, absl::StrCat("cannot write ", fresh));
  }
  std::filesystem::rename(fresh, path, error);
  if (!error) return absl::OkStatus();
  return ErrnoStatus(error.value(), absl::StrCat("cannot write ", path));
}

absl::Status RealStartupMachine::Remove(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, absl::StrCat("cannot remove ", path));
}

absl::Status RealStartupMachine::Run(const std::vector<std::string>& command) {
  if (command.size() > 1 && command[1] == "--user") AwaitUserSystemd();
  std::vector<char*> args;
  args.reserve(command.size() + 1);
  for (const std::string& word : command) {
    args.push_back(const_cast<char*>(word.c_str()));
  }
  args.push_back(nullptr);
  const std::string shown = absl::StrJoin(command, " ");
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, args[0], nullptr, nullptr, args.data(), environ);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("cannot run ", shown));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      shown, " failed",
      WIFEXITED(status) ? absl::StrCat(" with exit code ", WEXITSTATUS(status))
                        : ""));
}

}  // namespace fleet::cli
