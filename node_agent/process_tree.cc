#include "node_agent/process_tree.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "node_agent/marked_process.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

// The process with that start time and no other.
std::optional<ProcStat> ReadLive(const ProcessRef& process) {
  std::optional<ProcStat> stat = ReadProcStat(process.pid);
  if (!stat.has_value() || !stat->Lives()) return std::nullopt;
  if (stat->start_ticks != process.start_ticks) return std::nullopt;
  return stat;
}

// Then nothing of its group or session is left either: a new process gets no
// number that one of them still has.
bool NumberWasReused(const WorkerRoot& root) {
  std::optional<ProcStat> stat = ReadProcStat(root.pid);
  return stat.has_value() && stat->start_ticks != root.start_ticks;
}

// The number cannot pass to another process while the pidfd is open, so what
// is read after opening it is what gets the signal.
void KillProcess(const ProcessRef& process) {
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd.valid() || !ReadLive(process).has_value()) return;
  syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

}  // namespace

ProcessTree::ProcessTree(EventLoop& loop, pid_t keeper_pid)
    : loop_(loop), keeper_pid_(keeper_pid) {}

ProcessTree::~ProcessTree() { *alive_ = false; }

void ProcessTree::SetKeeper(pid_t keeper_pid) {
  if (keeper_pid == keeper_pid_) return;
  keeper_pid_ = keeper_pid;
  whole_system_ = true;
  orphans_fresh_ = false;
}

ProcessTree::Orphan ProcessTree::ReadOrphan(const ProcStat& stat) {
  return {stat, ReadWorkerMark(stat.pid)};
}

bool ProcessTree::Belongs(const Orphan& orphan, const WorkerRoot& root) {
  if (orphan.marker != 0) return orphan.marker == root.id;
  // Not of a stranger that came before and left a group of this number.
  return orphan.stat.start_ticks >= root.start_ticks &&
         (orphan.stat.session == root.pid || orphan.stat.pgrp == root.pid) &&
         !NumberWasReused(root);
}

const std::map<pid_t, ProcessTree::Orphan>& ProcessTree::Orphans() {
  if (orphans_fresh_) return orphans_;
  ReadOrphans();
  orphans_fresh_ = true;
  loop_.Post([this, alive = alive_] {
    if (*alive) orphans_fresh_ = false;
  });
  return orphans_;
}

// A marker does not change; one that is not there may still come, with the
// program that the process is about to execute.
void ProcessTree::ReadOrphans() {
  std::map<pid_t, Orphan> before = std::exchange(orphans_, {});
  for (pid_t pid :
       whole_system_ ? ReadAllPids() : ReadProcChildren(keeper_pid_)) {
    // This agent, the keeper's child too, or a worker.
    if (pid == getpid() || mains_.contains(pid)) continue;
    auto known = before.find(pid);
    if (known != before.end() && known->second.marker != 0) {
      orphans_.insert(before.extract(known));
      continue;
    }
    std::optional<ProcStat> stat = ReadProcStat(pid);
    if (stat.has_value() && stat->Lives()) orphans_[pid] = ReadOrphan(*stat);
  }
}

void ProcessTree::AddSubtree(const ProcessRef& top, Found& found) {
  if (found.contains(top.pid)) return;
  std::optional<ProcStat> stat = ReadLive(top);
  if (!stat.has_value()) return;
  found[top.pid] = *stat;
  std::vector<pid_t> parents = {top.pid};
  while (!parents.empty()) {
    pid_t parent = parents.back();
    parents.pop_back();
    for (pid_t child : ReadProcChildren(parent)) {
      std::optional<ProcStat> child_stat = ReadProcStat(child);
      if (!child_stat.has_value() || !child_stat->Lives()) continue;
      if (found.emplace(child, *child_stat).second) parents.push_back(child);
    }
  }
}

void ProcessTree::Remember(const WorkerRoot& root) {
  const std::map<pid_t, Orphan>& orphans = Orphans();
  bool alone =
      ReadProcChildren(root.pid).empty() && !seen_.contains(root.id) &&
      std::none_of(orphans.begin(), orphans.end(), [&root](const auto& entry) {
        return Belongs(entry.second, root);
      });
  if (!alone) FindTree(root);
}

std::vector<ProcessRef> ProcessTree::FindTree(const WorkerRoot& root) {
  Found found;
  AddSubtree({root.pid, root.start_ticks}, found);
  for (const ProcessRef& process : seen_[root.id]) AddSubtree(process, found);
  for (const auto& [pid, orphan] : Orphans()) {
    if (Belongs(orphan, root)) {
      AddSubtree({pid, orphan.stat.start_ticks}, found);
    }
  }
  std::vector<ProcessRef> tree;
  if (found.contains(root.pid)) tree.push_back({root.pid, root.start_ticks});
  for (const auto& [pid, stat] : found) {
    if (pid != root.pid) tree.push_back({pid, stat.start_ticks});
  }
  seen_[root.id] = tree;
  return tree;
}

int ProcessTree::KillTree(const WorkerRoot& root) {
  std::vector<ProcessRef> tree = FindTree(root);
  for (const ProcessRef& process : tree) KillProcess(process);
  return static_cast<int>(tree.size());
}

void ProcessTree::Forget(WorkerId id) { seen_.erase(id); }

pid_t ProcessTree::FindByMarker(WorkerId id) {
  std::optional<ProcStat> first;
  for (pid_t pid : ReadAllPids()) {
    if (ReadWorkerMark(pid) != id) continue;
    std::optional<ProcStat> stat = ReadProcStat(pid);
    // The main process leads its group.
    if (!stat.has_value() || !stat->Lives() || stat->pgrp != pid) continue;
    if (!first.has_value() || stat->start_ticks < first->start_ticks) {
      first = stat;
    }
  }
  return first.has_value() ? first->pid : 0;
}

}  // namespace fleet::agent
