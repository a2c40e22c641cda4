#include "node_agent/process_sampler.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <string>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

// The first bytes of a /proc file through its kept descriptor; empty: gone.
std::string ReadStart(const UniqueFd& fd) {
  std::array<char, 512> text;
  ssize_t n = pread(fd.get(), text.data(), text.size(), 0);
  return n > 0 ? std::string(text.data(), static_cast<size_t>(n)) : "";
}

UniqueFd OpenProc(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// Field 2 of statm.
std::optional<int64_t> ParseRss(const std::string& statm) {
  int64_t pages = 0;
  if (std::sscanf(statm.c_str(), "%*d %" SCNd64, &pages) != 1) {
    return std::nullopt;
  }
  return pages * sysconf(_SC_PAGESIZE);
}

// The clock of another process, made as clock_getcpuclockid(3) does, without
// its system call.
std::optional<absl::Duration> ReadCpu(pid_t pid) {
  constexpr clockid_t kScheduler = 2;
  clockid_t clock = (~static_cast<clockid_t>(pid) << 3) | kScheduler;
  timespec used;
  if (clock_gettime(clock, &used) != 0) return std::nullopt;
  return absl::DurationFromTimespec(used);
}

int64_t MeminfoValue(const std::string& text, const char* name) {
  size_t at = text.find(name);
  int64_t kib = 0;
  if (at == std::string::npos) return 0;
  std::sscanf(text.c_str() + at, "%*s %" SCNd64, &kib);
  return kib * 1024;
}

// User, nice, system, irq, softirq, steal; not idle and iowait.
int64_t ParseBusyTicks(const std::string& stat) {
  std::array<int64_t, 8> t{};
  std::sscanf(stat.c_str(),
              "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
              " %" SCNd64 " %" SCNd64 " %" SCNd64,
              &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
  return t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
}

}  // namespace

ProcessSampler::ProcessSampler()
    : meminfo_(OpenProc("/proc/meminfo")),
      loadavg_(OpenProc("/proc/loadavg")),
      stat_(OpenProc("/proc/stat")) {}

void ProcessSampler::Add(WorkerId id, pid_t pid, absl::Time now) {
  Process& process = processes_[id];
  process.pid = pid;
  process.statm = OpenProc(absl::StrCat("/proc/", pid, "/statm"));
  process.cpu = ReadCpu(pid).value_or(absl::ZeroDuration());
  process.at = now;
}

void ProcessSampler::Remove(WorkerId id) { processes_.erase(id); }

std::vector<WorkerSample> ProcessSampler::Sample(absl::Time now) {
  std::vector<WorkerSample> samples;
  samples.reserve(processes_.size());
  for (auto& [id, process] : processes_) {
    std::optional<int64_t> rss = ParseRss(ReadStart(process.statm));
    std::optional<absl::Duration> cpu = ReadCpu(process.pid);
    if (!rss.has_value() || !cpu.has_value()) continue;
    absl::Duration passed = now - process.at;
    WorkerSample sample{id, *rss, 0};
    if (passed > absl::ZeroDuration()) {
      sample.cpu_cores = absl::FDivDuration(*cpu - process.cpu, passed);
    }
    process.cpu = *cpu;
    process.at = now;
    samples.push_back(sample);
  }
  return samples;
}

HostSample ProcessSampler::SampleHost(absl::Time now) {
  HostSample host;
  host.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  std::string meminfo = ReadStart(meminfo_);
  host.memory_bytes = MeminfoValue(meminfo, "MemTotal:");
  host.memory_used_bytes =
      host.memory_bytes - MeminfoValue(meminfo, "MemAvailable:");
  std::sscanf(ReadStart(loadavg_).c_str(), "%lf", &host.load1);
  int64_t busy = ParseBusyTicks(ReadStart(stat_));
  if (busy_ticks_ >= 0 && now > host_at_) {
    double seconds = static_cast<double>(busy - busy_ticks_) /
                     static_cast<double>(sysconf(_SC_CLK_TCK));
    host.cpu_cores = seconds / absl::ToDoubleSeconds(now - host_at_);
  }
  busy_ticks_ = busy;
  host_at_ = now;
  return host;
}

int64_t ProcessSampler::ReadRss(pid_t pid) {
  UniqueFd statm = OpenProc(absl::StrCat("/proc/", pid, "/statm"));
  return ParseRss(ReadStart(statm)).value_or(0);
}

}  // namespace fleet::agent
