// LocalWorkerRuntime: what an agent before this one left in the keeper.
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "node_agent/drain_preload.h"
#include "node_agent/local_worker_runtime.h"
#include "node_agent/marked_process.h"
#include "node_agent/proc_reader.h"
#include "node_agent/worker_pipes.h"
#include "node_agent/worker_tag.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr char kNotifyName[] = "notify";
constexpr int kMaxAncestors = 32;
constexpr absl::Duration kMaxEndOfUnrecorded = absl::Seconds(1);

// proc(5): ticks since boot, as CLOCK_BOOTTIME counts.
absl::Time AdoptedStartOf(uint64_t start_ticks) {
  return absl::UnixEpoch() +
         absl::Seconds(1) * (static_cast<double>(start_ticks) /
                             static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

void LocalWorkerRuntime::OpenNotifySocket(UniqueFd held) {
  std::string path = absl::StrCat(options_.runtime_dir, "/notify.sock");
  bool fresh = !held.valid();
  if (fresh) {
    auto opened = NotifySocket::Open(path);
    if (!opened.ok()) {
      status_ = opened.status();
      return;
    }
    held = *std::move(opened);
  }
  notify_ = std::make_unique<NotifySocket>(
      loop_, std::move(held),
      [this](pid_t sender, const NotifyMessage& message) {
        OnNotify(sender, message);
      });
  if (fresh) keeper_.Hold(kNotifyName, notify_->fd());
}

void LocalWorkerRuntime::OnNotify(pid_t sender, const NotifyMessage& message) {
  Entry* entry = Find(WorkerOfProcess(sender));
  if (entry == nullptr || entry->worker->ended()) return;
  if (message.main_pid.has_value()) ChangeMain(*entry, *message.main_pid);
  entry->worker->OnNotify(message);
  if (message.extend_timeout.has_value() && listener_ != nullptr) {
    listener_->OnExtend(entry->worker->identity().id, *message.extend_timeout);
  }
  if (message.status.has_value() && listener_ != nullptr) {
    listener_->OnStatusText(entry->worker->identity().id, *message.status);
  }
}

WorkerId LocalWorkerRuntime::WorkerOfProcess(pid_t pid) const {
  pid_t at = pid;
  for (int i = 0; i < kMaxAncestors && at > 1; ++i) {
    for (const auto& [id, entry] : workers_) {
      if (entry.worker->pid() == at && !entry.worker->ended()) return id;
    }
    auto stat = ReadProcStat(at);
    if (!stat.has_value()) break;
    at = stat->ppid;
  }
  // An orphan of a worker's.
  return ReadWorkerMark(pid);
}

// Its own word, so it may only name a process of its own.
void LocalWorkerRuntime::ChangeMain(Entry& entry, pid_t pid) {
  LiveWorker& worker = *entry.worker;
  WorkerId id = worker.identity().id;
  if (pid == worker.pid() || worker.pid() == 0) return;
  std::optional<ProcStat> stat = ReadProcStat(pid);
  if (!stat.has_value() || !stat->Lives() || WorkerOfProcess(pid) != id) {
    spdlog::warn(
        "{} says MAINPID={}, which is no process of its own; it is "
        "left out",
        worker.LogName(), pid);
    return;
  }
  spdlog::info("{} goes on as process {}", worker.LogName(), pid);
  tree_.Remember(worker.root());
  tree_.EndMain(worker.pid());
  tree_.NoteMain(pid);
  keeper_.SetMain(id, pid, stat->start_ticks);
  worker.SetMain(pid, stat->start_ticks);
  sampler_.Remove(id);
  sampler_.Add(id, {pid, stat->start_ticks}, clock_.Now());
  if (listener_ != nullptr) listener_->OnStarted(id, pid);
}

void LocalWorkerRuntime::SortHeld(std::map<WorkerId, HeldParts>& parts,
                                  std::map<std::string, UniqueFd>& data) {
  UniqueFd notify;
  for (Inventory::Held& held : inventory_.held) {
    if (sockets_.Adopt(held)) continue;
    if (held.name == kNotifyName) {
      notify = std::move(held.fd);
      continue;
    }
    std::vector<std::string> path = absl::StrSplit(held.name, '/');
    if (path[0] == "data" && path.size() == 2) {
      data[path[1]] = std::move(held.fd);
      continue;
    }
    WorkerId id = 0;
    if (path.size() < 2 || !absl::SimpleAtoi(path[1], &id)) continue;
    HeldParts& of = parts[id];
    if (path[0] == "ipc") of.channel = std::move(held.fd);
    if (path[0] == "note") of.note = std::move(held.fd);
    if (path[0] == "in") of.in = std::move(held.fd);
    if (path[0] == "bind") of.binds = std::move(held.fd);
    if (path[0] == "log" && path.size() == 3) {
      (path[2] == "out" ? of.out : of.err) = std::move(held.fd);
    }
  }
  sockets_.FinishAdopt();
  OpenNotifySocket(std::move(notify));
}

std::vector<AdoptedWorker> LocalWorkerRuntime::Adopt(SpecOf spec_of,
                                                     void* context) {
  std::map<WorkerId, HeldParts> parts;
  std::map<std::string, UniqueFd> data;
  SortHeld(parts, data);
  std::string preload = absl::StrCat(options_.runtime_dir, "/drain_preload.js");
  absl::Status written = WriteDrainPreload(preload);
  if (!written.ok()) status_.Update(written);
  WorkerLaunch::Host host;
  host.host_name = options_.host_name;
  host.notify_path = notify_ == nullptr
                         ? ""
                         : absl::StrCat(options_.runtime_dir, "/notify.sock");
  host.drain_preload_path = written.ok() ? preload : "";
  host.inherited = WorkerLaunch::InheritedEnvironment();
  host.policy = options_.policy;
  launch_ = std::make_unique<WorkerLaunch>(std::move(host));
  for (auto& [app_uid, fd] : data) {
    apps_[app_uid].data = std::make_unique<NodeSharedData>(
        HeldNote(keeper_, absl::StrCat("data/", app_uid), std::move(fd)));
  }
  std::vector<AdoptedWorker> adopted;
  for (Inventory::Process& process : inventory_.processes) {
    auto node = parts.extract(process.id);
    AdoptOne(process, node.empty() ? HeldParts() : std::move(node.mapped()),
             spec_of, context, adopted);
  }
  // Of workers that are gone.
  for (const auto& [id, of] : parts) {
    for (const char* name : {"ipc/", "note/", "in/", "bind/"}) {
      keeper_.Drop(absl::StrCat(name, id));
    }
    keeper_.Drop(absl::StrCat("log/", id, "/out"));
    keeper_.Drop(absl::StrCat("log/", id, "/err"));
  }
  if (inventory_.after_loss && options_.first_worker_id != 0) EndUnrecorded();
  inventory_ = Inventory();
  std::set<std::string> app_uids;
  for (const AdoptedWorker& worker : adopted) {
    app_uids.insert(worker.identity.app_uid);
  }
  for (const std::string& app_uid : app_uids) {
    AdoptHomes(app_uid);
    UpdateLanes(app_uid);
  }
  return adopted;
}

void LocalWorkerRuntime::AdoptOne(Inventory::Process& process, HeldParts parts,
                                  SpecOf spec_of, void* context,
                                  std::vector<AdoptedWorker>& adopted) {
  if (hooks_.Adopt(process, parts.err)) return;
  auto identity = DecodeWorkerTag(process.id, process.tag);
  if (!identity.has_value()) return EndStranger(process);
  std::shared_ptr<const AppSpec> spec = spec_of(context, *identity);
  bool unknown = spec == nullptr;
  if (unknown) spec = std::make_shared<const AppSpec>();
  LiveWorker& worker =
      AddWorker(*identity, spec, identity->slot + 1, std::move(parts.note));
  sockets_.NameApp(identity->app_uid, identity->app);
  auto user = launch_->UserOf(*identity, spec);
  if (user.ok() && user->set_ids) worker.SetOwner(user->uid, user->gid);
  worker.AttachInput(std::move(parts.in));
  TellLost(process, parts, *spec);
  AttachPipes(workers_[identity->id], std::move(parts.out),
              std::move(parts.err), std::move(parts.channel));
  worker.AttachBinds(std::move(parts.binds));
  bool ready = worker.OnAdopted(process.pid, process.start_ticks);
  if (!unknown) {
    AdoptedWorker result;
    result.identity = *identity;
    result.pid = process.pid;
    result.ready = ready && !process.ended;
    result.stopping = worker.stopping();
    result.started_at = AdoptedStartOf(process.start_ticks);
    adopted.push_back(std::move(result));
  }
  if (process.ended) {
    loop_.Post([this, alive = alive_, id = process.id, exit = process.exit] {
      if (*alive) OnExited(id, exit);
    });
    return;
  }
  // Its orphans do not come to the keeper.
  if (!process.is_child) tree_.ScanWholeSystem();
  tree_.NoteMain(process.pid);
  sampler_.Add(process.id, {process.pid, process.start_ticks}, clock_.Now());
  confiner_.Adopt(process.id, *spec);
  if (unknown) StopUnknown(process.id);
}

// Of a worker that lives, when its keeper and agent were killed together.
void LocalWorkerRuntime::TellLost(const Inventory::Process& process,
                                  const HeldParts& parts, const AppSpec& spec) {
  if (process.ended) return;
  std::vector<std::string> lost;
  if (!parts.out.valid()) lost.push_back("what it writes to stdout");
  if (!parts.err.valid()) lost.push_back("what it writes to stderr");
  if (IsNode(spec) && !parts.channel.valid()) lost.push_back("its IPC channel");
  if (lost.empty()) return;
  spdlog::warn("worker {} (pid {}) runs on, but {} could not be taken back",
               process.id, process.pid, absl::StrJoin(lost, ", "));
}

// Started in the very moment in which keeper and agent were killed, or the
// keeper's record was lost. Their successors are about to be started.
void LocalWorkerRuntime::EndUnrecorded() {
  std::vector<UniqueFd> pidfds;
  for (const MarkedProcess& found :
       FindMarkedProcesses(options_.first_worker_id)) {
    if (found.worker <= inventory_.newest_id ||
        workers_.contains(found.worker) || hooks_.Contains(found.worker)) {
      continue;
    }
    spdlog::error(
        "process {} of worker {} has outlived keeper and agent and is not in "
        "their record: killed, so that it does not run beside its successor",
        found.pid, found.worker);
    UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, found.pid, 0)));
    if (!pidfd.valid() || !found.Lives()) continue;
    syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    pidfds.push_back(std::move(pidfd));
  }
  absl::Time deadline = clock_.Now() + kMaxEndOfUnrecorded;
  for (const UniqueFd& pidfd : pidfds) {
    pollfd ended{pidfd.get(), POLLIN, 0};
    absl::Duration left =
        std::max(deadline - clock_.Now(), absl::ZeroDuration());
    poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(left)));
  }
}

void LocalWorkerRuntime::StopUnknown(WorkerId id) {
  loop_.Post([this, alive = alive_, id] {
    if (*alive) BeginStop(id);
  });
  Entry& entry = workers_[id];
  entry.kill_timer =
      loop_.AddTimerAfter(entry.worker->spec()->stop.kill_timeout, [this, id] {
        workers_[id].kill_timer = 0;
        Kill(id);
      });
}

void LocalWorkerRuntime::EndStranger(const Inventory::Process& process) {
  if (process.ended) return keeper_.AckExit(process.id);
  spdlog::warn("process {} of an earlier agent is nobody's worker: killed",
               process.pid);
  strangers_.insert(process.id);
  keeper_.Signal(process.id, SIGKILL, /*group=*/true);
}

}  // namespace fleet::agent
