#include "node_agent/log_times.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "node_agent/log_time_table.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr char kMagic[8] = {'F', 'L', 'T', 'I', 'M', 'E', 'S', '1'};
constexpr int64_t kFirstGapNanos = 10'000'000;
constexpr mode_t kTimesFileMode = 0600;

bool WriteAll(int fd, const void* data, size_t size) {
  return write(fd, data, size) == static_cast<ssize_t>(size);
}

}  // namespace

std::string LogTimes::PathOf(const std::string& folder, LogFileId id) {
  return absl::StrCat(folder, "/", id.device, "-", id.inode);
}

void LogTimes::Open(LogFileId id, int64_t size, uint64_t next_serial) {
  path_ = PathOf(folder_, id);
  pending_.clear();
  if (size == 0 || !Load(size)) Begin(next_serial);
}

bool LogTimes::Load(int64_t size) {
  LogTimeTable table = LogTimeTable::Open(path_);
  if (table.serial() == 0 || table.count() == 0) return false;
  Mark last = table.At(table.count() - 1);
  if (last.offset >= size) return false;
  serial_ = table.serial();
  gap_nanos_ = table.gap_nanos();
  written_ = table.count();
  last_ = last;
  first_ = absl::FromUnixNanos(table.At(0).nanos);
  begun_ = true;
  // What a full disk or a kill left of a mark.
  auto whole = static_cast<off_t>(sizeof(Header) + written_ * sizeof(Mark));
  return truncate(path_.c_str(), whole) == 0;
}

// Its file is made with its first marks.
void LogTimes::Begin(uint64_t serial) {
  unlink(path_.c_str());
  serial_ = serial;
  gap_nanos_ = kFirstGapNanos;
  written_ = 0;
  last_ = {-1, 0};
  first_ = absl::InfiniteFuture();
  begun_ = false;
}

void LogTimes::Clear() {
  pending_.clear();
  Begin(serial_ + 1);
}

void LogTimes::Add(int64_t offset, absl::Time time) {
  int64_t nanos = absl::ToUnixNanos(time);
  // Also when the wall clock was set back.
  if (last_.offset >= 0 &&
      (offset <= last_.offset || std::abs(nanos - last_.nanos) < gap_nanos_)) {
    return;
  }
  if (last_.offset < 0) first_ = time;
  last_ = {offset, nanos};
  pending_.push_back(last_);
  if (pending_.size() >= kMaxPending) Flush();
}

void LogTimes::Flush() {
  if (pending_.empty()) return;
  std::vector<Mark> marks;
  marks.swap(pending_);
  UniqueFd fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                   kTimesFileMode));
  if (!fd.valid()) {
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    fd.Reset(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                  kTimesFileMode));
    if (!fd.valid()) return;
  }
  if (!begun_) {
    Header header = {{}, serial_, static_cast<uint64_t>(gap_nanos_), 0};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    begun_ = ftruncate(fd.get(), 0) == 0 &&
             WriteAll(fd.get(), &header, sizeof header);
  }
  if (begun_ && WriteAll(fd.get(), marks.data(), marks.size() * sizeof(Mark))) {
    written_ += marks.size();
  }
  if (written_ >= kMaxMarks) Thin();
}

void LogTimes::Thin() {
  LogTimeTable table = LogTimeTable::Open(path_);
  std::vector<Mark> kept;
  for (size_t i = 0; i < table.count(); i += 2) kept.push_back(table.At(i));
  gap_nanos_ *= 2;
  Header header = {{}, serial_, static_cast<uint64_t>(gap_nanos_), 0};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::string next = path_ + ".new";
  UniqueFd fd(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   kTimesFileMode));
  if (!fd.valid() || !WriteAll(fd.get(), &header, sizeof header) ||
      !WriteAll(fd.get(), kept.data(), kept.size() * sizeof(Mark)) ||
      std::rename(next.c_str(), path_.c_str()) != 0) {
    // Without room for a smaller one it begins anew.
    unlink(next.c_str());
    return Begin(serial_);
  }
  written_ = kept.size();
}

}  // namespace fleet::agent
