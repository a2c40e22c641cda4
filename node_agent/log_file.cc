#include "node_agent/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

constexpr int64_t kMaxOverrun = 1 << 20;
constexpr absl::Duration kTryAgain = absl::Seconds(5);
constexpr mode_t kMode = 0640;

}  // namespace

LogFile::LogFile(std::string path, int64_t max_size, int max_files)
    : path_(std::move(path)), max_size_(max_size), max_files_(max_files) {}

LogFile::Writer LogFile::AddWriter() {
  ++writers_;
  return next_writer_++;
}

void LogFile::RemoveWriter(Writer writer) {
  if (mid_line_ && line_of_ == writer) line_abandoned_ = true;
  if (--writers_ == 0) fd_.Reset();
}

bool LogFile::InLineOfAnother(Writer writer) const {
  return mid_line_ && line_of_ != 0 && line_of_ != writer && !line_abandoned_;
}

void LogFile::Move(int pipe, std::string_view bytes, Writer writer,
                   absl::Time now, absl::Time wall_now) {
  while (!bytes.empty()) {
    if (!Prepare(now)) return Discard(pipe, bytes.size());
    size_t room = Room(bytes, writer);
    if (room == 0) {
      Rotate(now);
      continue;
    }
    EndLineOfAnother(writer);
    marks_.Add(size_, wall_now);
    size_t moved = MoveSome(pipe, bytes.substr(0, room));
    int error_number = errno;
    if (moved > 0) {
      size_ += static_cast<int64_t>(moved);
      mid_line_ = bytes[moved - 1] != '\n';
      line_of_ = writer;
      line_abandoned_ = false;
      bytes.remove_prefix(moved);
    }
    if (moved < room) {
      Fail("write", error_number);
      return Discard(pipe, bytes.size());
    }
    if (may_rotate_) problem_.clear();
  }
}

bool LogFile::Prepare(absl::Time now) {
  may_rotate_ = now >= next_rotation_;
  if (fd_.valid()) {
    struct stat info {};
    bool there = fstat(fd_.get(), &info) == 0 && info.st_nlink > 0;
    if (there || !regular_) {
      if (regular_ && info.st_size != size_) NoteSize(info.st_size);
      return true;
    }
    fd_.Reset();
  } else if (now < next_open_) {
    return false;
  }
  if (Open()) return true;
  Fail("open", errno);
  next_open_ = now + kTryAgain;
  return false;
}

// O_NONBLOCK: it may be a FIFO or a terminal.
bool LogFile::Open() {
  std::error_code ignored;
  std::filesystem::create_directories(
      std::filesystem::path(path_).parent_path(), ignored);
  fd_.Reset(open(path_.c_str(),
                 O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                 kMode));
  struct stat info {};
  if (!fd_.valid() || fstat(fd_.get(), &info) != 0) return false;
  regular_ = S_ISREG(info.st_mode);
  spliceable_ = true;
  bool abandoned = line_abandoned_;
  NoteSize(info.st_size);
  line_abandoned_ = abandoned && mid_line_;
  return true;
}

// The file is not as this object left it.
void LogFile::NoteSize(int64_t size) {
  if (size < size_) marks_.Clear();
  size_ = size;
  mid_line_ = regular_ && EndsInLine();
  line_of_ = 0;
  line_abandoned_ = false;
}

bool LogFile::EndsInLine() const {
  if (size_ == 0) return false;
  UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char last = '\n';
  return fd.valid() && pread(fd.get(), &last, 1, size_ - 1) == 1 &&
         last != '\n';
}

size_t LogFile::Room(std::string_view bytes, Writer writer) const {
  auto count = static_cast<int64_t>(bytes.size());
  if (!regular_ || max_size_ <= 0 || !may_rotate_) return bytes.size();
  if (size_ + count <= max_size_) return bytes.size();
  int64_t left = std::max<int64_t>(max_size_ - size_, 0);
  size_t last = bytes.substr(0, static_cast<size_t>(left)).rfind('\n');
  if (last != std::string_view::npos) return last + 1;
  // Not even one line fits. The one that is begun has to end here.
  bool begun = mid_line_ && !InLineOfAnother(writer) && !line_abandoned_;
  if (!begun && size_ > 0) return 0;
  if (size_ >= max_size_ + kMaxOverrun) return 0;
  size_t first = bytes.find('\n');
  return first == std::string_view::npos ? bytes.size() : first + 1;
}

// Killed in between, it leaves a gap in the numbers and loses nothing.
void LogFile::Rotate(absl::Time now) {
  fd_.Reset();
  for (int i = max_files_ - 1; i >= 1; --i) {
    std::rename(absl::StrCat(path_, ".", i).c_str(),
                absl::StrCat(path_, ".", i + 1).c_str());
  }
  int failed = max_files_ > 0 ? std::rename(path_.c_str(),
                                            absl::StrCat(path_, ".1").c_str())
                              : unlink(path_.c_str());
  if (failed != 0) {
    Fail("rotate", errno);
    next_rotation_ = now + kTryAgain;
    return;
  }
  marks_.Clear();
  size_ = 0;
  mid_line_ = line_abandoned_ = false;
}

void LogFile::EndLineOfAnother(Writer writer) {
  if (!line_abandoned_ && !InLineOfAnother(writer)) return;
  if (regular_ && pwrite(fd_.get(), "\n", 1, size_) == 1) ++size_;
  mid_line_ = line_abandoned_ = false;
}

size_t LogFile::MoveSome(int pipe, std::string_view bytes) {
  if (spliceable_) {
    size_t moved = Splice(pipe, bytes.size());
    if (moved > 0 || errno != EINVAL) return moved;
    spliceable_ = false;
  }
  return CopyOut(pipe, bytes);
}

size_t LogFile::Splice(int pipe, size_t count) {
  size_t moved = 0;
  while (moved < count) {
    loff_t offset = size_ + static_cast<int64_t>(moved);
    ssize_t n = splice(pipe, nullptr, fd_.get(), regular_ ? &offset : nullptr,
                       count - moved, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    moved += static_cast<size_t>(n);
  }
  return moved;
}

// For what cannot be spliced to: first written, then taken from the pipe.
size_t LogFile::CopyOut(int pipe, std::string_view bytes) {
  ssize_t n = regular_ ? pwrite(fd_.get(), bytes.data(), bytes.size(), size_)
                       : write(fd_.get(), bytes.data(), bytes.size());
  if (n <= 0) return 0;
  int error_number = errno;
  std::array<char, 4096> block;
  for (auto left = static_cast<size_t>(n); left > 0;) {
    ssize_t taken = read(pipe, block.data(), std::min(left, block.size()));
    if (taken <= 0) break;
    left -= static_cast<size_t>(taken);
  }
  errno = error_number;
  return static_cast<size_t>(n);
}

void LogFile::Discard(int pipe, size_t count) {
  std::array<char, 16384> block;
  if (mid_line_) line_abandoned_ = true;
  dropped_bytes_ += static_cast<int64_t>(count);
  while (count > 0) {
    ssize_t n = read(pipe, block.data(), std::min(count, block.size()));
    if (n <= 0) return;
    count -= static_cast<size_t>(n);
  }
}

std::string LogFile::problem() const {
  if (problem_.empty()) return problem_;
  return absl::StrCat(problem_, "; ", dropped_bytes_,
                      " bytes of output are lost so far. The app goes on; "
                      "make room or the path writable, it is tried again");
}

void LogFile::Fail(const char* what, int error_number) {
  problem_ = absl::StrCat("cannot ", what, " ", path_, ": ",
                          std::strerror(error_number));
}

}  // namespace fleet::agent
