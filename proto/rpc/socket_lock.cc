#include "proto/rpc/socket_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

std::string ReadOwner(int fd) {
  std::array<char, 32> text;
  ssize_t n = pread(fd, text.data(), text.size(), 0);
  if (n <= 0) return "unknown";
  return std::string(absl::StripAsciiWhitespace(
      absl::string_view(text.data(), static_cast<size_t>(n))));
}

}  // namespace

absl::StatusOr<SocketLock> SocketLock::Take(const std::string& socket_path) {
  std::string path = socket_path + ".lock";
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "cannot open " + path);
  SocketLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, "cannot lock " + path);
    return absl::AlreadyExistsError(
        absl::StrCat(socket_path, ": process ", ReadOwner(fd),
                     " serves it already; stop that one first"));
  }
  std::string owner = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, owner.data(), owner.size(), 0) !=
                                   static_cast<ssize_t>(owner.size())) {
    return ErrnoStatus(errno, "cannot write " + path);
  }
  return lock;
}

SocketLock::SocketLock(SocketLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

SocketLock& SocketLock::operator=(SocketLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

SocketLock::~SocketLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace fleet
