#include "node_agent/state_folder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "node_agent/marked_process.h"
#include "node_agent/proc_reader.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

absl::Status MakeFolder(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0) {
    chmod(path.c_str(), mode);  // Whatever the umask is.
    return absl::OkStatus();
  }
  return errno == EEXIST ? absl::OkStatus()
                         : ErrnoStatus(errno, "make folder " + path);
}

absl::StatusOr<UniqueFd> TakeLock(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "open " + path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    int error_number = errno;
    std::string pid;
    std::ifstream(path) >> pid;
    if (error_number == EWOULDBLOCK) {
      return absl::AlreadyExistsError(absl::StrCat(
          path, ": another fleet-agent (pid ", pid.empty() ? "?" : pid,
          ") uses this folder; stop it, or name another --state-dir"));
    }
    return ErrnoStatus(error_number, "lock " + path);
  }
  std::string text = absl::StrCat(getpid(), "\n");
  // Only for the message above. A full disk has room for it over the last one.
  const auto size = static_cast<ssize_t>(text.size());
  [[maybe_unused]] bool noted =
      pwrite(fd.get(), text.data(), text.size(), 0) == size &&
      ftruncate(fd.get(), size) == 0;
  return fd;
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  std::string temporary = path + ".new";
  UniqueFd fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  bool done = fd.valid() &&
              write(fd.get(), text.data(), text.size()) ==
                  static_cast<ssize_t>(text.size()) &&
              fsync(fd.get()) == 0 &&
              rename(temporary.c_str(), path.c_str()) == 0;
  return done ? absl::OkStatus() : ErrnoStatus(errno, "write " + path);
}

absl::StatusOr<std::string> HostUid(const std::string& path) {
  std::string uid;
  std::ifstream(path) >> uid;
  if (!uid.empty()) return uid;
  uid = RandomId();
  RETURN_IF_ERROR(WriteDurably(path, uid + "\n"));
  return uid;
}

sockaddr_un AbstractName(const std::string& host_uid, socklen_t* size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = absl::StrCat("fleet-agent/", host_uid.substr(0, 64));
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  *size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

// Who listens at the address; 0: not to be found out.
pid_t ListenerOf(const sockaddr_un& address, socklen_t size) {
  UniqueFd fd(
      socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ucred peer{};
  socklen_t peer_size = sizeof peer;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) !=
          0 ||
      getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) {
    return 0;
  }
  return peer.pid;
}

// A name that nobody else on the machine can have while we do, and that is
// gone with this process.
absl::StatusOr<UniqueFd> ClaimHostUid(const std::string& folder,
                                      const std::string& host_uid) {
  socklen_t size = 0;
  sockaddr_un address = AbstractName(host_uid, &size);
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket");
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
      listen(fd.get(), SOMAXCONN) == 0) {
    return fd;
  }
  if (errno != EADDRINUSE) {
    return ErrnoStatus(errno, "claim the name of this host's agent");
  }
  return absl::AlreadyExistsError(folder);
}

// Asked once, since that stays in the other one's queue.
absl::Status IsCopy(const std::string& folder, const std::string& host_uid) {
  socklen_t size = 0;
  sockaddr_un address = AbstractName(host_uid, &size);
  pid_t other = ListenerOf(address, size);
  return absl::AlreadyExistsError(absl::StrCat(
      folder,
      " is a copy: an agent with the same host_uid runs on this machine",
      other == 0 ? "" : absl::StrCat(" (pid ", other, ")"),
      ", and the controller could not tell the two apart; its workers are left "
      "alone. Start this one with an empty --state-dir, or stop the other "
      "one"));
}

// Where the agent of a worker has its folder, as seen from here; "": it is not
// known, or `own`.
std::string FolderOfAnother(pid_t worker, const std::string& own) {
  constexpr std::string_view kName = "/run/notify.sock";
  std::string path = ReadProcEnviron(worker, "NOTIFY_SOCKET").value_or("");
  if (!path.ends_with(kName)) return "";
  path.resize(path.size() - kName.size());
  // It may have another root.
  std::string seen = absl::StrCat("/proc/", worker, "/root", path);
  struct stat theirs {};
  struct stat ours {};
  if (stat(seen.c_str(), &theirs) != 0 || stat(own.c_str(), &ours) != 0 ||
      (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)) {
    return "";
  }
  return seen;
}

// One of this host_uid, and it lives.
bool HasAgentOf(const std::string& host_uid, const std::string& folder) {
  std::string uid;
  std::ifstream(folder + "/host_uid") >> uid;
  if (uid != host_uid) return false;
  UniqueFd fd(open((folder + "/agent.lock").c_str(), O_RDONLY | O_CLOEXEC));
  return fd.valid() && flock(fd.get(), LOCK_SH | LOCK_NB) != 0 &&
         errno == EWOULDBLOCK;
}

// An agent that was killed in the moment in which it started a keeper leaves
// what it holds to that, until that executes its own program.
constexpr int kTriesWhileHeld = 200;
constexpr int kPauseMillis = 10;

absl::StatusOr<UniqueFd> WhenFree(
    const std::function<absl::StatusOr<UniqueFd>()>& take) {
  absl::StatusOr<UniqueFd> taken = take();
  for (int i = 0; i < kTriesWhileHeld && absl::IsAlreadyExists(taken.status());
       ++i) {
    poll(nullptr, 0, kPauseMillis);
    taken = take();
  }
  return taken;
}

}  // namespace

uint64_t StateFolder::first_worker_id() const {
  // Eight of the hexadecimal digits are 32 bits; the sign bit stays clear.
  uint64_t host = std::strtoull(host_uid_.substr(0, 8).c_str(), nullptr, 16);
  return ((host & 0x7fffffff) << 32) + 1;
}

absl::Status StateFolder::CheckIsNoCopy() const {
  for (const MarkedProcess& found : FindMarkedProcesses(first_worker_id())) {
    const std::string other = FolderOfAnother(found.pid, path_);
    if (other.empty() || !HasAgentOf(host_uid_, other)) continue;
    return absl::AlreadyExistsError(absl::StrCat(
        path_, " is a copy: process ", found.pid,
        " is a worker of an agent with the same "
        "host_uid on this machine, whose folder is ",
        other,
        "; its workers are left alone. Start this one with an empty "
        "--state-dir, or stop the other one"));
  }
  return absl::OkStatus();
}

std::string RandomId() {
  std::array<char, 16> bytes;
  FLEET_CHECK(getrandom(bytes.data(), bytes.size(), 0) ==
              static_cast<ssize_t>(bytes.size()));
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

absl::StatusOr<StateFolder> StateFolder::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::string folder = absolute.string();
  std::filesystem::create_directories(absolute.parent_path(), error);
  RETURN_IF_ERROR(MakeFolder(folder, 0711));
  RETURN_IF_ERROR(MakeFolder(folder + "/logs", 0700));
  RETURN_IF_ERROR(MakeFolder(folder + "/run", 0711));
  ASSIGN_OR_RETURN(UniqueFd lock, WhenFree([&folder] {
                     return TakeLock(folder + "/agent.lock");
                   }));
  ASSIGN_OR_RETURN(std::string host_uid, HostUid(folder + "/host_uid"));
  absl::StatusOr<UniqueFd> name =
      WhenFree([&folder, &host_uid] { return ClaimHostUid(folder, host_uid); });
  if (absl::IsAlreadyExists(name.status())) return IsCopy(folder, host_uid);
  RETURN_IF_ERROR(name.status());
  return StateFolder(std::move(folder), std::move(lock), *std::move(name),
                     std::move(host_uid));
}

}  // namespace fleet::agent
