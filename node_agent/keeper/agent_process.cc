#include "node_agent/keeper/agent_process.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node_agent/keeper/child.h"
#include "node_agent/keeper/process_table.h"
#include "node_agent/keeper/stderr_line.h"

namespace fleet::keeper {
namespace {

constexpr int kAgentFd = 3;
constexpr int64_t kFirstDelayMs = 50;
constexpr int64_t kMaxDelayMs = 5000;
constexpr int64_t kLongLifeMs = 10000;

bool Names(const char* entry, const char* variable) {
  size_t size = strlen(variable);
  return strncmp(entry, variable, size) == 0 && entry[size] == '=';
}

}  // namespace

AgentProcess::AgentProcess(char** argv, const rlimit& child_nofile)
    : argv_(argv), child_nofile_(child_nofile) {}

// The keeper's own environment with two of its own; malloc'd, or nullptr.
char** AgentProcess::BuildEnvironment() {
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  char** result = static_cast<char**>(malloc((count + 3) * sizeof(char*)));
  if (result == nullptr) return nullptr;
  snprintf(fd_entry_, sizeof fd_entry_, "%s=%d", kFdVariable, kAgentFd);
  snprintf(nofile_entry_, sizeof nofile_entry_, "%s=%llu", kNofileVariable,
           static_cast<unsigned long long>(child_nofile_.rlim_cur));
  size_t n = 0;
  result[n++] = fd_entry_;
  result[n++] = nofile_entry_;
  for (size_t i = 0; i < count; ++i) {
    if (!Names(environ[i], kFdVariable) &&
        !Names(environ[i], kNofileVariable)) {
      result[n++] = environ[i];
    }
  }
  result[n] = nullptr;
  return result;
}

int AgentProcess::Start(int64_t now_ms) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    StderrLine("cannot make the agent's socket: %s", strerror(errno));
    return -1;
  }
  ChildSpec spec;
  spec.executable = argv_[0];
  spec.argv = argv_;
  spec.envp = BuildEnvironment();
  spec.fds[0] = {STDOUT_FILENO, STDOUT_FILENO};
  spec.fds[1] = {STDERR_FILENO, STDERR_FILENO};
  spec.fds[2] = {sockets[1], kAgentFd};
  spec.n_fds = 3;
  ChildResult child;
  if (spec.envp != nullptr) {
    child = StartChild(spec);
  } else {
    child.step = "memory";
    child.error_number = ENOMEM;
  }
  free(spec.envp);
  close(sockets[1]);
  if (child.pid < 0) {
    StderrLine("cannot start the agent %s: %s: %s", argv_[0], child.step,
               strerror(child.error_number));
    close(sockets[0]);
    return -1;
  }
  pid_ = child.pid;
  pidfd_ = child.pidfd;
  is_child_ = true;
  start_ticks_ = ReadStartTicks(pid_);
  started_ms_ = now_ms;
  return sockets[0];
}

bool AgentProcess::Adopt(pid_t pid, uint64_t start_ticks, int64_t now_ms) {
  if (pid <= 0) return false;
  int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return false;
  if (ReadStartTicks(pid) != start_ticks) {
    close(pidfd);
    return false;
  }
  pid_ = pid;
  pidfd_ = pidfd;
  is_child_ = false;
  start_ticks_ = start_ticks;
  started_ms_ = now_ms;
  return true;
}

void AgentProcess::Save(KeeperState* state) const {
  state->agent_pid = pid_;
  state->agent_pidfd = pidfd_;
  state->agent_is_child = is_child_ ? 1 : 0;
  state->agent_ticks = start_ticks_;
  state->agent_started_ms = started_ms_;
  state->agent_delay_ms = delay_ms_;
}

void AgentProcess::Resume(const KeeperState& state) {
  pid_ = state.agent_pid;
  pidfd_ = state.agent_pidfd;
  is_child_ = state.agent_is_child != 0;
  start_ticks_ = state.agent_ticks;
  started_ms_ = state.agent_started_ms;
  delay_ms_ = state.agent_delay_ms;
}

int64_t AgentProcess::NoteEnd(int64_t now_ms) {
  if (pidfd_ >= 0) close(pidfd_);
  pidfd_ = -1;
  pid_ = 0;
  if (now_ms - started_ms_ >= kLongLifeMs) delay_ms_ = 0;
  int64_t delay = delay_ms_;
  delay_ms_ = delay_ms_ == 0 ? kFirstDelayMs : delay_ms_ * 2;
  if (delay_ms_ > kMaxDelayMs) delay_ms_ = kMaxDelayMs;
  return delay;
}

void AgentProcess::Signal(int signal) const {
  if (pidfd_ >= 0) {
    syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
  }
}

}  // namespace fleet::keeper
