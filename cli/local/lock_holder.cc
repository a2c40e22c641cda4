#include "cli/local/lock_holder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

std::optional<pid_t> FirstNumber(std::string_view text) {
  const size_t start = text.find_first_of("0123456789");
  if (start == text.npos) return std::nullopt;
  const size_t end = text.find_first_not_of("0123456789", start);
  int number = 0;
  const auto digits =
      text.substr(start, end == text.npos ? text.npos : end - start);
  if (!absl::SimpleAtoi(ToAbsl(digits), &number)) return std::nullopt;
  return number;
}

// The first 15 bytes of its program's name; empty: it has ended. (Where the
// program is, /proc tells nobody but root of one that keeps its memory
// private.)
std::string NameOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/comm"));
  std::string name;
  std::getline(file, name);
  return name;
}

absl::Status AwaitEnd(int pidfd, const std::string& what,
                      absl::Duration limit) {
  const SystemClock clock;
  const absl::Time deadline = clock.Now() + limit;
  for (;;) {
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) break;
    pollfd waited = {pidfd, POLLIN, 0};
    const int millis = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
    if (poll(&waited, 1, millis) > 0) return absl::OkStatus();
  }
  return absl::DeadlineExceededError(
      absl::StrCat(what, " still runs after ", absl::FormatDuration(limit)));
}

}  // namespace

std::optional<pid_t> LockHolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  std::array<char, 64> text = {};
  const ssize_t n = held ? pread(fd, text.data(), text.size(), 0) : 0;
  close(fd);
  if (n <= 0) return std::nullopt;
  return FirstNumber(std::string_view(text.data(), static_cast<size_t>(n)));
}

bool HolderWasKilled(const std::string& path) {
  std::error_code error;
  return !LockHolder(path) && std::filesystem::file_size(path, error) > 0 &&
         !error;
}

absl::Status AwaitChild(pid_t pid, const std::string& program,
                        absl::Duration limit) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  const std::string what = absl::StrCat(program, " (pid ", pid, ")");
  if (pidfd < 0) return ErrnoStatus(errno, "cannot watch " + what);
  const absl::Status ended = AwaitEnd(pidfd, what, limit);
  close(pidfd);
  RETURN_IF_ERROR(ended);
  int status = 0;
  if (waitpid(pid, &status, 0) < 0)
    return ErrnoStatus(errno, "wait for " + what);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(
      WIFEXITED(status)
          ? absl::StrCat(what, " ended with exit code ", WEXITSTATUS(status))
          : absl::StrCat(what, " was ended by a signal"));
}

absl::Status EndProcess(pid_t pid, const std::string& program,
                        absl::Duration limit) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0 && errno == ESRCH) return absl::OkStatus();
  const std::string what = absl::StrCat(program, " (pid ", pid, ")");
  if (pidfd < 0) return ErrnoStatus(errno, "cannot watch " + what);
  const std::string name = NameOf(pid);
  absl::Status status;
  if (!name.empty() && !program.starts_with(name)) {
    status = absl::FailedPreconditionError(
        absl::StrCat("pid ", pid, " is ", name, ", not ", program));
  } else if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, nullptr, 0) != 0 &&
             errno != ESRCH) {
    status = ErrnoStatus(errno, "cannot end " + what);
  } else {
    status = AwaitEnd(pidfd, what, limit);
  }
  close(pidfd);
  return status;
}

}  // namespace fleet::cli
