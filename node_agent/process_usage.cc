#include "node_agent/process_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

// Of proc(5), counted from the state, which is the third.
enum StatField : size_t {
  kState = 0,
  kEndedUser = 13,    // cutime
  kEndedSystem = 14,  // cstime
  kThreads = 17,
  kStart = 19,
  kRss = 21,
  kFields = 22,
};

absl::Duration Ticks(int64_t ticks) {
  static const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return absl::Seconds(static_cast<double>(ticks) / per_second);
}

int64_t PageSize() {
  static const int64_t size = sysconf(_SC_PAGESIZE);
  return size;
}

}  // namespace

std::optional<ProcessUsage> ParseProcessUsage(std::string_view stat) {
  // The name, in parentheses, may hold anything.
  size_t name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  const char* at = stat.data() + name_end + 2;
  const char* end = stat.data() + stat.size();
  if (at == end || *at == 'Z' || *at == 'X') return std::nullopt;
  ++at;
  std::array<int64_t, kFields> fields{};
  for (size_t i = 1; i < kFields; ++i) {
    if (at == end || *at != ' ') return std::nullopt;
    auto [next, error] = std::from_chars(at + 1, end, fields[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  ProcessUsage usage;
  usage.ended_children_cpu = Ticks(fields[kEndedUser] + fields[kEndedSystem]);
  usage.threads = static_cast<int>(fields[kThreads]);
  usage.rss_bytes = fields[kRss] * PageSize();
  usage.start_ticks = static_cast<uint64_t>(fields[kStart]);
  return usage;
}

UniqueFd OpenProcFile(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string_view ReadProcStart(const UniqueFd& fd) {
  static std::array<char, 512> text;
  ssize_t n =
      fd.valid() ? pread(fd.get(), text.data(), text.size(), 0) : ssize_t{-1};
  return n > 0 ? std::string_view(text.data(), static_cast<size_t>(n)) : "";
}

// The clock of another process, made as clock_getcpuclockid(3) does, without
// its system call.
std::optional<absl::Duration> ReadProcessCpu(pid_t pid) {
  constexpr clockid_t kScheduler = 2;
  clockid_t clock = (~static_cast<clockid_t>(pid) << 3) | kScheduler;
  timespec used;
  if (clock_gettime(clock, &used) != 0) return std::nullopt;
  return absl::DurationFromTimespec(used);
}

int CountOpenFiles(pid_t pid) {
  std::string path = absl::StrCat("/proc/", pid, "/fd");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return 0;
  if (info.st_size > 0) return static_cast<int>(info.st_size);
  // Before Linux 6.2 the size says nothing.
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  int count = 0;
  while (const dirent* entry = dir == nullptr ? nullptr : readdir(dir.get())) {
    count += entry->d_name[0] == '.' ? 0 : 1;
  }
  return count;
}

int64_t ReadPss(pid_t pid) {
  UniqueFd fd = OpenProcFile(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  std::string text(ReadProcStart(fd));
  size_t at = text.find("\nPss:");
  int64_t kib = 0;
  if (at == std::string::npos ||
      std::sscanf(text.c_str() + at, "\nPss: %" SCNd64, &kib) != 1) {
    return 0;
  }
  return kib * 1024;
}

}  // namespace fleet::agent
