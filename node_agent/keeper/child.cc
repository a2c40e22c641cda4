#include "node_agent/keeper/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "node_agent/keeper/bind_filter.h"

namespace fleet::keeper {
namespace {

constexpr size_t kStackBytes = 32 * 1024;
constexpr size_t kStdFds = 3;

// What the child works with. It runs in the keeper's memory while the keeper
// stands still, so it must leave everything but this as it was.
//
// It shares the keeper's table of descriptors too when all that it gets are
// numbers of the launch pad: it puts them there, and then takes for itself a
// copy of the pad alone. A copy of the whole table would cost 0.2 µs for each
// descriptor that the keeper holds. The keeper clears the pad afterwards.
struct Launch {
  const ChildSpec* spec;
  FdMove moves[kMaxChildFds + kStdFds];
  size_t n_moves;
  int first_free;  // Above every number that a move takes.
  bool on_pad;
  char listen_pid[32];
  const char* volatile failed_step;
  volatile int error_number;
};

alignas(16) char g_stack[kStackBytes];
Launch g_launch;
int g_dev_null = -1;
int g_own_std[kStdFds];  // The keeper's own, above the pad.

void PlanMoves(const ChildSpec& spec, Launch& launch) {
  bool given[kStdFds] = {};
  launch.first_free = kStdFds;
  launch.n_moves = 0;
  for (size_t i = 0; i < spec.n_fds; ++i) {
    const FdMove& move = spec.fds[i];
    if (move.as < static_cast<int>(kStdFds)) given[move.as] = true;
    if (move.as >= launch.first_free) launch.first_free = move.as + 1;
    launch.moves[launch.n_moves++] = move;
  }
  for (size_t i = 0; i < kStdFds; ++i) {
    if (given[i]) continue;
    launch.moves[launch.n_moves++] = {g_dev_null, static_cast<int>(i)};
  }
  launch.on_pad = launch.first_free <= kLaunchPad;
}

bool Fail(Launch& launch, const char* step) {
  launch.failed_step = step;
  launch.error_number = errno;
  return false;
}

// First all sources out of the way of the targets (those of the pad are above
// it anyway), then each to its place.
bool MoveFds(Launch& launch) {
  for (size_t i = 0; i < launch.n_moves && !launch.on_pad; ++i) {
    FdMove& move = launch.moves[i];
    if (move.fd >= launch.first_free) continue;
    move.fd = fcntl(move.fd, F_DUPFD_CLOEXEC, launch.first_free);
    if (move.fd < 0) return Fail(launch, "dup");
  }
  for (size_t i = 0; i < launch.n_moves; ++i) {
    if (dup2(launch.moves[i].fd, launch.moves[i].as) < 0) {
      return Fail(launch, "dup2");
    }
  }
  // Should it not work, execve copies the table and closes the rest.
  if (launch.on_pad) {
    close_range(kLaunchPad, ~0U, CLOSE_RANGE_UNSHARE);
  }
  return true;
}

void ClearPad(const Launch& launch) {
  for (size_t i = 0; i < launch.n_moves; ++i) {
    int as = launch.moves[i].as;
    bool standard = as < static_cast<int>(kStdFds);
    dup3(standard ? g_own_std[as] : g_dev_null, as, standard ? 0 : O_CLOEXEC);
  }
}

// System calls without glibc's wrappers, which would tell other threads.
bool SetIds(Launch& launch) {
  const ChildSpec& spec = *launch.spec;
  if (syscall(SYS_setgroups, spec.n_groups, spec.groups) != 0) {
    return Fail(launch, "setgroups");
  }
  if (syscall(SYS_setresgid, spec.gid, spec.gid, spec.gid) != 0) {
    return Fail(launch, "setgid");
  }
  if (syscall(SYS_setresuid, spec.uid, spec.uid, spec.uid) != 0) {
    return Fail(launch, "setuid");
  }
  return true;
}

void PatchListenPid(Launch& launch) {
  static constexpr char kName[] = "LISTEN_PID=";
  char digits[16];
  size_t n = 0;
  for (pid_t pid = getpid(); pid > 0; pid /= 10) {
    digits[n++] = static_cast<char>('0' + pid % 10);
  }
  std::memcpy(launch.listen_pid, kName, sizeof kName - 1);
  char* out = launch.listen_pid + sizeof kName - 1;
  while (n > 0) *out++ = digits[--n];
  *out = '\0';
  *launch.spec->listen_pid = launch.listen_pid;
}

// Before the descriptors move, so that the socket is still there; and before
// the ids change, so that a privileged keeper needs no more for it.
bool AnswerBinds(Launch& launch) {
  int listener = InstallBindFilter();
  if (listener < 0) return Fail(launch, "takeover");
  bool sent = SendDescriptor(launch.spec->bind_socket, listener);
  // The table may be the keeper's own.
  int error_number = errno;
  close(listener);
  errno = error_number;
  return sent || Fail(launch, "takeover");
}

// Where it cannot be, the environment alone has to tell whose the process is.
void SetMark(uint64_t mark) {
  rlimit now;
  if (mark == 0 || getrlimit(RLIMIT_RTTIME, &now) != 0 ||
      now.rlim_max != RLIM_INFINITY) {
    return;
  }
  rlimit marked{mark, mark};
  setrlimit(RLIMIT_RTTIME, &marked);
}

bool Prepare(Launch& launch) {
  const ChildSpec& spec = *launch.spec;
  if (spec.bind_socket >= 0 && !AnswerBinds(launch)) return false;
  if (spec.new_session) {
    if (setsid() < 0) return Fail(launch, "setsid");
  } else if (setpgid(0, 0) != 0) {
    return Fail(launch, "setpgid");
  }
  if (!MoveFds(launch)) return false;
  if (spec.nofile != nullptr && setrlimit(RLIMIT_NOFILE, spec.nofile) != 0) {
    return Fail(launch, "setrlimit");
  }
  SetMark(spec.mark);
  const ConfinementSpec* confinement = spec.confinement;
  const char* failed = nullptr;
  if (confinement != nullptr) failed = Confine(*confinement, spec.set_ids);
  if (failed != nullptr) return Fail(launch, failed);
  if (spec.set_ids && !SetIds(launch)) return false;
  if (confinement != nullptr) failed = ConfineAsUser(*confinement);
  if (failed != nullptr) return Fail(launch, failed);
  if (spec.cwd != nullptr && chdir(spec.cwd) != 0) {
    return Fail(launch, "chdir");
  }
  if (spec.listen_pid != nullptr) PatchListenPid(launch);
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) {
    return Fail(launch, "sigprocmask");
  }
  return true;
}

int RunChild(void* argument) {
  auto& launch = *static_cast<Launch*>(argument);
  if (Prepare(launch)) {
    execve(launch.spec->executable, launch.spec->argv, launch.spec->envp);
    Fail(launch, "execve");
  }
  _exit(127);
}

}  // namespace

bool ReserveLaunchPad(int dev_null) {
  g_dev_null = dev_null;
  for (size_t i = 0; i < kStdFds; ++i) {
    g_own_std[i] = fcntl(static_cast<int>(i), F_DUPFD_CLOEXEC, kLaunchPad);
    if (g_own_std[i] < 0) return false;
  }
  for (int fd = kStdFds; fd < kLaunchPad; ++fd) {
    if (dup3(dev_null, fd, O_CLOEXEC) < 0) return false;
  }
  return true;
}

ChildResult StartChild(const ChildSpec& spec) {
  ChildResult result;
  g_launch.spec = &spec;
  g_launch.failed_step = nullptr;
  PlanMoves(spec, g_launch);
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  if (g_launch.on_pad) flags |= CLONE_FILES;
  result.pid =
      clone(RunChild, g_stack + kStackBytes, flags, &g_launch, &result.pidfd);
  if (result.pid < 0) {
    result.step = "clone";
    result.error_number = errno;
    return result;
  }
  if (g_launch.on_pad) ClearPad(g_launch);
  if (g_launch.failed_step != nullptr) {
    siginfo_t info;
    while (waitid(P_PID, result.pid, &info, WEXITED) != 0 && errno == EINTR) {
    }
    close(result.pidfd);
    result.pid = result.pidfd = -1;
    result.step = g_launch.failed_step;
    result.error_number = g_launch.error_number;
  }
  return result;
}

}  // namespace fleet::keeper
