#include "node_agent/marked_process.h"

#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "node_agent/proc_reader.h"
#include "node_agent/process_tree.h"

namespace fleet::agent {
namespace {

// The part of an id that all of a host's have in common.
constexpr int kCountBits = 32;

}  // namespace

bool MarkedProcess::Lives() const {
  std::optional<ProcStat> stat = ReadProcStat(pid);
  return stat.has_value() && stat->Lives() && stat->start_ticks == start_ticks;
}

std::vector<MarkedProcess> FindMarkedProcesses(WorkerId first) {
  std::vector<MarkedProcess> found;
  for (pid_t pid : ReadAllPids()) {
    auto marker = ReadProcEnviron(pid, ProcessTree::kWorkerMarker);
    WorkerId id = 0;
    if (!marker.has_value() || !absl::SimpleAtoi(*marker, &id) ||
        id >> kCountBits != first >> kCountBits) {
      continue;
    }
    std::optional<ProcStat> stat = ReadProcStat(pid);
    if (stat.has_value() && stat->Lives()) {
      found.push_back({pid, stat->start_ticks, id});
    }
  }
  return found;
}

}  // namespace fleet::agent
