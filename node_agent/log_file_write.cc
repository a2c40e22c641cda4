// LogFile: how bytes get into it.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "node_agent/log_file.h"
#include "node_agent/log_line_format.h"

namespace fleet::agent {
namespace {

constexpr int64_t kMaxOverrun = 1 << 20;
constexpr absl::Duration kWriteAgain = absl::Seconds(1);

bool IsEmptyPipe(int pipe) {
  int bytes = 0;
  return ioctl(pipe, FIONREAD, &bytes) == 0 && bytes == 0;
}

std::string CannotWrite(const std::string& path, int error_number) {
  return absl::StrCat("cannot write ", path, ": ", std::strerror(error_number));
}

}  // namespace

// ---------------------------------------------------------------- its lines

bool LogFile::MidLine() {
  if (line_ == Line::kUnknown) {
    char last = '\n';
    bool known = pread(fd_.get(), &last, 1, size_ - 1) == 1;
    line_ = known && last != '\n' ? Line::kBegun : Line::kEnded;
  }
  return line_ == Line::kBegun;
}

// The line at the end, if there is one, is `writer`'s to go on with.
bool LogFile::GoesOn(Writer writer) {
  return !line_abandoned_ && (line_of_ == 0 || line_of_ == writer);
}

bool LogFile::InLineOfAnother(Writer writer) {
  return line_of_ != 0 && line_of_ != writer && !line_abandoned_ && MidLine();
}

void LogFile::EndLineOfAnother(Writer writer) {
  if (GoesOn(writer) || !MidLine()) return;
  if (regular_ && pwrite(fd_.get(), "\n", 1, size_) == 1) ++size_;
  line_ = Line::kEnded;
  line_abandoned_ = false;
}

size_t LogFile::RoomFor(std::string_view bytes, Writer writer) {
  size_t left = room();
  if (bytes.size() <= left) return bytes.size();
  size_t last = bytes.substr(0, left).rfind('\n');
  if (last != std::string_view::npos) return last + 1;
  // Not even one line fits. The one that is begun has to end here.
  bool begun = MidLine() && GoesOn(writer);
  if (!begun && size_ > 0) return 0;
  if (size_ >= limits_.max_size + kMaxOverrun) return 0;
  size_t first = bytes.find('\n');
  return first == std::string_view::npos ? bytes.size() : first + 1;
}

void LogFile::Wrote(size_t bytes, Line line, Writer writer, LogNow now) {
  if (size_ == 0) begun_ = now.wall;
  size_ += static_cast<int64_t>(bytes);
  line_ = line;
  line_of_ = writer;
  line_abandoned_ = false;
  if (problem_.empty() || !may_rotate_) return;
  spdlog::info("{} is written again", path_);
  problem_.clear();
}

// ------------------------------------------------------------ bytes as they
// are

size_t LogFile::Move(int pipe, std::string_view bytes, Writer writer,
                     LogNow now) {
  while (!bytes.empty()) {
    if (!Prepare(now)) return Discard(pipe, bytes.size());
    size_t room = RoomFor(bytes, writer);
    if (room == 0) {
      Rotate(now);
      continue;
    }
    EndLineOfAnother(writer);
    if (regular_) times_.Add(size_, now.wall);
    size_t moved = MoveSome(pipe, bytes.substr(0, room));
    int error_number = errno;
    if (moved > 0) {
      Wrote(moved, bytes[moved - 1] == '\n' ? Line::kEnded : Line::kBegun,
            writer, now);
      bytes.remove_prefix(moved);
    }
    if (moved < room) {
      Fail(CannotWrite(path_, error_number), now.steady + kWriteAgain);
      return Discard(pipe, bytes.size());
    }
  }
  return 0;
}

size_t LogFile::MoveUnseen(int pipe, size_t most, Writer writer, LogNow now) {
  // Of a worker that never wrote, which ends: it needs no file for that.
  if (!fd_.valid() && IsEmptyPipe(pipe)) return 0;
  if (shared() || !Prepare(now) || !regular_ || !spliceable_ || room() < most) {
    return 0;
  }
  EndLineOfAnother(writer);
  loff_t offset = size_;
  ssize_t n = splice(pipe, nullptr, fd_.get(), &offset, most,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n <= 0) return 0;
  times_.Add(size_, now.wall);
  Wrote(static_cast<size_t>(n), Line::kUnknown, writer, now);
  return static_cast<size_t>(n);
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

// -------------------------------------------------------- text made of bytes

LogTransit::Target LogFile::Spot(Writer writer, bool raw) {
  bool newline = (!raw || !GoesOn(writer)) && MidLine();
  return {id_, size_, newline};
}

size_t LogFile::WriteAt(const LogTransit::Target& spot, std::string_view text,
                        Writer writer, LogNow now) {
  if (text.empty()) return 0;
  // After a kill: the file may be another by now.
  bool here = spot.id == id_ && spot.offset <= size_;
  int64_t offset = here ? spot.offset : size_;
  size_ = offset;
  std::array<iovec, 2> parts = {
      {{const_cast<char*>("\n"), 1},
       {const_cast<char*>(text.data()), text.size()}}};
  int skip = spot.newline ? 0 : 1;
  size_t all = text.size() + (spot.newline ? 1 : 0);
  if (regular_) times_.Add(offset, now.wall);
  ssize_t n = regular_
                  ? pwritev(fd_.get(), parts.data() + skip, 2 - skip, offset)
                  : writev(fd_.get(), parts.data() + skip, 2 - skip);
  size_t written = n > 0 ? static_cast<size_t>(n) : 0;
  if (written > 0) {
    bool ended = written == all ? text.back() == '\n' : false;
    Wrote(written, ended ? Line::kEnded : Line::kBegun, writer, now);
  }
  if (written == all) return 0;
  Fail(CannotWrite(path_, n < 0 ? errno : ENOSPC), now.steady + kWriteAgain);
  Lose(all - written);
  return all - written;
}

// ------------------------------------------------------------ what gets lost

void LogFile::Lose(size_t bytes) {
  if (fd_.valid() && MidLine()) line_abandoned_ = true;
  lost_bytes_ += static_cast<int64_t>(bytes);
  lost_unsaid_ += static_cast<int64_t>(bytes);
}

size_t LogFile::Discard(int pipe, size_t count) {
  std::array<char, 16384> block;
  Lose(count);
  for (size_t left = count; left > 0;) {
    ssize_t n = read(pipe, block.data(), std::min(left, block.size()));
    if (n <= 0) break;
    left -= static_cast<size_t>(n);
  }
  return count;
}

void LogFile::SayWhatWasLost(LogNow now) {
  if (lost_unsaid_ == 0 || !regular_) return;
  std::string message = absl::StrCat(
      lost_unsaid_, " bytes of output are missing here: ", lost_why_);
  std::string text = MidLine() ? "\n" : "";
  if (limits_.json) {
    absl::StrAppend(
        &text, "{\"timestamp\":\"",
        absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now.wall, absl::UTCTimeZone()),
        "\",\"type\":\"fleet\",\"message\":\"");
    AppendJsonText(message, text);
    text += "\"}\n";
  } else {
    absl::StrAppend(&text, "[fleet] ", message, "\n");
  }
  if (pwrite(fd_.get(), text.data(), text.size(), size_) !=
      static_cast<ssize_t>(text.size())) {
    // There is still no room, also not for the bytes that follow.
    [[maybe_unused]] int cut = ftruncate(fd_.get(), size_);
    return;
  }
  size_ += static_cast<int64_t>(text.size());
  line_ = Line::kEnded;
  line_abandoned_ = false;
  lost_unsaid_ = 0;
}

}  // namespace fleet::agent
