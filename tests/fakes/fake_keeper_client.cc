#include "tests/fakes/fake_keeper_client.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/keeper/bind_filter.h"
#include "node_agent/proc_reader.h"

namespace fleet::agent {
namespace {

constexpr int kTemporaryFd = 500;

struct StartFailure {
  char step[16];
  int error_number;
};

[[noreturn]] void Report(int fd, const char* step) {
  StartFailure failure{};
  for (size_t i = 0; step[i] != '\0' && i + 1 < sizeof failure.step; ++i) {
    failure.step[i] = step[i];
  }
  failure.error_number = errno;
  [[maybe_unused]] ssize_t n = write(fd, &failure, sizeof failure);
  _exit(127);
}

[[noreturn]] void RunChild(const SpawnRequest& request, int report) {
  setpgid(0, 0);
  if (request.new_session) setsid();
  if (request.bind_socket >= 0) {
    int listener = keeper::InstallBindFilter();
    if (listener < 0 ||
        !keeper::SendDescriptor(request.bind_socket, listener)) {
      Report(report, "takeover");
    }
    close(listener);
  }
  int next = kTemporaryFd;
  for (const SpawnRequest::ChildFd& fd : request.child_fds) {
    dup2(fd.fd, next++);
  }
  next = kTemporaryFd;
  for (const SpawnRequest::ChildFd& fd : request.child_fds) {
    if (fd.as >= 0) dup2(next, fd.as);
    ++next;
  }
  for (int fd = kTemporaryFd; fd < next; ++fd) close(fd);
  if (request.set_ids &&
      (setgroups(request.groups.size(), request.groups.data()) != 0 ||
       setgid(request.gid) != 0 || setuid(request.uid) != 0)) {
    Report(report, "setuid");
  }
  if (chdir(request.cwd.c_str()) != 0) Report(report, "chdir");
  std::vector<std::string> env = request.env;
  for (std::string& entry : env) {
    if (entry == "LISTEN_PID=") absl::StrAppend(&entry, getpid());
  }
  std::vector<char*> argv;
  for (const std::string& a : request.argv) {
    argv.push_back(const_cast<char*>(a.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (std::string& e : env) envp.push_back(e.data());
  envp.push_back(nullptr);
  execve(request.executable.c_str(), argv.data(), envp.data());
  Report(report, "execve");
}

}  // namespace

FakeKeeperClient::FakeKeeperClient(EventLoop& loop) : loop_(loop) {
  // Orphans of workers come to this process, as they would to a keeper.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

FakeKeeperClient::~FakeKeeperClient() {
  *alive_ = false;
  for (auto& [id, process] : processes_) {
    if (process.ended) continue;
    loop_.RemoveFd(process.pidfd.get());
    kill(-process.pid, SIGKILL);
    kill(process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

pid_t FakeKeeperClient::keeper_pid() const { return getpid(); }

void FakeKeeperClient::Spawn(SpawnRequest request) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  UniqueFd report_read(ends[0]);
  UniqueFd report_write(ends[1]);
  pid_t pid = fork();
  if (pid == 0) {
    RunChild(request, ends[1]);
  }
  setpgid(pid, pid);
  report_write.Reset();
  StartFailure failure{};
  if (read(report_read.get(), &failure, sizeof failure) > 0) {
    waitpid(pid, nullptr, 0);
    loop_.Post([this, alive = alive_, id = request.id,
                step = std::string(failure.step),
                error = failure.error_number] {
      if (*alive && events_ != nullptr) events_->OnSpawnFailed(id, step, error);
    });
    return;
  }
  Process& process = processes_[request.id];
  for (const SpawnRequest::ChildFd& fd : request.child_fds) {
    if (fd.name.empty()) continue;
    Hold(fd.name, fd.fd);
    process.held.push_back(fd.name);
  }
  process.tag = request.tag;
  process.pid = pid;
  process.start_ticks = ReadProcStat(pid).value_or(ProcStat()).start_ticks;
  process.pidfd.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  loop_.Post([this, alive = alive_, id = request.id] {
    auto it = *alive ? processes_.find(id) : processes_.end();
    if (!*alive || it == processes_.end() || events_ == nullptr) return;
    events_->OnSpawned(id, it->second.pid, it->second.start_ticks);
  });
  loop_.AddFd(process.pidfd.get(), EPOLLIN,
              [this, id = request.id](uint32_t) { OnEnded(id); });
}

void FakeKeeperClient::Reap(Process& process) {
  int status = 0;
  waitpid(process.pid, &status, 0);
  process.ended = true;
  process.exit.kind = WIFSIGNALED(status) ? ProcessExit::Kind::kSignaled
                                          : ProcessExit::Kind::kExited;
  process.exit.value =
      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  process.exit.tree_gone = trees_gone_;
}

void FakeKeeperClient::OnEnded(WorkerId id) {
  Process& process = processes_[id];
  loop_.RemoveFd(process.pidfd.get());
  Reap(process);
  if (events_ != nullptr) events_->OnExited(id, process.exit);
}

void FakeKeeperClient::Signal(WorkerId id, int signal, bool group) {
  auto it = processes_.find(id);
  if (frozen_ || it == processes_.end() || it->second.ended) return;
  kill(group ? -it->second.pid : it->second.pid, signal);
}

void FakeKeeperClient::SetMain(WorkerId id, pid_t pid, uint64_t start_ticks) {
  auto it = processes_.find(id);
  if (it == processes_.end()) return;
  Process& process = it->second;
  if (!process.ended) loop_.RemoveFd(process.pidfd.get());
  process.pid = pid;
  process.start_ticks = start_ticks;
  process.ended = false;
  process.pidfd.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  loop_.AddFd(process.pidfd.get(), EPOLLIN,
              [this, id](uint32_t) { OnEnded(id); });
}

void FakeKeeperClient::AckExit(WorkerId id) {
  auto it = processes_.find(id);
  if (frozen_ || it == processes_.end()) return;
  for (const std::string& name : it->second.held) held_.erase(name);
  processes_.erase(it);
}

void FakeKeeperClient::Hold(const std::string& name, int fd) {
  held_[name].Reset(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

void FakeKeeperClient::Drop(const std::string& name) {
  if (!frozen_) held_.erase(name);
}

Inventory FakeKeeperClient::TakeInventory() const {
  Inventory inventory;
  for (const auto& [id, process] : processes_) {
    inventory.processes.push_back({id, process.tag, process.pid,
                                   process.start_ticks, /*is_child=*/true,
                                   process.ended, process.exit});
  }
  for (const auto& [name, fd] : held_) {
    inventory.held.push_back(
        {name, UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0))});
  }
  return inventory;
}

std::vector<std::string> FakeKeeperClient::held_names() const {
  std::vector<std::string> names;
  for (const auto& [name, fd] : held_) names.push_back(name);
  return names;
}

int FakeKeeperClient::CountHeld(const std::string& prefix) const {
  return static_cast<int>(
      std::count_if(held_.begin(), held_.end(), [&prefix](const auto& entry) {
        return absl::StartsWith(entry.first, prefix);
      }));
}

}  // namespace fleet::agent
