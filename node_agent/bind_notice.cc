#include "node_agent/bind_notice.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace fleet::agent {
namespace {

// The value of a "Name:\tvalue" line of a /proc file.
std::string Field(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return line.substr(name.size());
  }
  return "";
}

// The process that a thread belongs to.
pid_t ProcessOf(pid_t thread) {
  return std::atoi(
      Field(absl::StrCat("/proc/", thread, "/status"), "Tgid:\t").c_str());
}

SocketAddress ReadAddress(pid_t caller, uint64_t at, uint64_t size) {
  SocketAddress address;
  size_t bytes = std::min<size_t>(size, sizeof address.storage);
  iovec here{&address.storage, bytes};
  iovec there{reinterpret_cast<void*>(at), bytes};
  ssize_t n = process_vm_readv(caller, &here, 1, &there, 1, 0);
  if (n == static_cast<ssize_t>(bytes) && bytes > sizeof(sa_family_t)) {
    address.size = static_cast<socklen_t>(bytes);
  }
  return address;
}

}  // namespace

std::optional<BindNotice> BindNotice::Receive(int listener) {
  seccomp_notif call{};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
    return std::nullopt;
  }
  BindNotice notice;
  notice.listener_ = listener;
  notice.id_ = call.id;
  notice.caller_ = static_cast<pid_t>(call.pid);
  notice.fd_ = static_cast<int>(call.data.args[0]);
  notice.address_ =
      ReadAddress(notice.caller_, call.data.args[1], call.data.args[2]);
  return notice;
}

UniqueFd BindNotice::Socket() const {
  UniqueFd process(
      static_cast<int>(syscall(SYS_pidfd_open, ProcessOf(caller_), 0)));
  if (!process.valid()) return UniqueFd();
  return UniqueFd(
      static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd_, 0)));
}

bool BindNotice::CloseOnExec() const {
  std::string flags =
      Field(absl::StrCat("/proc/", caller_, "/fdinfo/", fd_), "flags:\t");
  constexpr int kOctal = 8;
  return (std::strtol(flags.c_str(), nullptr, kOctal) & O_CLOEXEC) != 0;
}

bool BindNotice::IsValid() const {
  uint64_t id = id_;
  return ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool BindNotice::Replace(int socket, bool close_on_exec) const {
  seccomp_notif_addfd replacement{};
  replacement.id = id_;
  replacement.flags = SECCOMP_ADDFD_FLAG_SETFD;
  replacement.srcfd = static_cast<uint32_t>(socket);
  replacement.newfd = static_cast<uint32_t>(fd_);
  replacement.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
  if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &replacement) < 0) {
    return false;
  }
  Answer(0, 0);
  return true;
}

void BindNotice::Fail(int error_number) const { Answer(error_number, 0); }

void BindNotice::Pass() const { Answer(0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

void BindNotice::Answer(int error_number, uint32_t flags) const {
  seccomp_notif_resp answer{};
  answer.id = id_;
  answer.error = -error_number;
  answer.flags = flags;
  ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

}  // namespace fleet::agent
