// An address that an app listens on, as its spec or its worker names it.
#ifndef FLEET_NODE_AGENT_LISTEN_ADDRESS_H_
#define FLEET_NODE_AGENT_LISTEN_ADDRESS_H_

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fleet::agent {

// Immutable once made.
struct ListenAddress {
  enum class Kind { kTcp, kUdp, kUnix };
  Kind kind = Kind::kTcp;
  // Numeric; empty: every address of the machine.
  std::string host;
  int port = 0;  // 0: any, the same for all slots.
  // Tells several port-0 sockets of one app apart.
  int index = 0;
  // With an empty host: 0.0.0.0, not ::.
  bool ipv4_only = false;
  bool ipv6_only = false;
  // UDP: asked for with SO_REUSEADDR (multicast, mDNS): one socket for all.
  bool reuse_address = false;
  // kUnix; a leading '@' stands for NUL (an abstract name).
  std::string path;

  bool wildcard() const { return kind != Kind::kUnix && host.empty(); }
  // Has one socket for all slots, whatever the spec says.
  bool always_shared() const;
  // What identifies it within its app: "tcp:*:3000", "unix:/run/web.sock". All
  // spellings of "every address" are one key, so that a spec's 0.0.0.0 and a
  // worker's :: are one socket.
  std::string Key() const;
  // As a person writes it: "0.0.0.0:3000".
  std::string Display() const;
};

// "tcp://0.0.0.0:3000", "tcp://[::1]:80", "tcp://:3000", "unix:///run/a.sock".
// INVALID_ARGUMENT says what is wrong with it.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view url);

// True: `host` is "", "0.0.0.0" or "::" in any spelling.
bool IsWildcardHost(const std::string& host);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family() const { return storage.ss_family; }
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

// `host` numeric, "localhost" or empty (then `family` says which wildcard).
// INVALID_ARGUMENT otherwise.
absl::StatusOr<SocketAddress> MakeInetAddress(const std::string& host, int port,
                                              int family);
// INVALID_ARGUMENT when the path is too long (107 bytes).
absl::StatusOr<SocketAddress> MakeUnixAddress(const std::string& path);

// The port of a bound inet socket; 0 for others.
int LocalPort(int fd);
// The address of a bound inet socket, as a number; empty for others.
std::string LocalHost(int fd);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LISTEN_ADDRESS_H_
