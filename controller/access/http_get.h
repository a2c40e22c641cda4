// One small document from a web server.
#ifndef FLEET_CONTROLLER_ACCESS_HTTP_GET_H_
#define FLEET_CONTROLLER_ACCESS_HTTP_GET_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleet::controller {

struct HttpUrl {
  bool tls = false;
  std::string host;  // Without the brackets of an IPv6 address.
  int port = 0;
  std::string path;  // From the slash on, with its query.

  // "localhost", 127.0.0.0/8, ::1.
  bool IsLoopback() const;
};

// "https://HOST[:PORT][/PATH]" or http. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<HttpUrl> ParseHttpUrl(std::string_view text);

struct HttpGetOptions {
  absl::Duration limit = absl::Seconds(10);
  size_t most_bytes = 1 << 20;
  // PEM file of the authority that is trusted; empty: the system's.
  std::string authority = {};
};

// The body of the answer 200 to one GET (RFC 9112). Other answers are errors,
// redirects too: nothing leads elsewhere. Blocks until the limit, longer only
// while the system's resolver does; thread-safe. UNAVAILABLE, or
// RESOURCE_EXHAUSTED for one that is too long; every message names the address.
absl::StatusOr<std::string> HttpGet(const HttpUrl& url,
                                    const HttpGetOptions& options);

// The body in a whole answer; pure. INVALID_ARGUMENT: it is none with 200.
absl::StatusOr<std::string> BodyOfAnswer(std::string_view answer);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_HTTP_GET_H_
