#include "node_agent/listen_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kListenBacklog = 4096;

bool SetFlag(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int GetOption(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(fd, level, option, &value, &size);
  return value;
}

absl::Status Fail(int error, int* error_number, const std::string& what) {
  *error_number = error;
  return ErrnoStatus(error, what);
}

// Nobody listens on `address` and its path is a socket: then it goes.
void RemoveStalePath(const std::string& path, const SocketAddress& address) {
  struct stat info {};
  if (path[0] == '@' || lstat(path.c_str(), &info) != 0 ||
      !S_ISSOCK(info.st_mode)) {
    return;
  }
  UniqueFd probe(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.size) != 0 &&
      errno == ECONNREFUSED) {
    unlink(path.c_str());
  }
}

absl::StatusOr<UniqueFd> OpenUnix(const ListenAddress& address,
                                  const OpenOptions& options,
                                  int* error_number) {
  std::string what = absl::StrCat("cannot listen on ", address.path);
  auto name = MakeUnixAddress(address.path);
  if (!name.ok()) {
    *error_number = EINVAL;
    return name.status();
  }
  RemoveStalePath(address.path, *name);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid() || bind(fd.get(), name->get(), name->size) != 0) {
    return Fail(errno, error_number, what);
  }
  // The worker may set its mode, as if it had made it. lchown: one that may
  // write to the folder can have put a link there meanwhile.
  if (address.path[0] != '@' &&
      (options.uid != static_cast<uid_t>(-1) ||
       options.gid != static_cast<gid_t>(-1)) &&
      lchown(address.path.c_str(), options.uid, options.gid) != 0) {
    return Fail(errno, error_number, absl::StrCat(what, ": chown"));
  }
  if (listen(fd.get(), kListenBacklog) != 0)
    return Fail(errno, error_number, what);
  return fd;
}

// Binds, alone, and then lets others of this user join.
absl::StatusOr<UniqueFd> OpenInet(const ListenAddress& address,
                                  const SocketAddress& name, bool join,
                                  int* error_number) {
  bool udp = address.kind == ListenAddress::Kind::kUdp;
  std::string what = absl::StrCat("cannot listen on ", address.Display());
  UniqueFd fd(socket(
      name.family(),
      (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Fail(errno, error_number, what);
  if (!udp || address.reuse_address) {
    SetFlag(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (name.family() == AF_INET6) {
    bool dual = address.host.empty() && !address.ipv6_only;
    SetFlag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1);
  }
  if (bind(fd.get(), name.get(), name.size) != 0) {
    return Fail(errno, error_number, what);
  }
  if (join && !SetFlag(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) {
    return Fail(errno, error_number, absl::StrCat(what, ": SO_REUSEPORT"));
  }
  if (!udp && listen(fd.get(), kListenBacklog) != 0) {
    return Fail(errno, error_number, what);
  }
  return fd;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenListenSocket(const ListenAddress& address,
                                          const OpenOptions& options,
                                          int* error_number) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return OpenUnix(address, options, error_number);
  }
  bool join = options.will_be_joined && !address.always_shared();
  ListenAddress at = address;
  if (at.wildcard()) at.host = options.bind_address;
  int family = at.ipv4_only ? AF_INET : AF_INET6;
  auto name = MakeInetAddress(at.host, at.port, family);
  if (!name.ok()) {
    *error_number = EADDRNOTAVAIL;
    return name.status();
  }
  auto fd = OpenInet(at, *name, join, error_number);
  bool no_ipv6 =
      !fd.ok() && at.host.empty() && family == AF_INET6 && !at.ipv6_only &&
      (*error_number == EAFNOSUPPORT || *error_number == EADDRNOTAVAIL);
  if (!no_ipv6) return fd;
  at.ipv4_only = true;
  ASSIGN_OR_RETURN(SocketAddress v4, MakeInetAddress("", at.port, AF_INET));
  return OpenInet(at, v4, join, error_number);
}

absl::StatusOr<UniqueFd> JoinListenSocket(int first, int* error_number) {
  SocketAddress name;
  name.size = sizeof name.storage;
  if (getsockname(first, reinterpret_cast<sockaddr*>(&name.storage),
                  &name.size) != 0) {
    return Fail(errno, error_number, "cannot read the address of a socket");
  }
  int type = GetOption(first, SOL_SOCKET, SO_TYPE);
  UniqueFd fd(socket(name.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Fail(errno, error_number, "cannot open a socket");
  if (type == SOCK_STREAM) SetFlag(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  SetFlag(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (name.family() == AF_INET6) {
    SetFlag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY,
            GetOption(first, IPPROTO_IPV6, IPV6_V6ONLY));
  }
  if (bind(fd.get(), name.get(), name.size) != 0 ||
      (type == SOCK_STREAM && listen(fd.get(), kListenBacklog) != 0)) {
    return Fail(
        errno, error_number,
        absl::StrCat("cannot open one more socket on port ", LocalPort(first)));
  }
  return fd;
}

int AcceptQueueLength(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  // For a socket that listens these two mean its queue and its limit.
  return info.tcpi_state == TCP_LISTEN ? static_cast<int>(info.tcpi_unacked)
                                       : 0;
}

bool HasDatagram(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

bool IsListening(int fd) {
  return GetOption(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0;
}

}  // namespace fleet::agent
