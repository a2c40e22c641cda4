#include "node_agent/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr int64_t kBlock = 64 * 1024;
constexpr size_t kMaxLine = 64 * 1024;

// The end of a file, from a line's start on.
struct Tail {
  int64_t offset = 0;
  std::string text;
  absl::Time written;  // The file.
};

// Newlines that end a line which another one follows.
size_t InnerNewlines(const std::string& text) {
  size_t count = std::count(text.begin(), text.end(), '\n');
  return !text.empty() && text.back() == '\n' ? count - 1 : count;
}

// Whole lines: at least `count` unless the file or `max_bytes` ends before.
Tail ReadTail(int fd, size_t count, size_t max_bytes) {
  Tail tail;
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return tail;
  tail.written = absl::TimeFromTimespec(info.st_mtim);
  tail.offset = info.st_size;
  size_t newlines = 0;
  while (tail.offset > 0 && newlines < count && tail.text.size() < max_bytes) {
    int64_t size = std::min(kBlock, tail.offset);
    std::string block(static_cast<size_t>(size), '\0');
    if (pread(fd, block.data(), block.size(), tail.offset - size) != size) {
      break;
    }
    tail.offset -= size;
    tail.text.insert(0, block);
    newlines = InnerNewlines(tail.text);
  }
  if (tail.offset == 0) return tail;
  size_t line_end = tail.text.find('\n');
  size_t cut = line_end == std::string::npos ? 0 : line_end + 1;
  tail.text.erase(0, cut);
  tail.offset += static_cast<int64_t>(cut);
  return tail;
}

absl::Time TimeOf(int64_t offset, const Tail& tail, const TimeMarks* marks) {
  if (marks == nullptr) return tail.written;
  return marks->TimeOf(offset).value_or(
      std::min(marks->First().value_or(tail.written), tail.written));
}

// Puts the last lines of `tail` before `lines`, up to `count` in all.
void Prepend(const Tail& tail, const TimeMarks* marks, size_t count,
             std::vector<TailLine>& lines) {
  std::vector<TailLine> earlier;
  std::string_view rest = tail.text;
  int64_t offset = tail.offset;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    size_t next = std::min(end + 1, rest.size());
    earlier.push_back({TimeOf(offset, tail, marks),
                       std::string(rest.substr(0, std::min(end, kMaxLine)))});
    rest.remove_prefix(next);
    offset += static_cast<int64_t>(next);
  }
  size_t wanted = count - lines.size();
  size_t skip = earlier.size() > wanted ? earlier.size() - wanted : 0;
  lines.insert(lines.begin(),
               std::make_move_iterator(earlier.begin() +
                                       static_cast<std::ptrdiff_t>(skip)),
               std::make_move_iterator(earlier.end()));
}

}  // namespace

std::vector<TailLine> ReadLogTail(const std::string& path, size_t count,
                                  size_t max_bytes, const TimeMarks* marks) {
  std::vector<TailLine> lines;
  size_t budget = max_bytes;
  for (int rotated = 0; lines.size() < count && budget > 0; ++rotated) {
    std::string name = rotated == 0 ? path : absl::StrCat(path, ".", rotated);
    UniqueFd fd(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid() && rotated > 0) break;
    if (!fd.valid()) continue;  // Between two files while it is rotated.
    Tail tail = ReadTail(fd.get(), count - lines.size(), budget);
    budget -= std::min(budget, tail.text.size());
    Prepend(tail, rotated == 0 ? marks : nullptr, count, lines);
    if (tail.offset > 0) break;
  }
  for (size_t i = lines.size(); i > 1; --i) {
    lines[i - 2].time = std::min(lines[i - 2].time, lines[i - 1].time);
  }
  return lines;
}

}  // namespace fleet::agent
