#include "node_agent/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

bool IsMulticast(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return IN_MULTICAST(ntohl(v4.s_addr));
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 &&
         IN6_IS_ADDR_MULTICAST(&v6);
}

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host
                                             : absl::StrCat("[", host, "]");
}

// Splits "HOST:PORT" and "[V6]:PORT".
bool SplitHostPort(const std::string& text, std::string* host, int* port) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  *host = text.substr(0, colon);
  if (host->size() >= 2 && host->front() == '[' && host->back() == ']') {
    *host = host->substr(1, host->size() - 2);
  } else if (host->find(':') != std::string::npos) {
    return false;
  }
  return absl::SimpleAtoi(text.substr(colon + 1), port) && *port >= 0 &&
         *port <= 65535;
}

SocketAddress LocalName(int fd) {
  SocketAddress name;
  name.size = sizeof name.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name.storage), &name.size) !=
      0) {
    return SocketAddress();
  }
  return name;
}

}  // namespace

bool IsWildcardHost(const std::string& host) {
  if (host.empty() || host == "*") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return v4.s_addr == 0;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 &&
         IN6_IS_ADDR_UNSPECIFIED(&v6);
}

bool ListenAddress::always_shared() const {
  return kind == Kind::kUnix ||
         (kind == Kind::kUdp && (reuse_address || IsMulticast(host)));
}

std::string ListenAddress::Key() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix:", path);
  std::string key = kind == Kind::kTcp ? "tcp" : "udp";
  if (reuse_address) absl::StrAppend(&key, "-reuse");
  if (ipv6_only) absl::StrAppend(&key, "-v6only");
  absl::StrAppend(&key, ":", host.empty() ? "*" : Bracketed(host), ":", port);
  if (port == 0) absl::StrAppend(&key, "#", index);
  return key;
}

std::string ListenAddress::Display() const {
  if (kind == Kind::kUnix) return path;
  std::string any = ipv4_only ? "0.0.0.0" : "[::]";
  return absl::StrCat(kind == Kind::kUdp ? "udp " : "",
                      host.empty() ? any : Bracketed(host), ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view url) {
  constexpr std::string_view kTcp = "tcp://";
  constexpr std::string_view kUnix = "unix://";
  ListenAddress address;
  if (url.substr(0, kUnix.size()) == kUnix) {
    address.kind = ListenAddress::Kind::kUnix;
    address.path = std::string(url.substr(kUnix.size()));
    if (address.path.empty() ||
        (address.path[0] != '/' && address.path[0] != '@')) {
      return absl::InvalidArgumentError(
          absl::StrCat("listen: \"", ToAbsl(url),
                       "\" needs an absolute path: ", "unix:///run/app.sock"));
    }
    RETURN_IF_ERROR(MakeUnixAddress(address.path).status());
    return address;
  }
  std::string host;
  if (url.substr(0, kTcp.size()) != kTcp ||
      !SplitHostPort(std::string(url.substr(kTcp.size())), &host,
                     &address.port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen: \"", ToAbsl(url),
                     "\" is neither tcp://HOST:PORT nor unix:///PATH"));
  }
  if (host == "localhost") host = "127.0.0.1";
  if (IsWildcardHost(host)) {
    address.ipv4_only = host.find('.') != std::string::npos;
    return address;
  }
  address.host = host;
  RETURN_IF_ERROR(Annotate(
      MakeInetAddress(host, address.port, AF_UNSPEC).status(), "listen"));
  return address;
}

absl::StatusOr<SocketAddress> MakeInetAddress(const std::string& host, int port,
                                              int family) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  const char* text = host == "localhost" ? "127.0.0.1" : host.c_str();
  // A link-local address may name its interface: "fe80::1%2".
  std::string plain(text);
  size_t percent = plain.find('%');
  int scope = 0;
  if (percent != std::string::npos) {
    if (!absl::SimpleAtoi(plain.substr(percent + 1), &scope)) scope = 0;
    plain.resize(percent);
  }
  if (host.empty() ? family == AF_INET
                   : inet_pton(AF_INET, plain.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    address.size = sizeof *v4;
    return address;
  }
  if (host.empty() || inet_pton(AF_INET6, plain.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    v6->sin6_scope_id = static_cast<uint32_t>(scope);
    address.size = sizeof *v6;
    return address;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", host, "\" is not an IP address of this machine; ",
                   "write it as a number, or 0.0.0.0 for all"));
}

absl::StatusOr<SocketAddress> MakeUnixAddress(const std::string& path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof un->sun_path) {
    return absl::InvalidArgumentError(
        absl::StrCat("socket path \"", path, "\" has ", path.size(),
                     " bytes; 1 to 107 are possible"));
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (path[0] == '@') {
    un->sun_path[0] = '\0';
  } else {
    ++address.size;
  }
  return address;
}

int LocalPort(int fd) {
  SocketAddress name = LocalName(fd);
  if (name.family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(name.get())->sin_port);
  }
  if (name.family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(name.get())->sin6_port);
  }
  return 0;
}

std::string LocalHost(int fd) {
  SocketAddress name = LocalName(fd);
  std::string text(INET6_ADDRSTRLEN, '\0');
  const void* host = nullptr;
  if (name.family() == AF_INET) {
    host = &reinterpret_cast<const sockaddr_in*>(name.get())->sin_addr;
  } else if (name.family() == AF_INET6) {
    host = &reinterpret_cast<const sockaddr_in6*>(name.get())->sin6_addr;
  }
  if (host == nullptr || inet_ntop(name.family(), host, text.data(),
                                   INET6_ADDRSTRLEN) == nullptr) {
    return "";
  }
  text.resize(std::strlen(text.c_str()));
  return text;
}

}  // namespace fleet::agent
