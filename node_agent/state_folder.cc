#include "node_agent/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

absl::Status MakeFolder(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0) {
    chmod(path.c_str(), mode);  // Whatever the umask is.
    return absl::OkStatus();
  }
  return errno == EEXIST ? absl::OkStatus()
                         : ErrnoStatus(errno, "make folder " + path);
}

absl::StatusOr<UniqueFd> TakeLock(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    int error_number = errno;
    std::string pid;
    std::ifstream(path) >> pid;
    if (error_number == EWOULDBLOCK) {
      return absl::AlreadyExistsError(absl::StrCat(
          path, ": another fleet-agent (pid ", pid.empty() ? "?" : pid,
          ") uses this folder; stop it, or name another --state-dir"));
    }
    return ErrnoStatus(error_number, "lock " + path);
  }
  std::string text = absl::StrCat(getpid(), "\n");
  // Only for the message above.
  if (ftruncate(fd.get(), 0) == 0) {
    [[maybe_unused]] ssize_t n = pwrite(fd.get(), text.data(), text.size(), 0);
  }
  return fd;
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  std::string temporary = path + ".new";
  UniqueFd fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool done = fd.valid() &&
              write(fd.get(), text.data(), text.size()) ==
                  static_cast<ssize_t>(text.size()) &&
              fsync(fd.get()) == 0 &&
              rename(temporary.c_str(), path.c_str()) == 0;
  return done ? absl::OkStatus() : ErrnoStatus(errno, "write " + path);
}

absl::StatusOr<std::string> HostUid(const std::string& path) {
  std::string uid;
  std::ifstream(path) >> uid;
  if (!uid.empty()) return uid;
  uid = RandomId();
  RETURN_IF_ERROR(WriteDurably(path, uid + "\n"));
  return uid;
}

}  // namespace

uint64_t StateFolder::first_worker_id() const {
  // Eight of the hexadecimal digits are 32 bits; the sign bit stays clear.
  uint64_t host = std::strtoull(host_uid_.substr(0, 8).c_str(), nullptr, 16);
  return ((host & 0x7fffffff) << 32) + 1;
}

std::string RandomId() {
  std::array<char, 16> bytes;
  FLEET_CHECK(getrandom(bytes.data(), bytes.size(), 0) ==
              static_cast<ssize_t>(bytes.size()));
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

absl::StatusOr<StateFolder> StateFolder::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::string folder = absolute.string();
  std::filesystem::create_directories(absolute.parent_path(), error);
  RETURN_IF_ERROR(MakeFolder(folder, 0711));
  RETURN_IF_ERROR(MakeFolder(folder + "/logs", 0700));
  RETURN_IF_ERROR(MakeFolder(folder + "/run", 0711));
  ASSIGN_OR_RETURN(UniqueFd lock, TakeLock(folder + "/agent.lock"));
  ASSIGN_OR_RETURN(std::string host_uid, HostUid(folder + "/host_uid"));
  return StateFolder(std::move(folder), std::move(lock), std::move(host_uid));
}

}  // namespace fleet::agent
