// Where something listens: a TCP address or a Unix socket.
#ifndef FLEET_PROTO_RPC_ADDRESS_H_
#define FLEET_PROTO_RPC_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fleet {

// Immutable once parsed; a plain value.
struct Address {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;  // kTcp: IP literal without brackets, or a name.
  int port = 0;      // kTcp: 0 to 65535; 0 lets the kernel choose.
  std::string path;  // kUnix: absolute, at most 107 bytes.

  // Only this machine can reach it: a Unix socket, 127.0.0.0/8, ::1 or
  // "localhost".
  bool IsLoopback() const;
  // It listens at every address of the machine: 0.0.0.0, ::
  bool IsWildcard() const;
  // "tcp://HOST:PORT", "unix:///PATH": what ParseAddress takes.
  std::string ToString() const;
  // "HOST:PORT" with brackets around IPv6, or "unix:/PATH": what a gRPC server
  // listens at.
  std::string ToListenTarget() const;
  // The same for a gRPC channel; needs no DNS when the host is a literal.
  std::string ToDialTarget() const;

  bool operator==(const Address&) const = default;
};

// Takes "unix:///path", "unix:/path", "host:port", "[v6]:port" and
// "tcp://host:port". INVALID_ARGUMENT says what would be right.
absl::StatusOr<Address> ParseAddress(std::string_view text);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_ADDRESS_H_
