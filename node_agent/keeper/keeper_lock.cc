#include "node_agent/keeper/keeper_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>

#include "node_agent/keeper/stderr_line.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {
namespace {

// The holder's number may not be in the file yet, or be of someone else.
constexpr int kLookAgainMillis = 100;
constexpr int kDoubtMillis = 5000;

}  // namespace

void KeeperLock::Read() {
  char text[128];
  ssize_t n = pread(fd_, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = '\0';
  holder_ = agent_pid_ = 0;
  agent_ticks_ = 0;
  sscanf(text, "keeper %d agent %d %" SCNu64, &holder_, &agent_pid_,
         &agent_ticks_);
}

KeeperLock::Result KeeperLock::TryLock(int dir) {
  if (fd_ < 0) {
    fd_ = openat(dir, kLockName, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return Result::kFailed;
  }
  bool locked = flock(fd_, LOCK_EX | LOCK_NB) == 0;
  int error_number = errno;
  Read();
  if (locked) return Result::kLocked;
  errno = error_number;
  return error_number == EWOULDBLOCK ? Result::kHeld : Result::kFailed;
}

int KeeperLock::WaitForHolder(int signals, int first) {
  int pidfd =
      holder_ > 0 ? static_cast<int>(syscall(SYS_pidfd_open, holder_, 0)) : -1;
  if (first != 0 && pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, pidfd, first, nullptr, 0);
  }
  pollfd waits[2] = {{signals, POLLIN, 0}, {pidfd, POLLIN, 0}};
  signalfd_siginfo info{};
  if (poll(waits, 2, pidfd < 0 ? kLookAgainMillis : kDoubtMillis) > 0 &&
      waits[0].revents != 0 &&
      read(signals, &info, sizeof info) != sizeof info) {
    info.ssi_signo = 0;
  }
  int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGHUP && pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
  }
  if (pidfd >= 0) close(pidfd);
  return signal;
}

KeeperLock::Result KeeperLock::Wait(int dir, int signals, bool stopping) {
  pid_t asked = 0;  // The holder that has been told to stop.
  for (bool said = stopping;; said = true) {
    Result result = TryLock(dir);
    // Its number stays in the file of one that was killed.
    if (result == Result::kLocked && stopping) {
      return holder_ == 0 ? Result::kStopped : Result::kStopRest;
    }
    if (result != Result::kHeld) return result;
    if (!said) StderrLine("stands by for the keeper with pid %d", holder_);
    bool ask = stopping && asked != holder_;
    if (ask) asked = holder_;
    int signal = WaitForHolder(signals, ask ? SIGTERM : 0);
    if (signal == SIGINT) return Result::kStopped;
    if (signal == SIGHUP) return Result::kUpgrade;
    if (signal == SIGTERM) {
      stopping = true;
      asked = 0;  // Whoever says it again insists.
    }
  }
}

void KeeperLock::Write(pid_t agent_pid, uint64_t agent_ticks) {
  char text[128];
  int n = snprintf(text, sizeof text, "keeper %d\nagent %d %" PRIu64 "\n",
                   getpid(), agent_pid, agent_ticks);
  if (pwrite(fd_, text, n, 0) != n || ftruncate(fd_, n) != 0) {
    // The next keeper then starts an agent of its own, which finds the folder
    // taken; nothing to be done about a full disk here.
    return;
  }
}

void KeeperLock::Clear() {
  if (ftruncate(fd_, 0) != 0) return;
}

}  // namespace fleet::keeper
