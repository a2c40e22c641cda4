#include "proto/rpc/open_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fleet {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
constexpr size_t kShareOfOneAddress = 4;
// 20,000 agents, and people.
constexpr size_t kMostConnections = 24'000;
// Descriptors that are not for connections over TCP.
constexpr size_t kReserve = 1024;

// 0: it is no socket, or not open.
uint64_t CookieOf(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie
                                                                    : 0;
}

}  // namespace

std::string OpenConnections::FarAddress(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return "";
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    if ((ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET) return "";
    inet_ntop(AF_INET, &v4, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    constexpr size_t kMappedAt = 12;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
    if (IN6_IS_ADDR_LOOPBACK(&v6) ||
        (mapped && v6.s6_addr[kMappedAt] == IN_LOOPBACKNET)) {
      return "";
    }
    inet_ntop(AF_INET6, &v6, text.data(), text.size());
  }
  return text.data();
}

bool OpenConnections::Admit(int fd, absl::Time now) {
  const auto stale = open_.find(fd);
  if (stale != open_.end()) Forget(stale);
  Connection connection{CookieOf(fd), address_of_(fd)};
  if (!HasRoom(connection.address)) ForgetClosed(now);
  if (!HasRoom(connection.address)) {
    ++refused_;
    return false;
  }
  if (!connection.address.empty()) ++by_address_[connection.address];
  open_.emplace(fd, std::move(connection));
  return true;
}

bool OpenConnections::HasRoom(const std::string& address) const {
  if (open_.size() >= most_) return false;
  const auto found = by_address_.find(address);
  return found == by_address_.end() ||
         found->second < std::max<size_t>(most_ / kShareOfOneAddress, 1);
}

void OpenConnections::Forget(
    std::unordered_map<int, Connection>::iterator connection) {
  const auto found = by_address_.find(connection->second.address);
  if (found != by_address_.end() && --found->second == 0) {
    by_address_.erase(found);
  }
  open_.erase(connection);
}

void OpenConnections::ForgetClosed(absl::Time now) {
  if (now - last_look_ < kLookInterval) return;
  last_look_ = now;
  for (auto it = open_.begin(); it != open_.end();) {
    const auto connection = it++;
    if (CookieOf(connection->first) != connection->second.cookie) {
      Forget(connection);
    }
  }
}

size_t MostConnections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kReserve;
  const size_t descriptors = limit.rlim_cur;
  const size_t left = descriptors - std::min(descriptors / 2, kReserve);
  return std::min(left, kMostConnections);
}

}  // namespace fleet
