#include "cli/local/background_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"

extern char** environ;

namespace fleet::cli {
namespace {

constexpr int kReadyFd = 3;

// `ready_fd` becomes descriptor 3; -1: none.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& argv,
                            const std::string& log_file, int ready_fd) {
  std::vector<char*> args;
  args.reserve(argv.size() + 1);
  for (const std::string& arg : argv) {
    args.push_back(const_cast<char*>(arg.c_str()));
  }
  args.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  if (ready_fd >= 0) {
    posix_spawn_file_actions_adddup2(&actions, ready_fd, kReadyFd);
  }
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, args[0], &actions, &attributes, args.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return ErrnoStatus(error, absl::StrCat("cannot start ", argv[0]));
  return pid;
}

absl::Status AwaitReady(int fd, const std::string& program,
                        const std::string& log_file, absl::Duration limit) {
  const SystemClock clock;
  const absl::Time deadline = clock.Now() + limit;
  for (;;) {
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) break;
    pollfd waited = {fd, POLLIN, 0};
    const int millis = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
    if (poll(&waited, 1, millis) <= 0) continue;
    char byte = 0;
    const ssize_t n = read(fd, &byte, 1);
    if (n > 0) return absl::OkStatus();
    if (n < 0 && errno == EINTR) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(program, " ended at once; its log (", log_file,
                     ") ends with\n", LogTail(log_file, 10)));
  }
  return absl::DeadlineExceededError(absl::StrCat(
      program, " is not ready after ", absl::FormatDuration(limit),
      "; its log (", log_file, ") ends with\n", LogTail(log_file, 10)));
}

}  // namespace

absl::StatusOr<std::string> FindProgram(const std::string& name,
                                        const std::string& path_variable) {
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error);
  std::vector<std::string> folders = {self.parent_path().string()};
  for (const absl::string_view folder :
       absl::StrSplit(path_variable, ':', absl::SkipEmpty())) {
    folders.emplace_back(folder);
  }
  for (const std::string& folder : folders) {
    const std::string path = folder + "/" + name;
    const bool absolute = folder.starts_with('/');
    if (absolute && access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::NotFoundError(absl::StrCat("cannot find ", name, ", neither in ",
                                          folders[0], " nor along PATH"));
}

absl::StatusOr<pid_t> StartInBackground(const std::vector<std::string>& argv,
                                        const std::string& log_file) {
  return Spawn(argv, log_file, -1);
}

absl::Status StartUntilReady(std::vector<std::string> argv,
                             const std::string& log_file,
                             absl::Duration limit) {
  std::array<int, 2> fds = {-1, -1};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  const std::string program = argv[0];
  argv.emplace_back("--ready-fd");
  argv.push_back(std::to_string(kReadyFd));
  const auto pid = Spawn(argv, log_file, fds[1]);
  close(fds[1]);
  absl::Status ready =
      pid.ok() ? AwaitReady(fds[0], program, log_file, limit) : pid.status();
  close(fds[0]);
  return ready;
}

std::string LogTail(const std::string& file, int lines) {
  constexpr std::streamoff kMostBytes = 16 << 10;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const std::streamoff size = in.tellg();
  const std::streamoff start = std::max<std::streamoff>(0, size - kMostBytes);
  std::string text(static_cast<size_t>(size - start), '\0');
  in.seekg(start);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  std::vector<std::string> all = absl::StrSplit(text, '\n', absl::SkipEmpty());
  std::string tail;
  const size_t first = all.size() - std::min<size_t>(all.size(), lines);
  for (size_t i = first; i < all.size(); ++i) {
    absl::StrAppend(&tail, "  ", all[i], "\n");
  }
  return tail;
}

}  // namespace fleet::cli
