#include "node_agent/local_worker_runtime.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "node_agent/worker_exit_text.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kCleanUpDelay = absl::Milliseconds(1);
constexpr absl::Duration kMaxCleanUpDelay = absl::Milliseconds(10);
constexpr absl::Duration kFirstKillPause = absl::Milliseconds(2);
constexpr absl::Duration kMaxKillPause = absl::Milliseconds(500);

}  // namespace

LocalWorkerRuntime::LocalWorkerRuntime(EventLoop& loop, const Clock& clock,
                                       KeeperClient& keeper, LogPump& logs,
                                       Options options, Inventory inventory)
    : loop_(loop),
      clock_(clock),
      keeper_(keeper),
      logs_(logs),
      options_(std::move(options)),
      inventory_(std::move(inventory)),
      sockets_(loop, keeper, options_.bind_address),
      tree_(loop, keeper.keeper_pid()),
      tree_keeper_(keeper.keeper_pid()),
      handshakes_(clock),
      commands_(loop, keeper, tree_),
      hooks_(loop, keeper, tree_, logs,
             [this](const HookOrder& order,
                    int out) -> absl::StatusOr<SpawnRequest> {
               ASSIGN_OR_RETURN(SpawnRequest spawn,
                                launch_->PrepareHook(order, out));
               RETURN_IF_ERROR(confiner_.ConfineHook(*order.spec, spawn));
               return spawn;
             }),
      confiner_(options_.runtime_dir),
      around_{loop, keeper, sockets_, tree_, accepted_by_} {
  keeper_.SetEvents(this);
}

LocalWorkerRuntime::~LocalWorkerRuntime() {
  *alive_ = false;
  keeper_.SetEvents(nullptr);
  loop_.CancelTimer(clean_up_timer_);
  for (auto& [id, entry] : workers_) {
    if (entry.kill_timer != 0) loop_.CancelTimer(entry.kill_timer);
    if (entry.drain_timer != 0) loop_.CancelTimer(entry.drain_timer);
  }
}

void LocalWorkerRuntime::SetListener(WorkerListener* listener) {
  listener_ = listener;
}

LocalWorkerRuntime::Entry* LocalWorkerRuntime::Find(WorkerId id) {
  auto it = workers_.find(id);
  return it == workers_.end() ? nullptr : &it->second;
}

// ------------------------------------------------------------------ stopping

void LocalWorkerRuntime::BeginStop(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended() || entry->worker->stopping()) {
    return;
  }
  LiveWorker& worker = *entry->worker;
  worker.MarkStopping();
  UpdateLanes(worker.identity().app_uid);
  // What leaves its session while it stops is found again afterwards.
  if (worker.pid() != 0) tree_.Remember(worker.root());
  BeginDrain(*entry);
}

void LocalWorkerRuntime::Signal(WorkerId id, int signal) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended()) return;
  keeper_.Signal(id, signal, /*group=*/false);
}

absl::Status LocalWorkerRuntime::Send(WorkerId id, const std::string& text) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", id, " has ended"));
  }
  return entry->worker->SendMessage(text);
}

void LocalWorkerRuntime::CallAction(WorkerId id, const ActionRequest& request,
                                    ActionDone done) {
  Entry* entry = Find(id);
  if (entry != nullptr && !entry->worker->ended()) {
    return entry->worker->CallAction(request, std::move(done));
  }
  loop_.Post([id, done = std::move(done)] {
    done(absl::UnavailableError(absl::StrCat("worker ", id, " has ended")));
  });
}

std::vector<Fact> LocalWorkerRuntime::Inspect(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr || entry->worker->ended()) return {};
  const LiveWorker& worker = *entry->worker;
  std::vector<pid_t> tree;
  for (const ProcessRef& process : tree_.FindTree(worker.root())) {
    tree.push_back(process.pid);
  }
  std::vector<Fact> facts = ReadWorkerFacts(worker.pid(), tree);
  const std::string& app_uid = worker.identity().app_uid;
  std::set<std::string> sockets = worker.AddressesInUse();
  if (!sockets.empty()) {
    facts.push_back(
        {"sockets", absl::StrCat(absl::StrJoin(sockets, ", "), "; ",
                                 sockets_.QueueLength(app_uid, worker.at()),
                                 " connections wait in its queue")});
  }
  std::string detail = worker.detail();
  facts.push_back(
      {"readiness", absl::StrCat(worker.ready() ? "ready" : "not ready",
                                 detail.empty() ? "" : ": ", detail)});
  const ActionCalls& told = worker.actions();
  if (!told.actions().empty()) {
    facts.push_back({"actions", absl::StrJoin(told.actions(), ", ")});
  }
  if (!told.metrics().empty()) {
    facts.push_back({"metrics", absl::StrJoin(told.metrics(), ", ",
                                              absl::PairFormatter(" "))});
  }
  if (worker.has_channel()) facts.push_back({"ipc", "open"});
  return facts;
}

void LocalWorkerRuntime::Kill(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->killed = true;
  if (!entry->worker->ended()) {
    keeper_.Signal(id, SIGKILL, /*group=*/false);
    if (entry->worker->pid() != 0) KillTree(*entry->worker);
    return;
  }
  if (entry->kill_timer == 0) CleanUp(id);
}

// ------------------------------------------------------- how processes end

void LocalWorkerRuntime::OnExited(WorkerId id, ProcessExit exit) {
  if (hooks_.OnExited(id, exit) || commands_.OnExited(id, exit)) return;
  if (strangers_.erase(id) > 0) return keeper_.AckExit(id);
  Entry* entry = Find(id);
  if (entry == nullptr) return keeper_.AckExit(id);
  if (entry->worker->ended()) return;
  LiveWorker& worker = *entry->worker;
  // Perhaps it was no end: it has named another main process before.
  const pid_t main = worker.pid();
  if (notify_ != nullptr) notify_->ReadNow();
  if (worker.pid() != main) return;
  WorkerExit described =
      DescribeExit(exit, worker.was_ready() ? "" : worker.refusal());
  confiner_.ExplainExit(id, *worker.spec(), described);
  worker.OnEnded();
  tree_.EndMain(worker.pid());
  // Why it ended is often its last line.
  logs_.ReadNow(id);
  // Its successor is to start at once, before what can wait is cleaned up.
  if (exit.tree_gone) SettleSockets(*entry);
  if (listener_ != nullptr) listener_->OnExited(id, described);
  if (exit.tree_gone) {
    TellGone(id, *entry);
    return CleanUpLater(id);
  }
  loop_.Post([this, alive = alive_, id] {
    if (*alive) CleanUp(id);
  });
}

// The keeper is starting the successor, or more are dying, perhaps on this very
// core.
void LocalWorkerRuntime::CleanUpLater(WorkerId id) {
  absl::Time now = clock_.Now();
  if (gone_.empty()) first_gone_ = now;
  gone_.push_back(id);
  if (clean_up_timer_ != 0) loop_.CancelTimer(clean_up_timer_);
  absl::Time due =
      std::min(now + kCleanUpDelay, first_gone_ + kMaxCleanUpDelay);
  clean_up_timer_ = loop_.AddTimer(due, [this] {
    clean_up_timer_ = 0;
    for (WorkerId gone : std::exchange(gone_, {})) CleanUp(gone);
    PrepareSparePipes();
  });
}

void LocalWorkerRuntime::SettleSockets(Entry& entry) {
  if (std::exchange(entry.sockets_settled, true)) return;
  const WorkerIdentity& identity = entry.worker->identity();
  UpdateLanes(identity.app_uid);
  sockets_.Repair(identity.app_uid, entry.worker->at());
}

void LocalWorkerRuntime::TellGone(WorkerId id, Entry& entry) {
  if (std::exchange(entry.gone_told, true)) return;
  if (listener_ != nullptr) listener_->OnGone(id);
}

void LocalWorkerRuntime::CleanUp(WorkerId id) {
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  if (entry->kill_timer != 0) {
    loop_.CancelTimer(std::exchange(entry->kill_timer, 0));
  }
  sampler_.Remove(id);
  if (entry->gone_told) return Forget(id);
  LiveWorker& worker = *entry->worker;
  SettleSockets(*entry);
  if (tree_keeper_ != keeper_.keeper_pid()) {
    tree_keeper_ = keeper_.keeper_pid();
    tree_.SetKeeper(tree_keeper_);
  }
  bool whole_tree = entry->killed || worker.spec()->stop.treekill;
  if (worker.pid() == 0 || !whole_tree || KillTree(worker) == 0) {
    return Forget(id);
  }
  entry->kill_pause =
      std::clamp(entry->kill_pause * 2, kFirstKillPause, kMaxKillPause);
  entry->kill_timer =
      loop_.AddTimerAfter(entry->kill_pause, [this, id] { CleanUp(id); });
}

void LocalWorkerRuntime::Forget(WorkerId id) {
  auto it = workers_.find(id);
  std::string app_uid = it->second.worker->identity().app_uid;
  bool spawned = it->second.worker->pid() != 0;
  if (it->second.drain_timer != 0) loop_.CancelTimer(it->second.drain_timer);
  logs_.Finish(id);
  it->second.worker->DropHeld();
  tree_.Forget(id);
  confiner_.Forget(id);
  bool told = it->second.gone_told;
  workers_.erase(it);
  if (listener_ != nullptr && !told) listener_->OnGone(id);
  // Last: until here a later agent would do all of this again.
  if (spawned) keeper_.AckExit(id);
  logs_.Forget(id);
  CloseUnused(app_uid);
  CloseReleased(app_uid);
}

// ------------------------------------------------------------------- the rest

void LocalWorkerRuntime::OnWorkerUnhealthy(LiveWorker& worker,
                                           const std::string& why) {
  if (listener_ != nullptr) listener_->OnUnhealthy(worker.identity().id, why);
}

std::unique_ptr<ProbeRun> LocalWorkerRuntime::RunBeside(
    const LiveWorker& worker, const ProbeRequest& request, ProbeDone done) {
  return commands_.Run(
      request,
      [&](int out) -> absl::StatusOr<SpawnRequest> {
        ASSIGN_OR_RETURN(
            SpawnRequest spawn,
            launch_->PrepareCommand(worker.identity(), worker.spec(),
                                    request.command, out));
        spawn.env.push_back(absl::StrCat("FLEET_WORKER_PID=", worker.pid()));
        RETURN_IF_ERROR(confiner_.ConfineBeside(worker.identity(), worker.pid(),
                                                *worker.spec(), spawn));
        return spawn;
      },
      std::move(done));
}

std::vector<LimitNote> LocalWorkerRuntime::LimitsOf(const AppSpec& spec) {
  return confiner_.Describe(spec);
}

int LocalWorkerRuntime::KillTree(const LiveWorker& worker) {
  int in_group = confiner_.Kill(worker.identity().id);
  return std::max(in_group, tree_.KillTree(worker.root()));
}

std::vector<std::string> LocalWorkerRuntime::StderrTail(WorkerId id,
                                                        int lines) const {
  return logs_.StderrTail(id, lines);
}

std::vector<WorkerSample> LocalWorkerRuntime::Sample() {
  std::vector<WorkerSample> samples = sampler_.Sample(
      clock_.Now(),
      [this](WorkerId id) {
        Entry* entry = Find(id);
        return entry == nullptr ? std::vector<ProcessRef>()
                                : tree_.FindTree(entry->worker->root());
      },
      [this](WorkerId id) { return confiner_.Cpu(id); });
  for (WorkerSample& sample : samples) {
    sample.logs = logs_.Counters(sample.id);
    sample.event_loop_free = workers_.at(sample.id).worker->event_loop_free();
  }
  return samples;
}

}  // namespace fleet::agent
