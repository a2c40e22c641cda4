#include "node_agent/pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr mode_t kPidFileMode = 0644;

// 0: it holds no number.
pid_t ReadPid(const std::string& path) {
  UniqueFd fd(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, 32> text;
  ssize_t n = fd.valid() ? read(fd.get(), text.data(), text.size()) : -1;
  pid_t pid = 0;
  if (n <= 0 ||
      !absl::SimpleAtoi(absl::string_view(text.data(), static_cast<size_t>(n)),
                        &pid)) {
    return 0;
  }
  return pid;
}

}  // namespace

std::string PidFilePath(const std::string& path, int slot, int instances) {
  if (absl::StrContains(path, "%i")) {
    return absl::StrReplaceAll(path, {{"%i", absl::StrCat(slot)}});
  }
  if (instances <= 1) return path;
  size_t name = path.rfind('/') + 1;  // 0 where there is none.
  size_t dot = path.rfind('.');
  bool has_extension = dot != std::string::npos && dot > name;
  std::string result = path;
  return result.insert(has_extension ? dot : path.size(),
                       absl::StrCat("-", slot));
}

absl::Status WritePidFile(const std::string& path, pid_t pid) {
  // Made anew beside it, so that nobody can have us write through a link.
  std::string fresh = absl::StrCat(path, ".", pid, ".new");
  unlink(fresh.c_str());
  UniqueFd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                   kPidFileMode));
  if (!fd.valid()) return ErrnoStatus(errno, absl::StrCat("write ", path));
  std::string text = absl::StrCat(pid, "\n");
  bool written = write(fd.get(), text.data(), text.size()) ==
                     static_cast<ssize_t>(text.size()) &&
                 rename(fresh.c_str(), path.c_str()) == 0;
  if (written) return absl::OkStatus();
  absl::Status status = ErrnoStatus(errno, absl::StrCat("write ", path));
  unlink(fresh.c_str());
  return status;
}

void RemovePidFile(const std::string& path, pid_t pid) {
  if (ReadPid(path) == pid) unlink(path.c_str());
}

}  // namespace fleet::agent
