#include "node_agent/keeper_socket.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "absl/strings/str_cat.h"
#include "node_agent/keeper/confinement_wire.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

using keeper::Type;

// The largest message to the agent is a Process with its tag.
constexpr size_t kMaxReceived =
    sizeof(keeper::ProcessInfo) + keeper::kMaxTag + 1;

void AppendString(std::string_view text, std::vector<char>& payload) {
  payload.insert(payload.end(), text.begin(), text.end());
  payload.push_back('\0');
}

template <typename T>
void AppendNumber(T number, std::vector<char>& payload) {
  const char* bytes = reinterpret_cast<const char*>(&number);
  payload.insert(payload.end(), bytes, bytes + sizeof number);
}

absl::Status CheckBounds(const SpawnRequest& request) {
  auto too_many = [](const char* what, size_t count, size_t limit) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": ", count, ", at most ", limit));
  };
  if (request.tag.size() > keeper::kMaxTag) {
    return too_many("bytes of tag", request.tag.size(), keeper::kMaxTag);
  }
  if (request.child_fds.size() > keeper::kMaxChildFds) {
    return too_many("descriptors", request.child_fds.size(),
                    keeper::kMaxChildFds);
  }
  if (request.groups.size() > keeper::kMaxGroups) {
    return too_many("groups", request.groups.size(), keeper::kMaxGroups);
  }
  if (request.argv.size() > keeper::kMaxStrings ||
      request.env.size() > keeper::kMaxStrings) {
    return too_many("arguments or variables",
                    std::max(request.argv.size(), request.env.size()),
                    keeper::kMaxStrings);
  }
  for (const auto& fd : request.child_fds) {
    if (fd.name.size() > keeper::kMaxName) {
      return too_many("bytes of a held name", fd.name.size(), keeper::kMaxName);
    }
  }
  if (request.confinement.has_value() &&
      (request.confinement->rlimits.size() > keeper::kMaxRlimits ||
       request.confinement->cgroups.size() > keeper::kMaxCgroups ||
       request.confinement->read_only_paths.size() >
           keeper::kMaxReadOnlyPaths)) {
    return absl::InvalidArgumentError("too many limits, cgroups or paths");
  }
  if (request.argv.empty() || !request.executable.starts_with('/')) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the program \"", request.executable, "\" is not an absolute path"));
  }
  return absl::OkStatus();
}

void AppendConfinement(const Confinement& from, std::vector<char>& payload) {
  keeper::Confinement to{};
  auto set = [&to](bool is_set, uint32_t bit) { to.set |= is_set ? bit : 0; };
  set(from.no_new_privileges, keeper::Confinement::kNoNewPrivileges);
  set(from.private_tmp, keeper::Confinement::kPrivateTmp);
  set(from.capabilities.has_value(), keeper::Confinement::kCapabilities);
  set(from.nice.has_value(), keeper::Confinement::kNice);
  set(from.umask.has_value(), keeper::Confinement::kUmask);
  set(from.oom_score_adj.has_value(), keeper::Confinement::kOomScore);
  to.capabilities = from.capabilities.value_or(0);
  to.nice = from.nice.value_or(0);
  to.umask = from.umask.value_or(0);
  to.oom_score_adj = from.oom_score_adj.value_or(0);
  to.n_rlimits = static_cast<uint32_t>(from.rlimits.size());
  to.n_cgroups = static_cast<uint32_t>(from.cgroups.size());
  to.n_read_only = static_cast<uint32_t>(from.read_only_paths.size());
  to.mounts_of = from.mounts_of;
  AppendNumber(to, payload);
  for (const Confinement::Rlimit& limit : from.rlimits) {
    AppendNumber(keeper::Rlimit{limit.resource, 0, limit.soft, limit.hard},
                 payload);
  }
  for (const std::string& group : from.cgroups) AppendString(group, payload);
  for (const std::string& path : from.read_only_paths) {
    AppendString(path, payload);
  }
}

std::vector<char> MakePayload(const SpawnRequest& request) {
  std::vector<char> payload;
  payload.reserve(4096);
  for (const auto& fd : request.child_fds) {
    AppendNumber(static_cast<int32_t>(fd.as), payload);
  }
  for (gid_t group : request.groups) {
    AppendNumber(static_cast<uint32_t>(group), payload);
  }
  AppendString(request.tag, payload);
  AppendString(request.executable, payload);
  AppendString(request.cwd, payload);
  for (const std::string& argument : request.argv) {
    AppendString(argument, payload);
  }
  for (const std::string& entry : request.env) AppendString(entry, payload);
  for (const auto& fd : request.child_fds) AppendString(fd.name, payload);
  if (request.confinement.has_value()) {
    AppendConfinement(*request.confinement, payload);
  }
  return payload;
}

absl::StatusOr<UniqueFd> MakeMemfd(const std::vector<char>& payload) {
  UniqueFd memfd(memfd_create("fleet-spawn", MFD_CLOEXEC));
  if (!memfd.valid()) return ErrnoStatus(errno, "memfd_create");
  for (size_t done = 0; done < payload.size();) {
    ssize_t n =
        write(memfd.get(), payload.data() + done, payload.size() - done);
    if (n < 0) return ErrnoStatus(errno, "write to a memfd");
    done += static_cast<size_t>(n);
  }
  return memfd;
}

// The size that a message of the keeper must have, given its bytes.
std::optional<size_t> ExpectedSize(const KeeperMessage& message) {
  size_t size = message.bytes.size();
  switch (message.type()) {
    case Type::kWelcome:
      return sizeof(keeper::Welcome);
    case Type::kProcess:
      if (size < sizeof(keeper::ProcessInfo)) return std::nullopt;
      return sizeof(keeper::ProcessInfo) +
             message.As<keeper::ProcessInfo>().tag_size;
    case Type::kHeld:
      if (size < sizeof(keeper::Name)) return std::nullopt;
      return sizeof(keeper::Name) + message.As<keeper::Name>().size;
    case Type::kInventoryEnd:
      return sizeof(keeper::InventoryEnd);
    case Type::kSpawned:
      return sizeof(keeper::Spawned);
    case Type::kSpawnFailed:
      return sizeof(keeper::SpawnFailed);
    case Type::kExited:
      return sizeof(keeper::Exited);
    case Type::kRefused:
      return sizeof(keeper::Refused);
    case Type::kHello:
    case Type::kSpawn:
    case Type::kAck:
    case Type::kHold:
    case Type::kDrop:
    case Type::kAdopt:
      break;
  }
  return std::nullopt;
}

void TakeFds(const msghdr& header, KeeperMessage& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&header), c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int fd;
    std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
    message.fds.emplace_back(fd);
  }
}

}  // namespace

ProcessExit ExitOf(keeper::ExitKind kind, int value, bool tree_gone) {
  switch (kind) {
    case keeper::ExitKind::kExited:
      return {ProcessExit::Kind::kExited, value, tree_gone};
    case keeper::ExitKind::kSignaled:
      return {ProcessExit::Kind::kSignaled, value, tree_gone};
    case keeper::ExitKind::kUnknown:
      break;
  }
  return {};
}

UniqueFd DuplicateFd(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

absl::StatusOr<KeeperMessage> MakeSpawnMessage(const SpawnRequest& request) {
  RETURN_IF_ERROR(CheckBounds(request));
  std::vector<char> payload = MakePayload(request);
  if (payload.size() > keeper::kMaxPayload) {
    return absl::InvalidArgumentError(
        absl::StrCat("arguments and environment: ", payload.size(),
                     " bytes, at most ", keeper::kMaxPayload));
  }
  keeper::Spawn spawn{};
  spawn.header.type = Type::kSpawn;
  spawn.id = request.id;
  if (request.new_session) spawn.flags |= keeper::Spawn::kNewSession;
  if (request.set_ids) spawn.flags |= keeper::Spawn::kSetIds;
  if (request.confinement.has_value()) {
    spawn.flags |= keeper::Spawn::kConfined;
  }
  if (request.bind_socket >= 0) spawn.flags |= keeper::Spawn::kAnswerBinds;
  spawn.uid = request.uid;
  spawn.gid = request.gid;
  spawn.n_fds = static_cast<uint32_t>(request.child_fds.size());
  spawn.n_groups = static_cast<uint32_t>(request.groups.size());
  spawn.n_args = static_cast<uint32_t>(request.argv.size());
  spawn.n_env = static_cast<uint32_t>(request.env.size());
  spawn.payload_size = static_cast<uint32_t>(payload.size());
  KeeperMessage message;
  if (sizeof spawn + payload.size() > keeper::kMaxPacket) {
    spawn.flags |= keeper::Spawn::kInMemfd;
    ASSIGN_OR_RETURN(UniqueFd memfd, MakeMemfd(payload));
    message.fds.push_back(std::move(memfd));
    payload.clear();
  }
  std::vector<int> fds;
  for (const auto& fd : request.child_fds) fds.push_back(fd.fd);
  if (request.bind_socket >= 0) fds.push_back(request.bind_socket);
  for (int fd : fds) {
    message.fds.push_back(DuplicateFd(fd));
    if (!message.fds.back().valid()) {
      return ErrnoStatus(errno, "duplicate a descriptor for the child");
    }
  }
  message.bytes = MessageBytes(spawn, {payload.data(), payload.size()});
  return message;
}

SendOutcome SendMessage(int socket, const std::vector<char>& bytes,
                        const std::vector<int>& fds) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr)
      std::array<char, CMSG_SPACE(keeper::kMaxPacketFds * sizeof(int))>
          control;
  if (!fds.empty()) {
    size_t size = fds.size() * sizeof(int);
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), fds.data(), size);
  }
  ssize_t n;
  do {
    n = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return SendOutcome::kSent;
  bool later = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ||
               errno == ETOOMANYREFS;
  return later ? SendOutcome::kWouldBlock : SendOutcome::kLost;
}

absl::StatusOr<KeeperMessage> ReceiveMessage(int socket) {
  std::array<char, kMaxReceived> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t n;
  do {
    n = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET comes once, before what the other end still said.
  } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
  if (n < 0 && errno == EAGAIN) return absl::UnavailableError("nothing");
  if (n < 0) return absl::AbortedError(std::strerror(errno));
  KeeperMessage message;
  TakeFds(header, message);
  if (n == 0) return absl::AbortedError("it closed the connection");
  message.bytes.assign(bytes.begin(), bytes.begin() + n);
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    return absl::DataLossError("it sent an oversized message");
  }
  if (message.bytes.size() < sizeof(keeper::Header) ||
      ExpectedSize(message) != message.bytes.size()) {
    return absl::DataLossError("it sent a malformed message");
  }
  return message;
}

absl::StatusOr<UniqueFd> ConnectToKeeper(const std::string& state_dir) {
  UniqueFd dir(open(state_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return ErrnoStatus(errno, state_dir);
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return ErrnoStatus(errno, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // By way of /proc, since a socket's path may be no longer than 107 bytes.
  std::string path =
      absl::StrCat("/proc/self/fd/", dir.get(), "/", keeper::kSocketName);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    return ErrnoStatus(errno,
                       absl::StrCat(state_dir, "/", keeper::kSocketName));
  }
  return socket;
}

}  // namespace fleet::agent
