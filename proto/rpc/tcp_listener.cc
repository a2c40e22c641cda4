#include "proto/rpc/tcp_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;
constexpr absl::Duration kSayInterval = absl::Seconds(10);

std::string WhyNot(int error) {
  if (error == EADDRINUSE) {
    return "the address is taken; `ss -ltnp` shows who has it";
  }
  if (error == EADDRNOTAVAIL) return "the address is not one of this machine's";
  return std::strerror(error);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::Status Unavailable(const Address& address, std::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen at ", address.ToString(), ": ", ToAbsl(why)));
}

absl::StatusOr<AddressList> Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int error =
      getaddrinfo(address.IsWildcard() ? "::" : address.host.c_str(),
                  port.c_str(), &hints, &found);
  if (error != 0) return Unavailable(address, gai_strerror(error));
  return AddressList(found, freeaddrinfo);
}

void SetPort(sockaddr* address, int port) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port =
        htons(static_cast<uint16_t>(port));
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port =
        htons(static_cast<uint16_t>(port));
  }
}

int PortOf(int fd) {
  sockaddr_in6 bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  // In the same place for both families.
  return ntohs(bound.sin6_port);
}

// -1: errno. No SO_REUSEPORT: a second server must get an error.
int ListenAt(const addrinfo& where, bool both_families) {
  const int fd =
      socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int v6_only = both_families ? 0 : 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (where.ai_family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  }
  if (bind(fd, where.ai_addr, where.ai_addrlen) == 0 &&
      listen(fd, kBacklog) == 0) {
    return fd;
  }
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// For a machine without IPv6.
int ListenAtWildcardOfIpv4(int port) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(static_cast<uint16_t>(port));
  addrinfo where{};
  where.ai_family = AF_INET;
  where.ai_addr = reinterpret_cast<sockaddr*>(&any);
  where.ai_addrlen = sizeof any;
  return ListenAt(where, false);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TcpListener>> TcpListener::Open(
    EventLoop& loop, const Address& address, size_t most_connections,
    Accepted accepted) {
  ASSIGN_OR_RETURN(AddressList list, Resolve(address));
  std::unique_ptr<TcpListener> listener(new TcpListener(
      loop, address.ToString(), most_connections, std::move(accepted)));
  int error = 0;
  for (addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    // The others get the port that the kernel chose for the first.
    if (listener->port_ != 0) SetPort(at->ai_addr, listener->port_);
    int fd = ListenAt(*at, address.IsWildcard());
    if (fd < 0 && address.IsWildcard() && errno == EAFNOSUPPORT) {
      fd = ListenAtWildcardOfIpv4(address.port);
    }
    if (fd >= 0) {
      listener->Listen(fd);
    } else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
      return Unavailable(address, WhyNot(errno));
    } else {
      error = errno;
    }
  }
  if (listener->acceptors_.empty()) {
    return Unavailable(address, WhyNot(error));
  }
  return listener;
}

TcpListener::TcpListener(EventLoop& loop, std::string name,
                         size_t most_connections, Accepted accepted)
    : loop_(loop),
      name_(std::move(name)),
      accepted_(std::move(accepted)),
      connections_(most_connections) {}

void TcpListener::Listen(int fd) {
  port_ = PortOf(fd);
  acceptors_.push_back(std::make_unique<SocketAcceptor>(
      loop_, fd, [this](int connection) { OnAccepted(connection); }));
}

void TcpListener::OnAccepted(int fd) {
  const absl::Time now = loop_.clock().Now();
  if (connections_.Admit(fd, now)) return accepted_(fd);
  close(fd);
  if (now - last_said_ < kSayInterval) return;
  last_said_ = now;
  spdlog::warn("address={} connections={} most={} refused={}: too many", name_,
               connections_.count(), connections_.most(),
               connections_.refused());
}

}  // namespace fleet
