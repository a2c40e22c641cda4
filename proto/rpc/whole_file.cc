#include "proto/rpc/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

absl::Status WriteAll(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, absl::StrCat("write ", path));
    text.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status WriteNew(const std::string& path, std::string_view text,
                      mode_t mode) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("create ", path));
  absl::Status status = WriteAll(fd, text, path);
  // One that a crash left behind may have another mode.
  if (status.ok() && (fchmod(fd, mode) != 0 || fsync(fd) != 0)) {
    status = ErrnoStatus(errno, absl::StrCat("sync ", path));
  }
  close(fd);
  return status;
}

// So that the new name outlives a loss of power.
void SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path,
                                          size_t limit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("open ", path));
  std::string text;
  std::array<char, 8192> buffer;
  ssize_t n = 0;
  while ((n = read(fd, buffer.data(), buffer.size())) > 0 &&
         text.size() <= limit) {
    text.append(buffer.data(), static_cast<size_t>(n));
  }
  const int error = n < 0 ? errno : 0;
  close(fd);
  if (error != 0) return ErrnoStatus(error, absl::StrCat("read ", path));
  if (text.size() > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " has more than ", limit, " bytes"));
  }
  return text;
}

absl::Status CheckWriters(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot read ", path));
  }
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": it belongs to uid ", st.st_uid,
                     ", who could change what it allows; give it to root: "
                     "chown root ",
                     path));
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        path,
        ": others than its owner may write to it, and could change what "
        "it allows: chmod go-w ",
        path));
  }
  return absl::OkStatus();
}

bool IsReadByOthers(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

absl::Status ReplaceFile(const std::string& path, std::string_view text,
                         mode_t mode) {
  const std::string fresh = absl::StrCat(path, ".new");
  absl::Status status = WriteNew(fresh, text, mode);
  if (status.ok() && std::rename(fresh.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, absl::StrCat("rename ", fresh));
  }
  if (!status.ok()) {
    unlink(fresh.c_str());
    return status;
  }
  SyncFolderOf(path);
  return absl::OkStatus();
}

}  // namespace fleet
