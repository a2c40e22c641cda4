#include "node_agent/keeper_connection.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/proc_reader.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::agent {
namespace {

using keeper::HeaderOf;
using keeper::Type;

constexpr size_t kMaxOutgoing = 32768;
constexpr size_t kMaxPendingSignals = 8;
constexpr int kMessagesPerTurn = 64;

}  // namespace

KeeperConnection::KeeperConnection(EventLoop& loop, KeeperOptions options)
    : loop_(loop),
      options_(std::move(options)),
      launcher_(options_.keeper_binary, options_.state_dir,
                options_.agent_argv) {}

KeeperConnection::~KeeperConnection() {
  *alive_ = false;
  if (retry_timer_ != 0) loop_.CancelTimer(retry_timer_);
  if (socket_.valid()) loop_.RemoveFd(socket_.get());
}

Inventory KeeperConnection::TakeInventory() {
  return std::exchange(inventory_, {});
}

void KeeperConnection::Spawn(SpawnRequest request) {
  WorkerId id = request.id;
  FLEET_CHECK(!processes_.contains(id));
  if (processes_.size() >= keeper::kMaxProcesses) {
    return FailSpawnLater(id, "limit", EAGAIN);
  }
  absl::StatusOr<KeeperMessage> message = MakeSpawnMessage(request);
  if (!message.ok()) {
    spdlog::error("worker {} cannot be started: {}", id,
                  std::string(message.status().message()));
    return FailSpawnLater(id, "request", E2BIG);
  }
  Process& process = processes_[id];
  process.spawn = std::move(message).value();
  if (!HoldNamed(request, process)) {
    Erase(id);
    return FailSpawnLater(id, "dup", EMFILE);
  }
  process.tag = std::move(request.tag);
  Send({process.spawn.bytes, Attach::kChildFds, id, {}});
  LetKeeperRun(id);
}

// On the same processor the keeper waits until this thread sleeps, and what the
// agent does after a start can wait. Once in a burst.
void KeeperConnection::LetKeeperRun(WorkerId spawned) {
  auto before = processes_.find(std::exchange(newest_spawn_, spawned));
  bool burst = before != processes_.end() && before->second.pid == 0;
  if (!burst) sched_yield();
}

bool KeeperConnection::HoldNamed(const SpawnRequest& request,
                                 Process& process) {
  for (const SpawnRequest::ChildFd& fd : request.child_fds) {
    if (fd.name.empty()) continue;
    UniqueFd duplicate = DuplicateFd(fd.fd);
    if (!duplicate.valid()) return false;
    held_[fd.name] = {std::move(duplicate), request.id};
    process.held.push_back(fd.name);
  }
  return true;
}

bool KeeperConnection::Erase(WorkerId id) {
  auto it = processes_.find(id);
  if (it == processes_.end()) return false;
  for (const std::string& name : it->second.held) held_.erase(name);
  processes_.erase(it);
  return true;
}

void KeeperConnection::FailSpawnLater(WorkerId id, const std::string& step,
                                      int error_number) {
  loop_.Post([this, alive = alive_, id, step, error_number] {
    if (*alive) events_->OnSpawnFailed(id, step, error_number);
  });
}

void KeeperConnection::Signal(WorkerId id, int signal, bool group) {
  auto it = processes_.find(id);
  if (it == processes_.end() || it->second.ended) return;
  Process& process = it->second;
  if (process.pid != 0) return Deliver(process, {signal, group});
  if (process.signals.size() < kMaxPendingSignals) {
    process.signals.push_back({signal, group});
  }
}

// The group by its number: as long as the leader's end has not been reported
// its number belongs to nobody else. A main process that came after the first
// (SetMain) may lead none.
void KeeperConnection::Deliver(const Process& process,
                               PendingSignal signal) const {
  if (signal.group) {
    pid_t group = getpgid(process.pid);
    kill(group > 1 ? -group : -process.pid, signal.signal);
  } else {
    syscall(SYS_pidfd_send_signal, process.pidfd.get(), signal.signal, nullptr,
            0);
  }
}

void KeeperConnection::SetMain(WorkerId id, pid_t pid, uint64_t start_ticks) {
  auto it = processes_.find(id);
  if (it == processes_.end() || it->second.pid == 0) return;
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  std::optional<ProcStat> stat = ReadProcStat(pid);
  if (!pidfd.valid() || !stat.has_value() || stat->start_ticks != start_ticks) {
    return;
  }
  Process& process = it->second;
  process.pid = pid;
  process.start_ticks = start_ticks;
  process.pidfd = std::move(pidfd);
  process.ended = false;
  process.exit = {};
  SendAdopt(id, process);
}

void KeeperConnection::AckExit(WorkerId id) {
  if (Erase(id)) SendAck(id);
}

void KeeperConnection::SendAck(WorkerId id) {
  keeper::Ack ack{HeaderOf(Type::kAck), id};
  Send({MessageBytes(ack), Attach::kNothing, id, {}});
}

void KeeperConnection::Hold(const std::string& name, int fd) {
  UniqueFd duplicate = DuplicateFd(fd);
  if (!duplicate.valid() || name.empty() || name.size() > keeper::kMaxName) {
    spdlog::error(
        "the keeper cannot hold {}: {}", name,
        duplicate.valid() ? "its name is too long" : std::strerror(errno));
    return;
  }
  held_[name] = {std::move(duplicate), 0};
  SendHold(name, 0);
}

void KeeperConnection::SendHold(const std::string& name, WorkerId owner) {
  keeper::Name hold{HeaderOf(Type::kHold), owner,
                    static_cast<uint32_t>(name.size()), 0};
  Send({MessageBytes(hold, name), Attach::kHeldFd, 0, name});
}

void KeeperConnection::Drop(const std::string& name) {
  if (held_.erase(name) > 0) SendDrop(name);
}

void KeeperConnection::SendDrop(const std::string& name) {
  keeper::Name drop{HeaderOf(Type::kDrop), 0,
                    static_cast<uint32_t>(name.size()), 0};
  Send({MessageBytes(drop, name), Attach::kNothing, 0, {}});
}

// While no keeper is there nothing is queued: the handover says it all.
void KeeperConnection::Send(Outgoing message) {
  if (state_ != State::kRunning) return;
  if (outgoing_.empty()) {
    switch (TrySend(message)) {
      case SendOutcome::kSent:
        return;
      case SendOutcome::kLost:
        return Lose("it closed the connection");
      case SendOutcome::kWouldBlock:
        break;
    }
  }
  if (outgoing_.size() >= kMaxOutgoing) return Lose("it does not read");
  outgoing_.push_back(std::move(message));
  WatchWritable(true);
}

// What is no longer wanted (dropped, answered) counts as sent.
SendOutcome KeeperConnection::TrySend(const Outgoing& message) {
  std::vector<int> fds;
  if (message.attach == Attach::kHeldFd) {
    auto held = held_.find(message.name);
    if (held == held_.end()) return SendOutcome::kSent;
    fds.push_back(held->second.fd.get());
  } else if (message.attach != Attach::kNothing) {
    auto it = processes_.find(message.id);
    if (it == processes_.end()) return SendOutcome::kSent;
    if (message.attach == Attach::kPidfd) {
      fds.push_back(it->second.pidfd.get());
    } else {
      for (const UniqueFd& fd : it->second.spawn.fds) fds.push_back(fd.get());
    }
  }
  return SendMessage(socket_.get(), message.bytes, fds);
}

void KeeperConnection::Flush() {
  while (!outgoing_.empty()) {
    switch (TrySend(outgoing_.front())) {
      case SendOutcome::kSent:
        outgoing_.pop_front();
        break;
      case SendOutcome::kWouldBlock:
        return;
      case SendOutcome::kLost:
        return Lose("it closed the connection");
    }
  }
  WatchWritable(false);
}

void KeeperConnection::WatchWritable(bool wanted) {
  if (wanted == watch_writable_) return;
  watch_writable_ = wanted;
  loop_.ModifyFd(socket_.get(), wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void KeeperConnection::OnSocket(uint32_t events) {
  if ((events & EPOLLOUT) != 0 && state_ == State::kRunning) Flush();
  if ((events & ~EPOLLOUT) == 0) return;
  std::shared_ptr<bool> alive = alive_;
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    if (state_ == State::kLost || !ReceiveOne() || !*alive) return;
  }
}

bool KeeperConnection::ReceiveOne() {
  absl::StatusOr<KeeperMessage> message = ReceiveMessage(socket_.get());
  if (absl::IsUnavailable(message.status())) return false;
  if (!message.ok()) {
    Lose(std::string(message.status().message()));
    return false;
  }
  if (state_ == State::kRunning) {
    Handle(std::move(message).value());
    return true;
  }
  absl::Status noted = NoteInventory(std::move(message).value());
  if (absl::IsFailedPrecondition(noted)) {
    options_.on_refused(noted);
    return false;
  }
  if (!noted.ok()) {
    Lose(std::string(noted.message()));
    return false;
  }
  if (state_ == State::kRunning) FinishGreeting();
  return true;
}

void KeeperConnection::Handle(KeeperMessage message) {
  switch (message.type()) {
    case Type::kSpawned: {
      auto spawned = message.As<keeper::Spawned>();
      return HandleSpawned(spawned.id, spawned.pid, spawned.start_ticks,
                           message.TakeFd());
    }
    case Type::kSpawnFailed: {
      auto failed = message.As<keeper::SpawnFailed>();
      failed.step[keeper::kMaxStep - 1] = '\0';
      return HandleSpawnFailed(failed.id, failed.step, failed.error_number);
    }
    case Type::kExited: {
      auto exited = message.As<keeper::Exited>();
      return HandleExited(
          exited.id, exited.pid,
          ExitOf(exited.kind, exited.value, exited.tree_gone != 0));
    }
    case Type::kRefused:
      return HandleRefused(message.As<keeper::Refused>());
    case Type::kHello:
    case Type::kSpawn:
    case Type::kAck:
    case Type::kHold:
    case Type::kDrop:
    case Type::kAdopt:
    case Type::kWelcome:
    case Type::kProcess:
    case Type::kHeld:
    case Type::kInventoryEnd:
      break;
  }
  Lose("it sent a message out of place");
}

void KeeperConnection::HandleSpawned(WorkerId id, pid_t pid,
                                     uint64_t start_ticks, UniqueFd pidfd) {
  auto it = processes_.find(id);
  if (it == processes_.end() || it->second.pid != 0) return;
  Process& process = it->second;
  process.pid = pid;
  process.start_ticks = start_ticks;
  process.pidfd = std::move(pidfd);
  process.spawn = {};
  for (PendingSignal signal : process.signals) Deliver(process, signal);
  process.signals.clear();
  events_->OnSpawned(id, pid, start_ticks);
}

void KeeperConnection::HandleSpawnFailed(WorkerId id, const std::string& step,
                                         int error_number) {
  if (Erase(id)) events_->OnSpawnFailed(id, step, error_number);
}

void KeeperConnection::HandleExited(WorkerId id, pid_t pid, ProcessExit exit) {
  auto it = processes_.find(id);
  // Another pid is that of a main process before (SetMain).
  if (it == processes_.end() || it->second.ended || it->second.pid != pid) {
    return;
  }
  it->second.ended = true;
  it->second.exit = exit;
  events_->OnExited(id, exit);
}

void KeeperConnection::HandleRefused(const keeper::Refused& refused) {
  spdlog::error("the keeper refused {} descriptors or processes: {}",
                refused.count, std::strerror(refused.error_number));
}

}  // namespace fleet::agent
