#include "proto/rpc/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr size_t kMaxUnixPath = 107;

bool IsIpv4(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

absl::Status Bad(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("address \"", ToAbsl(text), "\": ", ToAbsl(why),
                   "; write HOST:PORT, [IPV6]:PORT or unix:///PATH"));
}

absl::StatusOr<Address> ParseUnix(std::string_view text,
                                  absl::string_view rest) {
  if (absl::ConsumePrefix(&rest, "//") && !absl::StartsWith(rest, "/")) {
    return Bad(text, "the path of a Unix socket must be absolute");
  }
  if (!absl::StartsWith(rest, "/")) {
    return Bad(text, "the path of a Unix socket must be absolute");
  }
  if (rest.size() > kMaxUnixPath) {
    return Bad(text, "the path of a Unix socket has at most 107 bytes");
  }
  Address address;
  address.kind = Address::Kind::kUnix;
  address.path = std::string(rest);
  return address;
}

bool IsHostName(absl::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' &&
        c != '.' && c != '_') {
      return false;
    }
  }
  return true;
}

}  // namespace

bool Address::IsLoopback() const {
  if (kind == Kind::kUnix || host == "localhost" || host == "::1") return true;
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 &&
         (ntohl(address.s_addr) >> 24) == 127;
}

bool Address::IsWildcard() const {
  return kind == Kind::kTcp && (host == "0.0.0.0" || host == "::");
}

std::string Address::ToListenTarget() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix:", path);
  if (IsIpv6(host)) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

std::string Address::ToDialTarget() const {
  if (kind == Kind::kTcp && IsIpv4(host)) {
    return absl::StrCat("ipv4:", ToListenTarget());
  }
  return ToListenTarget();
}

std::string Address::ToString() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix://", path);
  return absl::StrCat("tcp://", ToListenTarget());
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  absl::string_view rest = ToAbsl(text);
  if (absl::ConsumePrefix(&rest, "unix:")) return ParseUnix(text, rest);
  absl::ConsumePrefix(&rest, "tcp://");
  Address address;
  size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos) return Bad(text, "it has no port");
  absl::string_view host = rest.substr(0, colon);
  if (!absl::SimpleAtoi(rest.substr(colon + 1), &address.port) ||
      address.port < 0 || address.port > 65535) {
    return Bad(text, "the port must be a number from 0 to 65535");
  }
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || !IsIpv6(std::string(host))) {
      return Bad(text, "what stands in brackets is not an IPv6 address");
    }
  } else if (!IsHostName(host)) {
    return Bad(text, host.empty() ? "it has no host" : "the host is not valid");
  }
  address.host = std::string(host);
  return address;
}

}  // namespace fleet
