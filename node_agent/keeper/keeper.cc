#include "node_agent/keeper/keeper.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

constexpr int kEventsPerTurn = 64;
constexpr int64_t kReconnectMs = 10000;
// Workers that die together, as in a stop of many, are reaped together: one at
// a time costs the keeper as much as its death costs the kernel. The first of
// them is reaped at once.
constexpr int64_t kReapPauseUs = 300;

int64_t NowUs() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t NowMs() { return NowUs() / 1000; }

}  // namespace

Keeper::Keeper(const KeeperSetup& setup, KeeperLock& lock, KeeperTables tables,
               AgentSession& session)
    : setup_(setup),
      lock_(lock),
      processes_(tables.processes),
      store_(tables.store),
      rescue_(tables.rescue),
      session_(session),
      check_(setup.program, setup.agent_argv, setup.child_nofile),
      agent_(setup.agent_argv, setup.child_nofile) {
  session_.SetWatchPidfd(&Keeper::WatchPidfd, this);
}

int Keeper::Run() {
  if (!Start()) return 1;
  while (exit_code_ == kRunning) Turn();
  unlinkat(setup_.state_dir, kSocketName, 0);
  record_.Clear();
  lock_.Clear();
  return exit_code_;
}

bool Keeper::Start() {
  terminating_ = setup_.terminating;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (setup_.resumed != nullptr) Resume();
  if (epoll_ < 0 || (listener_ < 0 && !Listen())) {
    StderrLine("cannot listen in its folder: %s", strerror(errno));
    return false;
  }
  if (setup_.resumed == nullptr) LoadRecord();
  WatchAll();
  if (TakeOverAgent()) {
    deadline_ms_ = NowMs() + kReconnectMs;
    lock_.Write(agent_.pid(), agent_.start_ticks());
    // Children may have ended while no program looked.
    Reap();
    return true;
  }
  if (terminating_ && processes_.live() == 0) {
    exit_code_ = 0;
    return true;
  }
  StartAgent();
  return agent_.running() || setup_.resumed != nullptr;
}

void Keeper::WatchAll() {
  Watch(setup_.signals, Source::kSignals, 0, EPOLLIN);
  Watch(listener_, Source::kListener, 0, EPOLLIN);
  for (size_t i = 0; i < processes_.limit(); ++i) {
    const Process& process = *processes_.at(i);
    if (process.used && !process.ended && !process.is_child) {
      WatchPidfd(this, i, process.pidfd);
    }
  }
}

bool Keeper::TakeOverAgent() {
  if (!agent_.running()) {
    // That of the lock in a folder that was copied is another keeper's.
    if (record_.copied() ||
        !agent_.Adopt(setup_.agent_pid, setup_.agent_ticks, NowMs())) {
      return false;
    }
    StderrLine("takes over agent %d", agent_.pid());
  }
  if (!agent_.is_child()) Watch(agent_.pidfd(), Source::kAgent, 0, EPOLLIN);
  return true;
}

// By way of /proc, since a socket's path may be no longer than 107 bytes.
bool Keeper::Listen() {
  listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) return false;
  unlinkat(setup_.state_dir, kSocketName, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
           setup_.state_dir, kSocketName);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
           sizeof address) != 0) {
    return false;
  }
  return listen(listener_, 8) == 0;
}

void Keeper::Watch(int fd, Source source, uint32_t index, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(source) << 32 | index;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    StderrLine("cannot watch a descriptor: %s", strerror(errno));
  }
}

void Keeper::WatchPidfd(void* keeper, size_t index, int pidfd) {
  static_cast<Keeper*>(keeper)->Watch(pidfd, Source::kPidfd,
                                      static_cast<uint32_t>(index), EPOLLIN);
}

// The agent has its descriptor, too, so that closing ours does not do it.
void Keeper::UnwatchPidfd(const Process& process) {
  if (process.is_child) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, process.pidfd, nullptr);
}

void Keeper::StartAgent() {
  deadline_ms_ = kNever;
  rescue_.TakeBack(processes_, store_);
  record_.Begin(processes_, store_, NowMs());
  int socket = agent_.Start(NowMs());
  if (socket < 0) {
    deadline_ms_ = NowMs() + agent_.NoteEnd(NowMs());
    return;
  }
  AttachSession(socket);
  lock_.Write(agent_.pid(), agent_.start_ticks());
}

int Keeper::TimeoutMs() const {
  if (deadline_ms_ == kNever) return -1;
  int64_t left = deadline_ms_ - NowMs();
  return left > 0 ? static_cast<int>(left) : 0;
}

void Keeper::Turn() {
  epoll_event events[kEventsPerTurn];
  int n = Wait(events, kEventsPerTurn);
  for (int i = 0; i < n && exit_code_ == kRunning; ++i) {
    OnEvent(static_cast<Source>(events[i].data.u64 >> 32),
            static_cast<uint32_t>(events[i].data.u64));
  }
  if (deadline_ms_ != kNever && TimeoutMs() == 0) OnDeadline();
  if (killing_rest_ && processes_.live() == 0) exit_code_ = 0;
  record_.Flush(processes_, store_, NowMs());
}

int Keeper::Wait(epoll_event* events, int most) {
  if (reap_again_us_ == kNever) {
    return epoll_wait(epoll_, events, most, TimeoutMs());
  }
  int64_t left = reap_again_us_ - NowUs();
  if (left <= 0) {
    reap_again_us_ = kNever;
    WatchSignals(EPOLLIN);
    return epoll_wait(epoll_, events, most, TimeoutMs());
  }
  timespec pause{0, left * 1000};
  int n = epoll_pwait2(epoll_, events, most, &pause, nullptr);
  return n < 0 && errno == ENOSYS ? epoll_wait(epoll_, events, most, 1) : n;
}

void Keeper::WatchSignals(uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(Source::kSignals) << 32;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, setup_.signals, &event);
}

void Keeper::OnEvent(Source source, uint32_t index) {
  switch (source) {
    case Source::kSignals:
      return OnSignals();
    case Source::kListener:
      return OnConnection();
    case Source::kSession:
      return OnSession();
    case Source::kAgent:
      return OnAgentEnd(ExitKind::kUnknown, 0);
    case Source::kPidfd:
      return OnAdoptedEnd(index);
  }
}

void Keeper::OnDeadline() {
  deadline_ms_ = kNever;
  if (!agent_.running()) return StartAgent();
  StderrLine("agent %d does not come back; it is killed", agent_.pid());
  agent_.Signal(SIGKILL);
}

void Keeper::OnSignals() {
  signalfd_siginfo info;
  bool child = false;
  while (read(setup_.signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) child = true;
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) OnTerminate();
    if (info.ssi_signo == SIGHUP) check_.Begin();
    if (child) break;  // There may be no more; if there is, epoll says so.
  }
  if (child) Reap();
}

// The agent stops all workers and exits with 0. An agent that has not said
// Hello yet would just die of the signal: it gets it later, unless someone
// insists.
void Keeper::OnTerminate() {
  bool again = terminating_;
  terminating_ = true;
  if (agent_.running()) {
    if (!session_.greeted() && !again) return;
    agent_was_told_ = true;
    agent_.Signal(SIGTERM);
  } else if (processes_.live() == 0) {
    exit_code_ = 0;
  } else if (deadline_ms_ != kNever) {
    deadline_ms_ = NowMs();
  }
}

void Keeper::Reap() {
  bool workers = false;
  auto checked = ProgramCheck::Result::kNotMine;
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
      break;
    }
    ExitKind kind =
        info.si_code == CLD_EXITED ? ExitKind::kExited : ExitKind::kSignaled;
    if (info.si_pid == agent_.pid()) {
      OnAgentEnd(kind, info.si_status);
    } else if (Process* process = processes_.FindByPid(info.si_pid);
               process != nullptr) {
      UnwatchPidfd(*process);
      session_.NoteExit(*process, kind, info.si_status);
      workers = true;
    } else if (ProgramCheck::Result result =
                   check_.NoteEnd(info.si_pid, kind, info.si_status);
               result != ProgramCheck::Result::kNotMine) {
      checked = result;
    } else {
      ++orphans_;
    }
  }
  if (workers) NoteTreesGone();
  SendNews();
  if (workers) {
    reap_again_us_ = NowUs() + kReapPauseUs;
    WatchSignals(0);
  }
  OnCheckEnd(checked);
}

// A process that has lost its parent is a child of the keeper before the
// parent can be reaped. So while every child is one that the keeper started,
// what has been reaped has left nothing. It spares the agent a search before
// it starts the successor.
void Keeper::NoteTreesGone() {
  int known = static_cast<int>(processes_.live_children());
  if (agent_.is_child()) ++known;
  if (check_.running()) ++known;
  if (children_.Count() != known) return;
  for (size_t i = 0; i < processes_.limit(); ++i) {
    Process& process = *processes_.at(i);
    if (process.used && process.is_child && process.ended) {
      process.tree_gone = true;
    }
  }
}

void Keeper::OnAdoptedEnd(size_t index) {
  Process& process = *processes_.at(index);
  if (!process.used || process.ended) return;
  UnwatchPidfd(process);
  // One that has changed its main process, whose parent is gone, is ours.
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOHANG) ==
          0 &&
      info.si_pid == process.pid) {
    session_.NoteExit(
        process,
        info.si_code == CLD_EXITED ? ExitKind::kExited : ExitKind::kSignaled,
        info.si_status);
  } else {
    session_.NoteExit(process, ExitKind::kUnknown, 0);
  }
  SendNews();
}

void Keeper::OnAgentEnd(ExitKind kind, int value) {
  // What it still said counts.
  for (int i = 0; i < kDrainTurns && session_.attached(); ++i) {
    if (session_.Receive() != AgentSession::Result::kOk) break;
  }
  session_.Detach();
  pid_t pid = agent_.pid();
  renew_agent_ = false;
  bool anew = kind == ExitKind::kExited && value == kStartMeAnew;
  if (anew) agent_.ForgetFailures();
  int64_t delay = agent_.NoteEnd(NowMs());
  if (anew) agent_.ForgetFailures();
  lock_.Write(0, 0);
  exit_code_ = CodeAfter(kind, value);
  agent_was_told_ = false;
  const char* how = kind == ExitKind::kExited     ? "ended with code"
                    : kind == ExitKind::kSignaled ? "was ended by signal"
                                                  : "ended, code unknown:";
  StderrLine("agent %d %s %d; %zu workers live, %" PRIu64
             " orphans were reaped",
             pid, how, value, processes_.live(), orphans_);
  if (exit_code_ != kRunning || killing_rest_) return;
  if (delay == 0) return StartAgent();
  StderrLine("the agent starts again in %d ms", static_cast<int>(delay));
  deadline_ms_ = NowMs() + delay;
}

int Keeper::CodeAfter(ExitKind kind, int value) {
  bool idle = processes_.live() == 0;
  // A code that nobody could read: one that was asked to end has left nothing.
  bool success = kind == ExitKind::kUnknown
                     ? idle
                     : kind == ExitKind::kExited && value == 0;
  if (terminating_ && success && !idle && agent_was_told_) KillRest();
  if (terminating_ && success && idle) return 0;
  if (terminating_ && idle) return kind == ExitKind::kExited ? value : 1;
  if (kind == ExitKind::kExited && value == kConfigError && idle) {
    return kConfigError;
  }
  return kRunning;
}

// What the agent did not know whose it is, or has killed itself and not waited
// for.
void Keeper::KillRest() {
  killing_rest_ = true;
  for (size_t i = 0; i < processes_.limit(); ++i) {
    const Process& process = *processes_.at(i);
    if (!process.used || process.ended) continue;
    syscall(SYS_pidfd_send_signal, process.pidfd, SIGKILL, nullptr, 0);
  }
}

// Only the agent that this keeper knows may come.
void Keeper::OnConnection() {
  int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  if (!agent_.running() || peer.pid != agent_.pid()) {
    StderrLine("refuses process %d: the agent here is %d", peer.pid,
               agent_.pid());
    Refused refused{HeaderOf(Type::kRefused), Type::kHello, {}, EBUSY, 1};
    SendPacket(socket, &refused, sizeof refused, nullptr, 0, -1);
    close(socket);
    return;
  }
  session_.Detach();
  AttachSession(socket);
}

void Keeper::AttachSession(int socket) {
  deadline_ms_ = kNever;
  session_.Attach(socket);
  session_events_ = EPOLLIN;
  Watch(socket, Source::kSession, 0, session_events_);
}

void Keeper::OnSession() {
  if (!session_.attached()) return;
  bool was_greeted = session_.greeted();
  AgentSession::Result result = session_.Receive();
  // Should it be killed before that, the workers are asked after all.
  if (session_.handed_over()) {
    rescue_.Forget();
    record_.Begin(processes_, store_, NowMs());
  }
  if (result == AgentSession::Result::kClosed ||
      result == AgentSession::Result::kBad) {
    return EndSession(result);
  }
  if (!was_greeted && session_.greeted()) {
    if (terminating_) {
      agent_was_told_ = true;
      agent_.Signal(SIGTERM);
    } else if (renew_agent_) {
      RenewAgent();
    }
  }
  SendNews();
}

void Keeper::EndSession(AgentSession::Result why) {
  session_.Detach();
  if (!agent_.running()) return;
  if (why == AgentSession::Result::kBad) return agent_.Signal(SIGKILL);
  // Most likely it has just died, and SIGCHLD is on its way.
  deadline_ms_ = NowMs() + kReconnectMs;
}

void Keeper::SendNews() {
  if (!session_.attached()) return;
  // First: what an agent has been told, the next keeper knows as well.
  record_.Flush(processes_, store_, NowMs());
  if (session_.Send() == AgentSession::Result::kClosed) {
    return EndSession(AgentSession::Result::kClosed);
  }
  uint32_t wanted = session_.WantedEvents();
  if (wanted == session_events_) return;
  session_events_ = wanted;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = static_cast<uint64_t>(Source::kSession) << 32;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, session_.socket(), &event);
}

}  // namespace fleet::keeper
