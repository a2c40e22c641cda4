#include "node_agent/proc_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "absl/strings/str_cat.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr int kMaxChildrenReads = 4;
// A program's environment is at most a quarter of its stack's limit.
constexpr size_t kMaxFileBytes = 8 << 20;

// The whole file; empty when it cannot be read.
std::string ReadProcFile(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd.valid()) return text;
  std::array<char, 4096> block;
  while (text.size() < kMaxFileBytes) {
    ssize_t n = read(fd.get(), block.data(), block.size());
    if (n <= 0) break;
    text.append(block.data(), static_cast<size_t>(n));
  }
  return text;
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number = 0;
  const char* end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

// Space-separated, as the kernel writes them.
std::vector<std::string_view> Fields(std::string_view text) {
  std::vector<std::string_view> fields;
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) fields.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

// Entries of a folder that are numbers.
std::vector<pid_t> ReadNumbers(const std::string& path) {
  std::vector<pid_t> numbers;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr) return numbers;
  while (const dirent* entry = readdir(dir.get())) {
    if (auto number = ParseNumber<pid_t>(entry->d_name)) {
      numbers.push_back(*number);
    }
  }
  return numbers;
}

// A process of one thread, as the keeper is, costs one stat in place of a
// listing: the folder's links are its threads and two more.
std::vector<pid_t> ReadTasks(pid_t pid, const std::string& tasks) {
  struct stat folder {};
  if (stat(tasks.c_str(), &folder) == 0 && folder.st_nlink == 3) return {pid};
  return ReadNumbers(tasks);
}

std::vector<pid_t> ReadChildrenOnce(pid_t pid) {
  std::string tasks = absl::StrCat("/proc/", pid, "/task");
  std::vector<pid_t> children;
  for (pid_t task : ReadTasks(pid, tasks)) {
    std::string text =
        ReadProcFile(absl::StrCat(tasks, "/", task, "/children"));
    for (std::string_view field : Fields(text)) {
      if (auto child = ParseNumber<pid_t>(field)) children.push_back(*child);
    }
  }
  std::sort(children.begin(), children.end());
  return children;
}

// For kernels without CONFIG_PROC_CHILDREN, and for times of much dying.
std::vector<pid_t> FindChildren(pid_t parent) {
  std::vector<pid_t> children;
  for (pid_t pid : ReadAllPids()) {
    std::optional<ProcStat> stat = ReadProcStat(pid);
    if (stat.has_value() && stat->ppid == parent) children.push_back(pid);
  }
  return children;
}

}  // namespace

std::optional<ProcStat> ParseProcStat(std::string_view line) {
  // The name, in parentheses, may hold anything.
  size_t name = line.find(" (");
  size_t after_name = line.rfind(") ");
  if (name == std::string_view::npos || after_name == std::string_view::npos) {
    return std::nullopt;
  }
  // Field 3 of proc(5) is the first of these.
  std::vector<std::string_view> fields = Fields(line.substr(after_name + 2));
  if (fields.size() < 20 || fields[0].size() != 1) return std::nullopt;
  auto pid = ParseNumber<pid_t>(line.substr(0, name));
  auto ppid = ParseNumber<pid_t>(fields[1]);
  auto pgrp = ParseNumber<pid_t>(fields[2]);
  auto session = ParseNumber<pid_t>(fields[3]);
  auto threads = ParseNumber<int>(fields[17]);
  auto start = ParseNumber<uint64_t>(fields[19]);
  if (!pid || !ppid || !pgrp || !session || !start) return std::nullopt;
  return ProcStat{*pid,   fields[0][0],       *ppid, *pgrp, *session,
                  *start, threads.value_or(0)};
}

std::optional<ProcStat> ReadProcStat(pid_t pid) {
  return ParseProcStat(ReadProcFile(absl::StrCat("/proc/", pid, "/stat")));
}

std::optional<std::string> ReadProcEnviron(pid_t pid, std::string_view name) {
  std::string text = ReadProcFile(absl::StrCat("/proc/", pid, "/environ"));
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\0'), rest.size());
    std::string_view entry = rest.substr(0, end);
    if (entry.size() > name.size() && entry[name.size()] == '=' &&
        entry.starts_with(name)) {
      return std::string(entry.substr(name.size() + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

// The kernel goes from one child to the next and may lose its place when that
// one is reaped meanwhile. If all of one reading are still there in the next,
// it has not.
std::vector<pid_t> ReadProcChildren(pid_t pid) {
  static const bool kernel_lists_them =
      access("/proc/thread-self/children", R_OK) == 0;
  if (!kernel_lists_them) return FindChildren(pid);
  std::vector<pid_t> last = ReadChildrenOnce(pid);
  for (int i = 1; i < kMaxChildrenReads; ++i) {
    if (last.empty()) return last;
    std::vector<pid_t> next = ReadChildrenOnce(pid);
    if (std::includes(next.begin(), next.end(), last.begin(), last.end())) {
      return next;
    }
    last = std::move(next);
  }
  return FindChildren(pid);
}

std::vector<pid_t> ReadAllPids() { return ReadNumbers("/proc"); }

}  // namespace fleet::agent
