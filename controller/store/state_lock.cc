#include "controller/store/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

std::string HolderOf(int fd) {
  std::array<char, 32> text{};
  ssize_t size = pread(fd, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  absl::StripAsciiWhitespace(&pid);
  return pid.empty() ? "pid unknown" : absl::StrCat("pid ", pid);
}

}  // namespace

absl::StatusOr<StateLock> StateLock::Take(const std::string& folder) {
  std::string path = absl::StrCat(folder, "/controller.lock");
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("open lock ", path));
  StateLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return ErrnoStatus(errno, absl::StrCat("lock ", path));
    }
    return absl::AlreadyExistsError(absl::StrCat(
        "another controller (", HolderOf(fd), ") uses the state folder ",
        folder, "; stop it or choose another --state-dir"));
  }
  std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return ErrnoStatus(errno, absl::StrCat("write lock ", path));
  }
  return lock;
}

StateLock::StateLock(StateLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

StateLock& StateLock::operator=(StateLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

StateLock::~StateLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace fleet::controller
