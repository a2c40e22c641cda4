#include "node_agent/keeper/agent_session.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "node_agent/keeper/stderr_line.h"
#include "node_agent/keeper/worker_mark.h"

namespace fleet::keeper {
namespace {

// Children that start within this time of each other are a burst.
constexpr int64_t kBurstUs = 2000;

}  // namespace

AgentSession::AgentSession(ProcessTable& processes, FdStore& store,
                           const rlimit& child_nofile)
    : processes_(processes), store_(store), child_nofile_(child_nofile) {}

void AgentSession::SetWatchPidfd(WatchPidfd watch, void* context) {
  watch_pidfd_ = watch;
  watch_context_ = context;
}

void AgentSession::SetAfterLoss(uint64_t newest_id) {
  after_loss_ = true;
  newest_id_ = newest_id;
}

void AgentSession::Attach(int socket) {
  socket_ = socket;
  stage_ = Stage::kNoHello;
  handed_over_ = false;
  cursor_ = 0;
  blocked_ = false;
  n_failures_ = 0;
  refused_ = {};
}

void AgentSession::Detach() {
  if (socket_ >= 0) close(socket_);
  Attach(-1);
}

uint32_t AgentSession::WantedEvents() const {
  uint32_t events = 0;
  if (n_failures_ < kMaxFailures) events |= EPOLLIN;
  if (blocked_) events |= EPOLLOUT;
  return events;
}

void AgentSession::NoteExit(Process& process, ExitKind kind, int value) {
  process.ended = true;
  process.exit_kind = kind;
  process.exit_value = value;
  close(process.pidfd);
  process.pidfd = -1;
  if (!process.tell_exited) ++changes_;
  process.tell_exited = true;
  processes_.NoteChanged(process);
}

AgentSession::Result AgentSession::Receive() {
  for (int i = 0; i < kMessagesPerTurn && n_failures_ < kMaxFailures; ++i) {
    switch (ReceivePacket(socket_, packet_)) {
      case ReceiveResult::kNothing:
        return i == 0 ? Result::kIdle : Result::kOk;
      case ReceiveResult::kClosed:
        return Result::kClosed;
      case ReceiveResult::kOversized:
        return Bad("an oversized message");
      case ReceiveResult::kPacket:
        break;
    }
    Result result = Handle();
    packet_.CloseFds();
    if (result != Result::kOk) return result;
  }
  return Result::kOk;
}

AgentSession::Result AgentSession::Bad(const char* why) {
  StderrLine("the agent sent %s; its connection is dropped", why);
  return Result::kBad;
}

AgentSession::Result AgentSession::Handle() {
  if (packet_.size < sizeof(Header)) return Bad("a truncated message");
  Header header;
  memcpy(&header, packet_.bytes, sizeof header);
  if (stage_ == Stage::kNoHello && header.type != Type::kHello) {
    return Bad("something before Hello");
  }
  switch (header.type) {
    case Type::kHello:
      return HandleHello();
    case Type::kSpawn:
      return HandleSpawn();
    case Type::kAck:
      return HandleAck();
    case Type::kHold:
      return HandleHold();
    case Type::kDrop:
      return HandleDrop();
    case Type::kAdopt:
      return HandleAdopt();
    case Type::kWelcome:
    case Type::kProcess:
    case Type::kHeld:
    case Type::kInventoryEnd:
    case Type::kSpawned:
    case Type::kSpawnFailed:
    case Type::kExited:
    case Type::kRefused:
      break;
  }
  return Bad("a message of unknown type");
}

AgentSession::Result AgentSession::HandleHello() {
  Hello hello;
  if (packet_.size != sizeof hello) return Bad("a malformed Hello");
  memcpy(&hello, packet_.bytes, sizeof hello);
  if (hello.magic != kMagic) return Bad("a Hello that is none");
  if (stage_ != Stage::kNoHello) return Bad("a second Hello");
  if (hello.version != kVersion) {
    StderrLine(
        "the agent speaks version %d, this keeper %d; install both "
        "from one release",
        hello.version, kVersion);
    AddRefusal(Type::kHello, EPROTONOSUPPORT);
    SendFixed(refused_);
    return Result::kClosed;
  }
  stage_ = Stage::kWelcome;
  return Result::kOk;
}

AgentSession::Result AgentSession::HandleSpawn() {
  SpawnRequest request;
  SpawnRequest::Result parsed = request.Parse(packet_);
  uint64_t id = request.fixed().id;
  if (parsed == SpawnRequest::Result::kBad) return Bad("a malformed Spawn");
  if (processes_.FindById(id) != nullptr) {
    return Bad("a Spawn with an id that is in use");
  }
  if (parsed == SpawnRequest::Result::kNoMemory) {
    AddFailure(id, "memory", errno);
    return Result::kOk;
  }
  if (processes_.full()) {
    AddFailure(id, "limit", EAGAIN);
    return Result::kOk;
  }
  pid_t mounts_of = request.mounts_of();
  if (mounts_of != 0 && processes_.FindByPid(mounts_of) == nullptr) {
    AddFailure(id, "mount namespace", ESRCH);
    return Result::kOk;
  }
  request.child().nofile = &child_nofile_;
  request.child().mark = kMarkBit | id;
  after_loss_ = false;
  ChildResult child = StartChild(request.child());
  LetChildRun();
  if (child.pid < 0) {
    AddFailure(id, child.step, child.error_number);
  } else {
    AddSpawned(request, child);
    HoldNamed(request);
  }
  return Result::kOk;
}

// On the same processor the keeper has just taken the child's place, between
// its exec and its main(). Not in a burst, where that would keep the next one
// waiting. Should the keeper end before it has written down the child, that is
// found by its mark.
void AgentSession::LetChildRun() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t us = now.tv_sec * 1000000 + now.tv_nsec / 1000;
  if (us - last_start_us_ > kBurstUs) sched_yield();
  last_start_us_ = us;
}

void AgentSession::HoldNamed(const SpawnRequest& request) {
  for (size_t i = 0; i < request.fixed().n_fds; ++i) {
    const char* name = request.fd_name(i);
    size_t size = strlen(name);
    if (size == 0) continue;
    int fd = packet_.TakeFd(request.fd_position(i));
    int error_number = store_.Hold(name, size, request.fixed().id, fd);
    if (error_number != 0) AddRefusal(Type::kHold, error_number);
  }
}

void AgentSession::AddSpawned(const SpawnRequest& request,
                              const ChildResult& child) {
  Process* process =
      processes_.Add(request.fixed().id, request.tag(), request.tag_size());
  if (process == nullptr) {
    // No memory for its entry: nobody could answer for it.
    syscall(SYS_pidfd_send_signal, child.pidfd, SIGKILL, nullptr, 0);
    close(child.pidfd);
    AddFailure(request.fixed().id, "memory", ENOMEM);
    return;
  }
  process->pid = child.pid;
  process->pidfd = child.pidfd;
  process->start_ticks = ReadStartTicks(child.pid);
  process->is_child = true;
  process->tell_spawned = true;
  processes_.NoteChanged(*process);
  ++changes_;
}

AgentSession::Result AgentSession::HandleAck() {
  Ack ack;
  if (packet_.size != sizeof ack) return Bad("a malformed Ack");
  memcpy(&ack, packet_.bytes, sizeof ack);
  if (ack.id == Ack::kHandedOver) {
    handed_over_ = true;
    return Result::kOk;
  }
  Process* process = processes_.FindById(ack.id);
  // Of one that still lives: an old agent's word for another life of the id.
  if (process == nullptr || !process->ended) return Result::kOk;
  if (process->tell_exited) --changes_;
  if (process->tell_spawned) --changes_;
  processes_.Remove(process);
  store_.DropOwned(ack.id);
  return Result::kOk;
}

const char* AgentSession::ParseName(size_t* size, uint64_t* owner) const {
  Name name;
  if (packet_.size < sizeof name) return nullptr;
  memcpy(&name, packet_.bytes, sizeof name);
  if (name.size == 0 || name.size > kMaxName) return nullptr;
  if (packet_.size != sizeof name + name.size) return nullptr;
  *size = name.size;
  *owner = name.owner;
  return packet_.bytes + sizeof name;
}

AgentSession::Result AgentSession::HandleHold() {
  size_t size;
  uint64_t owner;
  const char* name = ParseName(&size, &owner);
  if (name == nullptr) return Bad("a malformed Hold");
  if (packet_.fds_lost) {
    AddRefusal(Type::kHold, EMFILE);
    return Result::kOk;
  }
  if (packet_.n_fds != 1) return Bad("a Hold without its descriptor");
  int error_number = store_.Hold(name, size, owner, packet_.TakeFd(0));
  if (error_number != 0) AddRefusal(Type::kHold, error_number);
  return Result::kOk;
}

AgentSession::Result AgentSession::HandleDrop() {
  size_t size;
  uint64_t owner;
  const char* name = ParseName(&size, &owner);
  if (name == nullptr) return Bad("a malformed Drop");
  store_.Drop(name, size);
  return Result::kOk;
}

AgentSession::Result AgentSession::HandleAdopt() {
  ProcessInfo info;
  if (packet_.size < sizeof info) return Bad("a malformed Adopt");
  memcpy(&info, packet_.bytes, sizeof info);
  if (info.tag_size > kMaxTag || packet_.size != sizeof info + info.tag_size ||
      info.ended > 1 || info.exit_kind > ExitKind::kUnknown) {
    return Bad("a malformed Adopt");
  }
  if (!packet_.fds_lost && packet_.n_fds != (info.ended != 0 ? 0U : 1U)) {
    return Bad("an Adopt without its descriptor");
  }
  if (Process* known = processes_.FindById(info.id); known != nullptr) {
    ChangeMain(*known, info);
    return Result::kOk;
  }
  Process* process =
      packet_.fds_lost
          ? nullptr
          : processes_.Add(info.id, packet_.bytes + sizeof info, info.tag_size);
  if (process == nullptr) {
    AddRefusal(Type::kAdopt, packet_.fds_lost ? EMFILE : ENOSPC);
    return Result::kOk;
  }
  process->pid = info.pid;
  process->start_ticks = info.start_ticks;
  process->ended = info.ended != 0;
  process->exit_kind = info.exit_kind;
  process->exit_value = info.exit_value;
  processes_.NoteChanged(*process);
  if (!process->ended) {
    process->pidfd = packet_.TakeFd(0);
    watch_pidfd_(watch_context_, processes_.IndexOf(process), process->pidfd);
  }
  return Result::kOk;
}

// The worker goes on as another process, which the first one has left behind;
// that may have ended already.
void AgentSession::ChangeMain(Process& process, const ProcessInfo& info) {
  if (process.pid == info.pid || info.ended != 0) return;
  if (packet_.fds_lost) return AddRefusal(Type::kAdopt, EMFILE);
  if (process.pidfd >= 0) close(process.pidfd);
  if (process.tell_exited) --changes_;
  process.tell_exited = process.ended = process.tree_gone = false;
  process.exit_kind = ExitKind::kUnknown;
  process.exit_value = 0;
  process.pid = info.pid;
  process.start_ticks = info.start_ticks;
  // Perhaps ours by now, which shows when it ends.
  process.is_child = false;
  process.pidfd = packet_.TakeFd(0);
  processes_.NoteChanged(process);
  watch_pidfd_(watch_context_, processes_.IndexOf(&process), process.pidfd);
}

void AgentSession::AddFailure(uint64_t id, const char* step, int error_number) {
  SpawnFailed& failure = failures_[n_failures_++];
  failure = {HeaderOf(Type::kSpawnFailed), id, error_number, 0, {}};
  strncpy(failure.step, step, sizeof failure.step - 1);
  // An agent that takes to a new keeper holds first and spawns again then.
  store_.DropOwned(id);
}

void AgentSession::AddRefusal(Type what, int error_number) {
  refused_.header = HeaderOf(Type::kRefused);
  refused_.what = what;
  refused_.error_number = error_number;
  ++refused_.count;
}

}  // namespace fleet::keeper
