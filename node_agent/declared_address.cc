#include "node_agent/declared_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace fleet::agent {
namespace {

struct HostAndPort {
  std::string host;  // Empty: all.
  int port = 0;
};

std::string Text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

std::optional<HostAndPort> Read(const SocketAddress& wanted) {
  HostAndPort result;
  if (wanted.family() == AF_INET && wanted.size >= sizeof(sockaddr_in)) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(wanted.get());
    result.port = ntohs(v4->sin_port);
    result.host = Text(AF_INET, &v4->sin_addr);
  } else if (wanted.family() == AF_INET6 &&
             wanted.size >= sizeof(sockaddr_in6)) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(wanted.get());
    constexpr int kMappedAt = 12;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    result.port = ntohs(v6->sin6_port);
    result.host = mapped ? Text(AF_INET, v6->sin6_addr.s6_addr + kMappedAt)
                         : Text(AF_INET6, &v6->sin6_addr);
  } else {
    return std::nullopt;
  }
  if (IsWildcardHost(result.host)) result.host.clear();
  return result;
}

}  // namespace

std::optional<ListenAddress> MatchDeclared(
    const std::vector<std::string>& declared, const SocketAddress& wanted,
    bool ipv6_only) {
  auto asked = Read(wanted);
  if (!asked.has_value() || asked->port == 0) return std::nullopt;
  for (const std::string& url : declared) {
    auto address = ParseListenAddress(url);
    if (!address.ok() || address->kind != ListenAddress::Kind::kTcp ||
        address->port != asked->port) {
      continue;
    }
    if (!address->wildcard()) {
      if (asked->host.empty() || asked->host == address->host) return *address;
      continue;
    }
    ListenAddress result = *address;
    result.host = asked->host;
    result.ipv4_only = asked->host.empty() && wanted.family() == AF_INET;
    result.ipv6_only =
        asked->host.empty() && wanted.family() == AF_INET6 && ipv6_only;
    return result;
  }
  return std::nullopt;
}

}  // namespace fleet::agent
