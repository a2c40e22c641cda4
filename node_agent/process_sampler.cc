#include "node_agent/process_sampler.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/process_usage.h"

namespace fleet::agent {
namespace {

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

UniqueFd OpenStat(pid_t pid) {
  return OpenProcFile(absl::StrCat("/proc/", pid, "/stat"));
}

}  // namespace

ProcessSampler::ProcessSampler()
    : meminfo_(OpenProcFile("/proc/meminfo")),
      loadavg_(OpenProcFile("/proc/loadavg")),
      stat_(OpenProcFile("/proc/stat")) {}

void ProcessSampler::Add(WorkerId id, const ProcessRef& main, absl::Time now) {
  Tree& tree = trees_[id];
  tree = Tree();
  // Opened late: a worker that is gone within one sample costs nothing.
  tree.members.push_back({main, UniqueFd()});
  tree.cpu = ReadProcessCpu(main.pid).value_or(absl::ZeroDuration());
  // One that is adopted may have had children that have ended.
  auto usage = ParseProcessUsage(ReadProcStart(tree.members[0].stat));
  if (usage.has_value()) tree.cpu += usage->ended_children_cpu;
  tree.at = now;
  // Spread, so that not all are looked at in the same sample.
  tree.samples_to_look = static_cast<int>(id % kSamplesPerLook);
}

void ProcessSampler::Remove(WorkerId id) { trees_.erase(id); }

bool ProcessSampler::HasChanged(Tree& tree) const {
  pid_t pid = tree.members[0].process.pid;
  if (!tree.members[0].stat.valid()) tree.members[0].stat = OpenStat(pid);
  if (!tree.children.valid()) {
    tree.children =
        OpenProcFile(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  }
  std::string_view text = ReadProcStart(tree.children);
  bool changed = text != tree.children_text;
  if (changed) tree.children_text = std::string(text);
  if (--tree.samples_to_look > 0 && !changed) return false;
  tree.samples_to_look = kSamplesPerLook;
  return true;
}

absl::Duration ProcessSampler::Look(Tree& tree,
                                    const std::vector<ProcessRef>& processes) {
  absl::Duration late;
  std::vector<Member> members;
  members.push_back(std::move(tree.members[0]));
  const ProcessRef main = members[0].process;
  for (const ProcessRef& process : processes) {
    if (process.pid == main.pid) continue;
    auto known = std::find_if(
        tree.members.begin() + 1, tree.members.end(),
        [&process](const Member& m) { return m.process == process; });
    if (known != tree.members.end()) {
      members.push_back(std::move(*known));
      continue;
    }
    members.push_back({process, OpenStat(process.pid)});
    // It may have lived for long, where we did not look.
    auto usage = ParseProcessUsage(ReadProcStart(members.back().stat));
    late += ReadProcessCpu(process.pid).value_or(absl::ZeroDuration());
    if (usage.has_value()) late += usage->ended_children_cpu;
  }
  tree.members = std::move(members);
  tree.open_files = 0;
  for (const Member& member : tree.members) {
    tree.open_files += CountOpenFiles(member.process.pid);
  }
  return late;
}

std::optional<WorkerSample> ProcessSampler::SampleTree(WorkerId id, Tree& tree,
                                                       absl::Time now,
                                                       const TreeOf& tree_of,
                                                       const CpuOf& cpu_of) {
  absl::Duration late;
  if (HasChanged(tree)) late = Look(tree, tree_of(id));
  if (tree.open_files < 0) {
    tree.open_files = CountOpenFiles(tree.members[0].process.pid);
  }
  WorkerSample sample;
  sample.id = id;
  absl::Duration cpu;
  for (const Member& member : tree.members) {
    auto usage = ParseProcessUsage(ReadProcStart(member.stat));
    auto own = ReadProcessCpu(member.process.pid);
    if (!usage.has_value() || !own.has_value()) continue;
    if (usage->start_ticks != member.process.start_ticks) continue;
    ++sample.processes;
    sample.threads += usage->threads;
    sample.rss_bytes += usage->rss_bytes;
    cpu += *own + usage->ended_children_cpu;
  }
  if (sample.processes == 0) return std::nullopt;
  if (auto counted = cpu_of(id)) {
    cpu = *counted;
    late = absl::ZeroDuration();
  }
  absl::Duration passed = now - tree.at;
  absl::Duration used = std::max(cpu - tree.cpu - late, absl::ZeroDuration());
  if (passed > absl::ZeroDuration()) {
    sample.cpu_cores = absl::FDivDuration(used, passed);
  }
  tree.cpu = cpu;
  tree.at = now;
  sample.open_files = tree.open_files;
  sample.pss_bytes = tree.pss_bytes;
  return sample;
}

std::vector<WorkerSample> ProcessSampler::Sample(absl::Time now,
                                                 const TreeOf& tree_of,
                                                 const CpuOf& cpu_of) {
  std::vector<WorkerSample> samples;
  samples.reserve(trees_.size());
  for (auto& [id, tree] : trees_) {
    auto sample = SampleTree(id, tree, now, tree_of, cpu_of);
    if (sample.has_value()) samples.push_back(*sample);
  }
  ReadOnePss(samples, now);
  return samples;
}

// The next one after the last, in the order of their ids.
void ProcessSampler::ReadOnePss(std::vector<WorkerSample>& samples,
                                absl::Time now) {
  auto next =
      std::find_if(samples.begin(), samples.end(),
                   [this](const WorkerSample& s) { return s.id > last_pss_; });
  if (next == samples.end()) {
    last_pss_ = 0;
    return;
  }
  last_pss_ = next->id;
  Tree& tree = trees_.at(next->id);
  if (now - tree.pss_at < kPssAge || next->rss_bytes > kMaxPssRss) return;
  tree.pss_at = now;
  tree.pss_bytes = ReadPss(tree.members[0].process.pid);
  next->pss_bytes = tree.pss_bytes;
}

HostSample ProcessSampler::SampleHost(absl::Time now) {
  HostSample host;
  host.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  std::string meminfo(ReadProcStart(meminfo_));
  host.memory_bytes = MeminfoValue(meminfo, "MemTotal:");
  host.memory_used_bytes =
      host.memory_bytes - MeminfoValue(meminfo, "MemAvailable:");
  std::string load(ReadProcStart(loadavg_));
  std::sscanf(load.c_str(), "%lf", &host.load1);
  int64_t busy = ParseBusyTicks(std::string(ReadProcStart(stat_)));
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
  UniqueFd stat = OpenStat(pid);
  auto usage = ParseProcessUsage(ReadProcStart(stat));
  return usage.has_value() ? usage->rss_bytes : 0;
}

}  // namespace fleet::agent
