#include "node_agent/marked_process.h"

#include <sys/resource.h>

#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "node_agent/keeper/worker_mark.h"
#include "node_agent/proc_reader.h"

namespace fleet::agent {
namespace {

// The part of an id that all of a host's have in common.
constexpr int kCountBits = 32;

}  // namespace

WorkerId ReadWorkerMark(pid_t pid) {
  rlimit limit{};
  if (prlimit(pid, RLIMIT_RTTIME, nullptr, &limit) == 0 &&
      limit.rlim_max != RLIM_INFINITY &&
      (limit.rlim_max & keeper::kMarkBit) != 0) {
    return limit.rlim_max & ~keeper::kMarkBit;
  }
  std::optional<std::string> text = ReadProcEnviron(pid, kWorkerMarker);
  WorkerId id = 0;
  return text.has_value() && absl::SimpleAtoi(*text, &id) ? id : 0;
}

bool MarkedProcess::Lives() const {
  std::optional<ProcStat> stat = ReadProcStat(pid);
  return stat.has_value() && stat->Lives() && stat->start_ticks == start_ticks;
}

std::vector<MarkedProcess> FindMarkedProcesses(WorkerId first) {
  std::vector<MarkedProcess> found;
  for (pid_t pid : ReadAllPids()) {
    WorkerId id = ReadWorkerMark(pid);
    if (id == 0 || id >> kCountBits != first >> kCountBits) continue;
    std::optional<ProcStat> stat = ReadProcStat(pid);
    if (stat.has_value() && stat->Lives()) {
      found.push_back({pid, stat->start_ticks, id});
    }
  }
  return found;
}

}  // namespace fleet::agent
