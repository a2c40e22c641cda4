#include "controller/access/http_get.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;
// Of an answer beside its body.
constexpr size_t kMostHeadBytes = 64 << 10;
constexpr char kHeadEnd[] = "\r\n\r\n";

struct FreeConnection {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

absl::Status NotHttp(std::string_view what) {
  return absl::InvalidArgumentError(ToAbsl(what));
}

// Waits no longer than until `end`, whoever sends a byte a second.
class Connection {
 public:
  Connection(const HttpUrl& url, const HttpGetOptions& options)
      : url_(url), options_(options), end_(absl::Now() + options.limit) {}
  ~Connection() {
    tls_.reset();
    if (fd_ >= 0) close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Open() {
    RETURN_IF_ERROR(Connect());
    return url_.tls ? Encrypt() : absl::OkStatus();
  }

  absl::Status Write(const std::string& text) {
    RETURN_IF_ERROR(LimitWaits());
    const auto size = static_cast<ssize_t>(text.size());
    const ssize_t written =
        tls_ != nullptr
            ? SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
            : send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    return written == size ? absl::OkStatus() : Failed("it does not read");
  }

  // Until the other side ends.
  absl::StatusOr<std::string> ReadAll() {
    std::string all;
    std::array<char, 16 << 10> piece;
    for (;;) {
      RETURN_IF_ERROR(LimitWaits());
      const ssize_t size =
          tls_ != nullptr ? SSL_read(tls_.get(), piece.data(), piece.size())
                          : recv(fd_, piece.data(), piece.size(), 0);
      if (size == 0 || (size < 0 && Ended(static_cast<int>(size)))) return all;
      if (size < 0) return Failed("it did not answer in time");
      all.append(piece.data(), static_cast<size_t>(size));
      if (all.size() > options_.most_bytes + kMostHeadBytes) {
        return absl::ResourceExhaustedError(
            absl::StrCat(url_.host, url_.path, ": the answer has more than ",
                         options_.most_bytes, " bytes"));
      }
    }
  }

 private:
  absl::Status Failed(std::string_view why) const {
    return absl::UnavailableError(
        absl::StrCat(url_.host, ":", url_.port, url_.path, ": ", ToAbsl(why)));
  }

  absl::Status LimitWaits() const {
    const absl::Duration left = end_ - absl::Now();
    if (left <= absl::ZeroDuration()) return Failed("it takes too long");
    const timeval time = absl::ToTimeval(std::max(left, absl::Milliseconds(1)));
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    return absl::OkStatus();
  }

  absl::Status Connect() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int found = getaddrinfo(
        url_.host.c_str(), absl::StrCat(url_.port).c_str(), &hints, &list);
    if (found != 0) return Failed(gai_strerror(found));
    const std::unique_ptr<addrinfo, FreeConnection> addresses(list);
    int error = ECONNREFUSED;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
      if (fd_ >= 0) close(fd_);
      fd_ = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, a->ai_protocol);
      RETURN_IF_ERROR(LimitWaits());
      if (connect(fd_, a->ai_addr, a->ai_addrlen) == 0) return absl::OkStatus();
      error = errno;
    }
    return Failed(ToStd(ErrnoStatus(error, "connect").message()));
  }

  absl::Status Encrypt() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const int trusted = options_.authority.empty()
                            ? SSL_CTX_set_default_verify_paths(context_.get())
                            : SSL_CTX_load_verify_file(
                                  context_.get(), options_.authority.c_str());
    if (trusted != 1) return Refused("no authority to trust could be read");
    tls_.reset(SSL_new(context_.get()));
    SSL_set_tlsext_host_name(tls_.get(), url_.host.c_str());
    // A host that is an address stands in the certificate as such.
    X509_VERIFY_PARAM* param = SSL_get0_param(tls_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(param, url_.host.c_str()) != 1) {
      SSL_set1_host(tls_.get(), url_.host.c_str());
    }
    SSL_set_fd(tls_.get(), fd_);
    RETURN_IF_ERROR(LimitWaits());
    if (SSL_connect(tls_.get()) == 1) return absl::OkStatus();
    const long verdict = SSL_get_verify_result(tls_.get());
    return Refused(verdict == X509_V_OK
                       ? "it does not speak TLS 1.2 or 1.3"
                       : X509_verify_cert_error_string(verdict));
  }

  absl::Status Refused(std::string_view why) const {
    ERR_clear_error();
    return Failed(why);
  }

  // A TLS peer that just closes the connection has ended, too: how long a body
  // is, is said in its head.
  bool Ended(int result) const {
    if (tls_ == nullptr) return false;
    const int error = SSL_get_error(tls_.get(), result);
    const bool eof =
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    ERR_clear_error();
    return error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SSL && eof);
  }

  const HttpUrl& url_;
  const HttpGetOptions& options_;
  const absl::Time end_;
  int fd_ = -1;
  std::unique_ptr<SSL_CTX, FreeConnection> context_;
  std::unique_ptr<SSL, FreeConnection> tls_;
};

// The chunks of RFC 9112, 7.1; trailers are left out.
absl::StatusOr<std::string> Unchunk(absl::string_view chunks) {
  std::string body;
  for (;;) {
    const size_t line = chunks.find("\r\n");
    if (line == chunks.npos) return NotHttp("a chunk is cut short");
    const absl::string_view text = chunks.substr(0, line);
    uint64_t size = 0;
    if (!absl::SimpleHexAtoi(
            absl::StripAsciiWhitespace(text.substr(0, text.find(';'))),
            &size)) {
      return NotHttp("a chunk has no length");
    }
    chunks.remove_prefix(line + 2);
    if (size == 0) return body;
    if (chunks.size() < size || chunks.size() - size < 2) {
      return NotHttp("a chunk is cut short");
    }
    absl::StrAppend(&body, chunks.substr(0, size));
    chunks.remove_prefix(size + 2);
  }
}

struct Head {
  bool chunked = false;
  std::optional<uint64_t> length;
};

Head ReadHead(absl::string_view text) {
  Head head;
  for (absl::string_view line : absl::StrSplit(text, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view value = absl::StripAsciiWhitespace(field.second);
    uint64_t length = 0;
    if (absl::EqualsIgnoreCase(field.first, "transfer-encoding")) {
      head.chunked = absl::EqualsIgnoreCase(value, "chunked");
    } else if (absl::EqualsIgnoreCase(field.first, "content-length") &&
               absl::SimpleAtoi(value, &length)) {
      head.length = length;
    }
  }
  return head;
}

}  // namespace

bool HttpUrl::IsLoopback() const {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  return host == "localhost" || host == "::1";
}

absl::StatusOr<HttpUrl> ParseHttpUrl(std::string_view text) {
  absl::string_view rest = ToAbsl(text);
  HttpUrl url;
  url.tls = absl::ConsumePrefix(&rest, "https://");
  if (!url.tls && !absl::ConsumePrefix(&rest, "http://")) {
    return NotHttp("must be an absolute path, or begin with https://");
  }
  const bool plain = std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c);
  });
  const size_t slash = rest.find('/');
  url.path = slash == rest.npos ? "/" : std::string(rest.substr(slash));
  absl::string_view place = rest.substr(0, slash);
  if (!plain || place.find('@') != place.npos) {
    return NotHttp("must be https://HOST[:PORT][/PATH]");
  }
  url.port = url.tls ? kHttpsPort : kHttpPort;
  const size_t colon = place.rfind(':');
  const size_t bracket = place.rfind(']');
  if (colon != place.npos && (bracket == place.npos || colon > bracket)) {
    if (!absl::SimpleAtoi(place.substr(colon + 1), &url.port) || url.port < 1 ||
        url.port > 65535) {
      return NotHttp("its port is not 1 to 65535");
    }
    place = place.substr(0, colon);
  }
  if (absl::ConsumePrefix(&place, "[")) absl::ConsumeSuffix(&place, "]");
  url.host = std::string(place);
  if (url.host.empty()) return NotHttp("it names no host");
  return url;
}

absl::StatusOr<std::string> BodyOfAnswer(std::string_view answer) {
  const absl::string_view text = ToAbsl(answer);
  const size_t end = text.find(kHeadEnd);
  if (!absl::StartsWith(text, "HTTP/1.") || end == text.npos) {
    return NotHttp("it is no answer of HTTP/1");
  }
  const absl::string_view status = text.substr(9, 3);
  if (status != "200") {
    return NotHttp(absl::StrCat("the answer is ", status, ", not 200"));
  }
  const Head head = ReadHead(text.substr(0, end));
  const absl::string_view body = text.substr(end + sizeof kHeadEnd - 1);
  if (head.chunked) return Unchunk(body);
  if (!head.length.has_value()) return std::string(body);
  if (body.size() < *head.length) return NotHttp("the answer is cut short");
  return std::string(body.substr(0, *head.length));
}

absl::StatusOr<std::string> HttpGet(const HttpUrl& url,
                                    const HttpGetOptions& options) {
  Connection connection(url, options);
  RETURN_IF_ERROR(connection.Open());
  const bool brackets = url.host.find(':') != std::string::npos;
  RETURN_IF_ERROR(connection.Write(absl::StrCat(
      "GET ", url.path, " HTTP/1.1\r\nHost: ", brackets ? "[" : "", url.host,
      brackets ? "]" : "", ":", url.port,
      "\r\nAccept: application/json\r\nUser-Agent: fleet-controller\r\n"
      "Connection: close\r\n\r\n")));
  ASSIGN_OR_RETURN(const std::string answer, connection.ReadAll());
  absl::StatusOr<std::string> body = BodyOfAnswer(answer);
  if (!body.ok()) {
    return absl::UnavailableError(absl::StrCat(
        url.host, ":", url.port, url.path, ": ", body.status().message()));
  }
  if (body->size() > options.most_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(url.host, url.path, ": the answer has more than ",
                     options.most_bytes, " bytes"));
  }
  return body;
}

}  // namespace fleet::controller
