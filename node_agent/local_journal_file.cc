#include "node_agent/local_journal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// False: errno; it is there, or the file system cannot do it, when true.
bool TakeRoom(int fd, size_t offset, size_t bytes) {
  int failed = 0;
  do {
    failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                       static_cast<off_t>(bytes));
  } while (failed != 0 && errno == EINTR);
  return failed == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

bool WriteAt(int fd, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    ssize_t n = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return true;
}

// So that a new name in the folder survives a power loss.
bool SyncFolderOf(const std::string& path) {
  std::string folder = path.substr(0, path.rfind('/') + 1);
  UniqueFd fd(open(folder.empty() ? "." : folder.c_str(),
                   O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && fsync(fd.get()) == 0;
}

}  // namespace

absl::Status LocalJournalFile::Failed(int error_number,
                                      std::string_view what) const {
  return ErrnoStatus(error_number, absl::StrCat(ToAbsl(what), " ", path_));
}

absl::StatusOr<std::unique_ptr<JournalFile>> LocalJournalFile::Open(
    const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  struct stat st;
  if (fstat(fd.get(), &st) != 0) return ErrnoStatus(errno, "stat " + path);
  if (!SyncFolderOf(path)) return ErrnoStatus(errno, "fsync folder of " + path);
  return std::unique_ptr<JournalFile>(new LocalJournalFile(
      path, std::move(fd), static_cast<size_t>(st.st_size)));
}

absl::StatusOr<std::string> LocalJournalFile::Read() const {
  std::string bytes(size_, '\0');
  size_t done = 0;
  while (done < size_) {
    ssize_t n = pread(fd_.get(), bytes.data() + done, size_ - done,
                      static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(errno, "read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  // An agent may have been killed between its write and its sync.
  if (fdatasync(fd_.get()) != 0) return Failed(errno, "sync");
  bytes.resize(done);
  return bytes;
}

absl::Status LocalJournalFile::Truncate(size_t size) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    return Failed(errno, "truncate");
  }
  size_ = room_ends_ = size;
  return absl::OkStatus();
}

absl::Status LocalJournalFile::Reserve(size_t bytes) {
  if (size_ + bytes <= room_ends_) return absl::OkStatus();
  if (!TakeRoom(fd_.get(), size_, bytes)) return Failed(errno, "write");
  room_ends_ = size_ + bytes;
  return absl::OkStatus();
}

absl::Status LocalJournalFile::Append(const std::vector<JournalRecord>& records,
                                      bool sync) {
  std::string bytes = EncodeRecords(records);
  // What does not fit is not begun: to cut it off gives up room as well.
  RETURN_IF_ERROR(Reserve(bytes.size()));
  bool done = WriteAt(fd_.get(), bytes, static_cast<off_t>(size_)) &&
              (!sync || fdatasync(fd_.get()) == 0);
  if (!done) {
    int error_number = errno;
    // Should this fail too, the next append writes over it.
    [[maybe_unused]] int cut = ftruncate(fd_.get(), static_cast<off_t>(size_));
    room_ends_ = size_;
    return Failed(error_number, "write");
  }
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status LocalJournalFile::Replace(
    const std::vector<JournalRecord>& records, size_t reserve) {
  std::string bytes = EncodeRecords(records);
  std::string temporary = path_ + ".new";
  UniqueFd fd(
      open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool done = fd.valid() && TakeRoom(fd.get(), 0, bytes.size() + reserve) &&
              WriteAt(fd.get(), bytes, 0) && fdatasync(fd.get()) == 0 &&
              rename(temporary.c_str(), path_.c_str()) == 0;
  if (!done) {
    int error_number = errno;
    unlink(temporary.c_str());
    return Failed(error_number, "rewrite");
  }
  fd_ = std::move(fd);
  size_ = bytes.size();
  room_ends_ = size_ + reserve;
  if (!SyncFolderOf(path_)) return Failed(errno, "fsync folder of");
  return absl::OkStatus();
}

void LocalJournalFile::KeepDamaged(const std::string& bytes) {
  std::ofstream(path_ + ".damaged", std::ios::binary | std::ios::trunc)
      << bytes;
}

}  // namespace fleet::agent
