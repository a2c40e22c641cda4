// LogFile: how it is opened, looked after, rotated and emptied.
#include "node_agent/log_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/guarded_open.h"
#include "node_agent/log_space.h"
#include "node_agent/log_time_table.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kOpenAgain = absl::Seconds(5);
constexpr absl::Duration kSpaceAgain = absl::Seconds(1);
constexpr absl::Duration kCheck = absl::Seconds(1);
constexpr int64_t kCheckBytes = 16 << 20;
constexpr mode_t kMode = 0640;

std::string Cannot(const char* what, const std::string& path, int error) {
  return absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error));
}

// Number of the period of `interval` that `time` is in, counted in the host's
// zone: a period of a day begins at midnight.
int64_t PeriodOf(absl::Time time, absl::Duration interval) {
  int offset = absl::LocalTimeZone().At(time).offset;
  return absl::ToUnixSeconds(time + absl::Seconds(offset)) /
         std::max<int64_t>(absl::ToInt64Seconds(interval), 1);
}

}  // namespace

LogFile::LogFile(std::string path, std::string times_folder,
                 std::function<void(LogFile&)> on_rotated)
    : path_(std::move(path)),
      times_folder_(times_folder),
      on_rotated_(std::move(on_rotated)),
      times_(std::move(times_folder)) {}

LogFile::Writer LogFile::AddWriter() {
  ++writers_;
  return next_writer_++;
}

void LogFile::RemoveWriter(Writer writer) {
  if (line_of_ == writer && MidLine()) line_abandoned_ = true;
  if (--writers_ > 0) return;
  times_.Flush();
  fd_.Reset();
}

bool LogFile::Prepare(LogNow now) {
  if (now.steady < next_try_) return false;
  may_rotate_ = now.steady >= next_rotation_;
  if (fd_.valid()) CheckFile(now);
  if (!fd_.valid() && !Open(now)) return false;
  if (PeriodIsOver(now)) {
    Rotate(now);
    if (!Open(now)) return false;
  }
  if (!CheckSpace(now)) return false;
  SayWhatWasLost(now);
  return true;
}

// O_NONBLOCK: it may be a FIFO or a terminal. Read as well, for MidLine.
bool LogFile::Open(LogNow now) {
  std::error_code ignored;
  std::filesystem::create_directories(
      std::filesystem::path(path_).parent_path(), ignored);
  constexpr int kFlags = O_CREAT | O_NOCTTY | O_NONBLOCK;
  reopen_ = false;
  fd_ = OpenGuarded(path_, O_RDWR | kFlags, kMode);
  if (!fd_.valid()) fd_ = OpenGuarded(path_, O_WRONLY | kFlags, kMode);
  struct stat info {};
  if (!fd_.valid() || fstat(fd_.get(), &info) != 0) {
    Fail(Cannot("open", path_, errno), now.steady + kOpenAgain);
    return false;
  }
  regular_ = S_ISREG(info.st_mode);
  spliceable_ = true;
  bool same = id_ == LogFileId{info.st_dev, info.st_ino};
  bool abandoned = line_abandoned_ && same;
  id_ = {info.st_dev, info.st_ino};
  size_ = info.st_size;
  line_ = regular_ && size_ > 0 ? Line::kUnknown : Line::kEnded;
  line_of_ = 0;
  line_abandoned_ = abandoned && MidLine();
  next_check_ = absl::InfinitePast();
  if (!regular_) return true;
  times_.Open(id_, size_, NextSerial());
  begun_ = std::min(times_.first(), absl::TimeFromTimespec(info.st_mtim));
  return true;
}

// Higher than that of every file this path had before.
uint64_t LogFile::NextSerial() const {
  if (times_.serial() > 0) return times_.serial() + 1;
  for (bool compressed : {false, true}) {
    struct stat info {};
    if (stat(RotatedPath(path_, 1, compressed).c_str(), &info) != 0) continue;
    return LogTimeTable::Open(
               LogTimes::PathOf(times_folder_, {info.st_dev, info.st_ino}))
               .serial() +
           1;
  }
  return 1;
}

void LogFile::CheckFile(LogNow now) {
  struct stat info {};
  bool there = fstat(fd_.get(), &info) == 0 && info.st_nlink > 0;
  if (!regular_) return;
  if (!there) return fd_.Reset();
  if (info.st_size != size_) NoteSize(info.st_size);
  if (now.steady >= next_check_) {
    struct stat named {};
    reopen_ |= stat(path_.c_str(), &named) != 0 ||
               id_ != LogFileId{named.st_dev, named.st_ino};
  }
  if (!reopen_ || (MidLine() && !line_abandoned_)) return;
  times_.Flush();
  fd_.Reset();
}

// Looks once in a while, and then for a while: what is left is for the agent's
// journal, and for whatever else must go on.
bool LogFile::CheckSpace(LogNow now) {
  if (!regular_ || (now.steady < next_check_ && size_ < next_check_size_)) {
    return true;
  }
  next_check_ = now.steady + kCheck;
  next_check_size_ = size_ + kCheckBytes;
  int64_t reserve = 0;
  if (BytesBeyondReserve(fd_.get(), &reserve) >= 0) return true;
  Fail(absl::StrCat(Cannot("write", path_, ENOSPC), " (less than ",
                    HumanSize(reserve),
                    " are left, which logs leave to everything else)"),
       now.steady + kSpaceAgain);
  return false;
}

// The file is not as this object left it.
void LogFile::NoteSize(int64_t size) {
  if (size < size_) times_.Clear();
  size_ = size;
  line_ = size_ > 0 ? Line::kUnknown : Line::kEnded;
  line_of_ = 0;
  line_abandoned_ = false;
}

bool LogFile::PeriodIsOver(LogNow now) {
  if (limits_.interval <= absl::ZeroDuration() || !regular_ || size_ == 0 ||
      !may_rotate_ ||
      PeriodOf(now.wall, limits_.interval) <=
          PeriodOf(begun_, limits_.interval)) {
    return false;
  }
  return !MidLine() || line_abandoned_;
}

size_t LogFile::room() const {
  if (!regular_ || limits_.max_size <= 0 || !may_rotate_) {
    return std::numeric_limits<size_t>::max();
  }
  return static_cast<size_t>(std::max<int64_t>(limits_.max_size - size_, 0));
}

void LogFile::Rotate(LogNow now) {
  times_.Flush();
  fd_.Reset();
  if (!LogRotation(path_, times_folder_).Rotate(limits_.max_files)) {
    Fail(Cannot("rotate", path_, errno), absl::InfinitePast());
    next_rotation_ = now.steady + kOpenAgain;
    may_rotate_ = false;
    return;
  }
  size_ = 0;
  line_ = Line::kEnded;
  line_abandoned_ = false;
  if (limits_.max_files > 0) on_rotated_(*this);
}

absl::StatusOr<RemovedLogs> LogFile::Empty() {
  RemovedLogs removed = LogRotation(path_, times_folder_).RemoveAll();
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return removed;
  if (truncate(path_.c_str(), 0) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot empty ", path_));
  }
  ++removed.files;
  removed.bytes += info.st_size;
  if (!fd_.valid()) {
    unlink(LogTimes::PathOf(times_folder_, {info.st_dev, info.st_ino}).c_str());
  } else if (id_ == LogFileId{info.st_dev, info.st_ino}) {
    NoteSize(0);
  }
  return removed;
}

std::string LogFile::problem() const {
  if (problem_.empty()) return problem_;
  return absl::StrCat(problem_, "; ", lost_bytes_,
                      " bytes of output are lost so far. The app goes on; "
                      "make room or the path writable, it is tried again");
}

void LogFile::Fail(const std::string& problem, absl::Time try_again) {
  next_try_ = try_again;
  lost_why_ = problem;
  if (problem == problem_) return;
  problem_ = problem;
  spdlog::warn("{}; what workers write is lost meanwhile", problem_);
}

}  // namespace fleet::agent
