#include "node_agent/takeover_support.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "node_agent/bind_notice.h"
#include "node_agent/keeper/bind_filter.h"
#include "node_agent/listen_address.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kPatienceMs = 2000;

absl::Status No(const std::string& why) {
  return absl::FailedPreconditionError(why);
}

absl::Status FilterFailure(int error_number) {
  switch (error_number) {
    case EBUSY:
      return No(
          "something above the agent, e.g. a container runtime, answers "
          "system calls of this process tree already, and the kernel allows "
          "one; run the agent outside of it");
    case EPERM:
    case EACCES:
      return No(
          "seccomp filters are not allowed here; allow the agent the seccomp "
          "and prctl system calls");
    default:
      return Annotate(ErrnoStatus(error_number, "seccomp(2)"),
                      "the kernel cannot let a system call be answered by "
                      "another process (Linux 5.9 can)");
  }
}

UniqueFd LoopbackSocket() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd;
}

// The part of a worker: binds a socket, and says to which port that led.
int BindAndTell(std::promise<int> listener) {
  int fd = keeper::InstallBindFilter();
  int error_number = errno;
  listener.set_value(fd >= 0 ? fd : -error_number);
  if (fd < 0) return 0;
  UniqueFd own = LoopbackSocket();
  auto any = MakeInetAddress("127.0.0.1", 0, AF_INET);
  if (bind(own.get(), any->get(), any->size) != 0) return 0;
  return LocalPort(own.get());
}

// The part of the agent. The port of the socket that was put in place.
absl::StatusOr<int> AnswerOne(int listener) {
  UniqueFd slot = LoopbackSocket();
  auto any = MakeInetAddress("127.0.0.1", 0, AF_INET);
  if (bind(slot.get(), any->get(), any->size) != 0) {
    return ErrnoStatus(errno, "bind");
  }
  pollfd waits{listener, POLLIN, 0};
  if (poll(&waits, 1, kPatienceMs) != 1) {
    return No("a system call that should wait for its answer did not");
  }
  auto notice = BindNotice::Receive(listener);
  if (!notice.has_value()) return ErrnoStatus(errno, "seccomp notification");
  UniqueFd own = notice->Socket();
  if (notice->address().size == 0 || !own.valid()) {
    notice->Fail(EPERM);
    return No(
        "the agent may not look at what a worker binds "
        "(process_vm_readv, pidfd_getfd; Linux 5.6)");
  }
  if (!notice->Replace(slot.get(), true)) {
    notice->Fail(EPERM);
    return No(
        "the kernel cannot put one socket in the place of another's "
        "(SECCOMP_IOCTL_NOTIF_ADDFD; Linux 5.9)");
  }
  return LocalPort(slot.get());
}

absl::Status Rehearse() {
  std::promise<int> promise;
  std::future<int> listener = promise.get_future();
  std::future<int> port =
      std::async(std::launch::async, BindAndTell, std::move(promise));
  int fd = listener.get();
  if (fd < 0) return FilterFailure(-fd);
  UniqueFd owned(fd);
  absl::StatusOr<int> wanted = AnswerOne(fd);
  // What still waits gets ENOSYS now.
  owned.Reset();
  int got = port.get();
  if (!wanted.ok()) return wanted.status();
  if (got != *wanted) return No("a socket that was put in place did not stay");
  return absl::OkStatus();
}

bool HasCapability(int capability) {
  std::ifstream in("/proc/self/status");
  constexpr int kHex = 16;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("CapEff:\t")) continue;
    uint64_t set = std::strtoull(line.c_str() + 8, nullptr, kHex);
    return (set >> capability & 1) != 0;
  }
  return false;
}

// Workers are the keeper's descendants and not the agent's.
absl::Status CheckPtraceScope() {
  std::ifstream in("/proc/sys/kernel/yama/ptrace_scope");
  int scope = 0;
  in >> scope;
  if (scope == 0 || HasCapability(CAP_SYS_PTRACE)) return absl::OkStatus();
  return No(absl::StrCat(
      "kernel.yama.ptrace_scope is ", scope, ", so that the agent may not ",
      "look at what its workers bind; set it to 0, or give the agent ",
      "CAP_SYS_PTRACE"));
}

}  // namespace

absl::Status CheckTakeoverSupport() {
  RETURN_IF_ERROR(CheckPtraceScope());
  return Rehearse();
}

}  // namespace fleet::agent
