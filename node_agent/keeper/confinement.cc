#include "node_agent/keeper/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fleet::keeper {
namespace {

// Of mount(2); <sys/mount.h> and <linux/mount.h> do not go together.
constexpr unsigned long kReadOnly = 1;       // MS_RDONLY
constexpr unsigned long kNoSuid = 2;         // MS_NOSUID
constexpr unsigned long kNoDev = 4;          // MS_NODEV
constexpr unsigned long kRemount = 32;       // MS_REMOUNT
constexpr unsigned long kBind = 4096;        // MS_BIND
constexpr unsigned long kRecursive = 16384;  // MS_REC
constexpr unsigned long kSlave = 1 << 19;    // MS_SLAVE
constexpr int kRecursiveAt = 0x8000;         // AT_RECURSIVE

bool Mount(const char* from, const char* at, const char* type,
           unsigned long flags, const char* options) {
  return syscall(SYS_mount, from, at, type, flags, options) == 0;
}

bool WriteFile(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  auto size = static_cast<ssize_t>(strlen(text));
  bool written = write(fd, text, strlen(text)) == size;
  int error_number = errno;
  close(fd);
  errno = error_number;
  return written;
}

// The files of a process whose memory is private (prctl(2), PR_SET_DUMPABLE)
// are root's. Until it executes its program, the child's memory is the
// keeper's, which stands still.
bool WriteOwnFile(const char* path, const char* text) {
  if (WriteFile(path, text)) return true;
  if (errno != EACCES || prctl(PR_GET_DUMPABLE) != 0) return false;
  prctl(PR_SET_DUMPABLE, 1);
  bool written = WriteFile(path, text);
  int error_number = errno;
  prctl(PR_SET_DUMPABLE, 0);
  errno = error_number;
  return written;
}

void NumberText(int number, char* text) {
  char digits[12];
  size_t n = 0;
  unsigned int rest = number < 0 ? 0U - static_cast<unsigned int>(number)
                                 : static_cast<unsigned int>(number);
  do {
    digits[n++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (number < 0) *text++ = '-';
  while (n > 0) *text++ = digits[--n];
  *text = '\0';
}

bool IsSet(const Confinement& fixed, uint32_t what) {
  return (fixed.set & what) != 0;
}

const char* Limit(const ConfinementSpec& spec) {
  const Confinement& fixed = spec.fixed;
  for (uint32_t i = 0; i < fixed.n_cgroups; ++i) {
    if (!WriteFile(spec.cgroups[i], "0")) return "cgroup";
  }
  if (IsSet(fixed, Confinement::kOomScore)) {
    char text[16];
    NumberText(fixed.oom_score_adj, text);
    if (!WriteOwnFile("/proc/self/oom_score_adj", text)) {
      return "oom_score_adj";
    }
  }
  if (IsSet(fixed, Confinement::kNice) &&
      setpriority(PRIO_PROCESS, 0, fixed.nice) != 0) {
    return "nice";
  }
  for (uint32_t i = 0; i < fixed.n_rlimits; ++i) {
    const Rlimit& wanted = spec.rlimits[i];
    rlimit limit{wanted.soft, wanted.hard};
    if (syscall(SYS_prlimit64, 0, wanted.resource, &limit, nullptr) != 0) {
      return "rlimit";
    }
  }
  if (IsSet(fixed, Confinement::kUmask)) umask(fixed.umask);
  return nullptr;
}

bool MakeReadOnly(const char* path) {
  if (!Mount(path, path, nullptr, kBind | kRecursive, nullptr)) return false;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, path, kRecursiveAt, &attributes,
              sizeof attributes) == 0) {
    return true;
  }
  // Before Linux 5.12: without what is mounted below it.
  return Mount(nullptr, path, nullptr, kBind | kRemount | kReadOnly, nullptr);
}

bool MountTmp(const char* path) {
  return Mount("tmpfs", path, "tmpfs", kNoSuid | kNoDev, "mode=1777");
}

int OpenOf(pid_t pid, const char* what, int flags) {
  char path[40] = "/proc/";
  NumberText(pid, path + strlen(path));
  strcat(path, what);
  return open(path, flags | O_CLOEXEC);
}

// setns(2) leads to the namespace's own root; the process may have another.
const char* JoinMounts(pid_t pid) {
  int mounts = OpenOf(pid, "/ns/mnt", O_RDONLY);
  int root = OpenOf(pid, "/root", O_PATH | O_DIRECTORY);
  bool joined = mounts >= 0 && root >= 0 && setns(mounts, CLONE_NEWNS) == 0 &&
                fchdir(root) == 0 && chroot(".") == 0;
  int error_number = errno;
  if (mounts >= 0) close(mounts);
  if (root >= 0) close(root);
  errno = error_number;
  return joined ? nullptr : "mount namespace";
}

const char* ChangeMounts(const ConfinementSpec& spec) {
  if (spec.fixed.mounts_of != 0) return JoinMounts(spec.fixed.mounts_of);
  bool private_tmp = IsSet(spec.fixed, Confinement::kPrivateTmp);
  if (!private_tmp && spec.fixed.n_read_only == 0) return nullptr;
  if (unshare(CLONE_NEWNS) != 0) return "mount namespace";
  // What is mounted on the host later is seen; what is mounted here stays here.
  if (!Mount(nullptr, "/", nullptr, kSlave | kRecursive, nullptr)) {
    return "mount namespace";
  }
  for (uint32_t i = 0; i < spec.fixed.n_read_only; ++i) {
    if (!MakeReadOnly(spec.read_only[i])) return "read_only_paths";
  }
  if (!private_tmp) return nullptr;
  bool mounted = MountTmp("/tmp") && (MountTmp("/var/tmp") || errno == ENOENT);
  return mounted ? nullptr : "private_tmp";
}

const char* DropBounding(const Confinement& fixed) {
  for (int cap = 0; cap < 64; ++cap) {
    if ((fixed.capabilities >> cap & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0) continue;
    // The first number that the kernel does not know.
    return errno == EINVAL && cap > 0 ? nullptr : "capabilities";
  }
  return nullptr;
}

bool SetCapabilities(uint64_t mask, bool as_root) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (size_t i = 0; i < 2; ++i) {
    auto half = static_cast<uint32_t>(mask >> (32 * i));
    data[i].effective = data[i].permitted = half;
    // What root inherits would not be taken from it by the bounding set.
    data[i].inheritable = as_root ? 0 : half;
  }
  return syscall(SYS_capset, &header, data) == 0;
}

}  // namespace

const char* Confine(const ConfinementSpec& spec, bool changes_ids) {
  if (const char* failed = Limit(spec)) return failed;
  if (const char* failed = ChangeMounts(spec)) return failed;
  if (!IsSet(spec.fixed, Confinement::kCapabilities)) return nullptr;
  if (const char* failed = DropBounding(spec.fixed)) return failed;
  bool keeps = changes_ids && spec.fixed.capabilities != 0;
  if (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return "capabilities";
  return nullptr;
}

const char* ConfineAsUser(const ConfinementSpec& spec) {
  const Confinement& fixed = spec.fixed;
  if (IsSet(fixed, Confinement::kCapabilities)) {
    bool as_root = geteuid() == 0;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        !SetCapabilities(fixed.capabilities, as_root)) {
      return "capabilities";
    }
    for (int cap = 0; cap < 64 && !as_root; ++cap) {
      bool wanted = (fixed.capabilities >> cap & 1) != 0;
      if (wanted &&
          prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0) {
        return "capabilities";
      }
    }
  }
  if (IsSet(fixed, Confinement::kNoNewPrivileges) &&
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return "no_new_privs";
  }
  return nullptr;
}

}  // namespace fleet::keeper
