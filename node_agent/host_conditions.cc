#include "node_agent/host_conditions.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

bool HasPidfd() {
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  return fd.valid();
}

// Of ourselves, which is always allowed where the call is.
bool HasPidfdGetfd() {
  UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!self.valid()) return false;
  UniqueFd copy(
      static_cast<int>(syscall(SYS_pidfd_getfd, self.get(), self.get(), 0)));
  return copy.valid();
}

// "5.14" or newer: the kernel's own number, since the ioctl that matters
// (SECCOMP_IOCTL_NOTIF_ADDFD) can only be tried on a live notification.
bool IsAtLeast(const std::string& release, int major, int minor) {
  const std::vector<std::string> parts =
      absl::StrSplit(release, absl::ByAnyChar(".-"));
  int found_major = 0;
  int found_minor = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &found_major) ||
      !absl::SimpleAtoi(parts[1], &found_minor)) {
    return false;
  }
  return found_major > major || (found_major == major && found_minor >= minor);
}

bool HasSeccompNotify(const std::string& release) {
  uint32_t action = SECCOMP_RET_USER_NOTIF;
  return IsAtLeast(release, 5, 9) &&
         syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool HasReuseportProgram() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd.valid() ||
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return false;
  }
  std::array<sock_filter, 1> code = {{{BPF_RET | BPF_K, 0, 0, 0}}};
  const sock_fprog program = {code.size(), code.data()};
  return setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                    sizeof program) == 0;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A line of /proc/self/cgroup ("0::/path", "4:memory:/path") whose controllers
// are `controllers`; empty: none.
std::string OwnGroup(std::string_view controllers) {
  for (const absl::string_view line :
       absl::StrSplit(ReadFile("/proc/self/cgroup"), '\n')) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() == 3 && parts[1] == controllers) return parts[2];
  }
  return "";
}

void FindCgroup(HostConditions& conditions) {
  const std::string unified = OwnGroup("");
  const std::string v2 = absl::StrCat("/sys/fs/cgroup", unified);
  const std::string controllers = ReadFile(v2 + "/cgroup.controllers");
  if (!unified.empty() && controllers.size() > 1 &&
      access((v2 + "/cgroup.subtree_control").c_str(), W_OK) == 0) {
    conditions.cgroup = CgroupMode::kV2;
    conditions.cgroup_detail = unified;
    return;
  }
  const std::string memory = OwnGroup("memory");
  const std::string v1 = absl::StrCat("/sys/fs/cgroup/memory", memory);
  if (!memory.empty() && access(v1.c_str(), W_OK) == 0) {
    conditions.cgroup = CgroupMode::kV1;
    conditions.cgroup_detail = memory;
    return;
  }
  conditions.cgroup_detail =
      unified.empty() && memory.empty()
          ? "no cgroup is mounted"
          : absl::StrCat("the agent may not make groups in ",
                         unified.empty() ? memory : unified);
}

void LookAtDisk(const std::string& folder, HostConditions& conditions) {
  struct statvfs disk = {};
  if (statvfs(folder.c_str(), &disk) == 0) {
    const auto block = static_cast<int64_t>(disk.f_frsize);
    // What is kept for root counts for root alone.
    const auto free = geteuid() == 0 ? disk.f_bfree : disk.f_bavail;
    conditions.disk_free_bytes = static_cast<int64_t>(free) * block;
    conditions.disk_bytes = static_cast<int64_t>(disk.f_blocks) * block;
    conditions.files_free =
        disk.f_files == 0 ? -1 : static_cast<int64_t>(disk.f_favail);
  }
  const std::string path = absl::StrCat(folder, "/.check-", getpid());
  UniqueFd file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const bool written = file.valid() && write(file.get(), "fleet\n", 6) == 6 &&
                       fsync(file.get()) == 0;
  if (!written) {
    conditions.write_error = absl::StrCat("cannot write and sync a file in ",
                                          folder, ": ", strerror(errno));
  }
  unlink(path.c_str());
}

void LookAtMemory(HostConditions& conditions) {
  std::istringstream lines(ReadFile("/proc/meminfo"));
  std::string name;
  std::string rest;
  int64_t kilobytes = 0;
  while (lines >> name >> kilobytes && std::getline(lines, rest)) {
    if (name == "MemTotal:") conditions.memory_bytes = kilobytes << 10;
    if (name == "MemAvailable:") {
      conditions.memory_available_bytes = kilobytes << 10;
    }
  }
}

bool ClockIsKept() {
  timex state = {};
  return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

HostConditions ReadHostConditions(const std::string& state_folder) {
  HostConditions conditions;
  utsname name = {};
  if (uname(&name) == 0) conditions.kernel = name.release;
  conditions.pidfd = HasPidfd();
  conditions.pidfd_getfd = HasPidfdGetfd();
  conditions.seccomp_notify = HasSeccompNotify(conditions.kernel);
  conditions.reuseport_program = HasReuseportProgram();
  FindCgroup(conditions);
  conditions.state_folder = state_folder;
  LookAtDisk(state_folder, conditions);
  LookAtMemory(conditions);
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    conditions.open_files_limit = static_cast<int64_t>(files.rlim_cur);
  }
  conditions.root = geteuid() == 0;
  conditions.clock_synchronised = ClockIsKept();
  return conditions;
}

}  // namespace fleet::agent
