#include "node_agent/log_time_table.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr size_t kMostMarks = LogTimes::kMaxMarks + LogTimes::kMaxPending;

}  // namespace

LogTimeTable LogTimeTable::Open(const std::string& path) {
  LogTimeTable table;
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  LogTimes::Header header;
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0 ||
      pread(fd.get(), &header, sizeof header, 0) != sizeof header ||
      std::memcmp(header.magic, "FLTIMES1", sizeof header.magic) != 0) {
    return table;
  }
  auto bytes = static_cast<size_t>(info.st_size) - sizeof header;
  table.marks_.resize(std::min(bytes / sizeof(LogTimes::Mark), kMostMarks));
  bytes = table.marks_.size() * sizeof(LogTimes::Mark);
  if (pread(fd.get(), table.marks_.data(), bytes, sizeof header) !=
      static_cast<ssize_t>(bytes)) {
    return LogTimeTable();
  }
  table.serial_ = header.serial;
  table.gap_nanos_ = static_cast<int64_t>(header.gap_nanos);
  return table;
}

std::optional<absl::Time> LogTimeTable::TimeAt(int64_t offset) const {
  auto after = std::upper_bound(
      marks_.begin(), marks_.end(), offset,
      [](int64_t at, const LogTimes::Mark& mark) { return at < mark.offset; });
  if (after == marks_.begin()) return std::nullopt;
  return absl::FromUnixNanos(std::prev(after)->nanos);
}

// One by one: the wall clock may have been set back.
int64_t LogTimeTable::OffsetAt(absl::Time time) const {
  int64_t nanos = absl::ToUnixNanos(time);
  int64_t before = 0;
  for (const LogTimes::Mark& mark : marks_) {
    if (mark.nanos >= nanos) break;
    before = mark.offset;
  }
  return before;
}

}  // namespace fleet::agent
