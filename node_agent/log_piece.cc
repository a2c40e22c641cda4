#include "node_agent/log_piece.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "node_agent/guarded_open.h"
#include "node_agent/zstd_log_piece.h"

namespace fleet::agent {
namespace {

class PlainLogPiece : public LogPiece {
 public:
  PlainLogPiece(UniqueFd fd, std::string times_path)
      : LogPiece(std::move(fd), std::move(times_path)) {}

  int64_t Size() const override {
    struct stat info {};
    return fstat(fd(), &info) == 0 ? info.st_size : 0;
  }
  size_t Read(int64_t offset, char* to, size_t count) override {
    ssize_t n = 0;
    do {
      n = pread(fd(), to, count, offset);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
};

}  // namespace

std::unique_ptr<LogPiece> LogPiece::Open(const std::string& path,
                                         bool compressed,
                                         const std::string& times_folder) {
  // O_NONBLOCK: it may be a FIFO.
  UniqueFd fd = OpenGuarded(path, O_RDONLY | O_NONBLOCK);
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return nullptr;
  }
  std::string times =
      LogTimes::PathOf(times_folder, {info.st_dev, info.st_ino});
  if (compressed) {
    return std::make_unique<ZstdLogPiece>(std::move(fd), std::move(times));
  }
  return std::make_unique<PlainLogPiece>(std::move(fd), std::move(times));
}

LogFileId LogPiece::IdOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

LogPiece::LogPiece(UniqueFd fd, std::string times_path)
    : fd_(std::move(fd)), times_path_(std::move(times_path)) {
  RefreshTimes();
}

void LogPiece::RefreshTimes() {
  struct stat info {};
  if (fstat(fd_.get(), &info) == 0) {
    id_ = {info.st_dev, info.st_ino};
    changed_ = absl::TimeFromTimespec(info.st_mtim);
  }
  times_ = LogTimeTable::Open(times_path_);
}

absl::Time LogPiece::TimeAt(int64_t offset) const {
  if (times_.count() == 0) return changed_;
  absl::Time first = absl::FromUnixNanos(times_.At(0).nanos);
  return times_.TimeAt(offset).value_or(std::min(first, changed_));
}

int64_t LogPiece::OffsetAt(absl::Time time) const {
  if (times_.count() == 0) return changed_ < time ? Size() : 0;
  return times_.OffsetAt(time);
}

}  // namespace fleet::agent
