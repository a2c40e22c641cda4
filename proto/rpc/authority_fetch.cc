#include "proto/rpc/authority_fetch.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"
#include "proto/rpc/x509.h"

namespace fleet {
namespace {

constexpr size_t kPinDigits = 64;
constexpr unsigned char kAlpn[] = {2, 'h', '2'};

struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void Reset(int fd) {
    Close();
    fd_ = fd;
  }
  int fd() const { return fd_; }

 private:
  void Close() {
    if (fd_ >= 0) close(fd_);
  }
  int fd_;
};

absl::Status Unreachable(const Address& address, std::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot reach the controller at ",
                                             address.ToString(), ": ",
                                             ToAbsl(why)));
}

void LimitWaits(int fd, absl::Duration limit) {
  const timeval time = absl::ToTimeval(limit);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

absl::Status Connect(const Address& address, absl::Duration limit,
                     Socket& socket_out) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int found = getaddrinfo(
      address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &list);
  if (found != 0) return Unreachable(address, gai_strerror(found));
  std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  int error = ECONNREFUSED;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    socket_out.Reset(
        socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, a->ai_protocol));
    LimitWaits(socket_out.fd(), limit);
    if (connect(socket_out.fd(), a->ai_addr, a->ai_addrlen) == 0) {
      return absl::OkStatus();
    }
    error = errno;
  }
  return Unreachable(address,
                     std::string(ErrnoStatus(error, "connect").message()));
}

// The certificate in the chain that has the pin; "" when there is none.
std::string FindPinned(SSL& tls, std::string_view pin) {
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(&tls);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509& certificate = *sk_X509_value(chain, i);
    const CertificateFacts facts = FactsOf(certificate);
    if (facts.authority && facts.fingerprint == pin) return ToPem(certificate);
  }
  return "";
}

}  // namespace

std::string PinOfToken(std::string_view token) {
  const size_t last = token.rfind('_');
  if (last == std::string_view::npos) return "";
  const std::string_view pin = token.substr(last + 1);
  const bool digits = std::all_of(pin.begin(), pin.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  return pin.size() == kPinDigits && digits ? std::string(pin) : "";
}

absl::StatusOr<std::string> FetchAuthority(const Address& address,
                                           std::string_view pin,
                                           absl::Duration limit) {
  Socket socket(-1);
  RETURN_IF_ERROR(Connect(address, limit, socket));
  std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof kAlpn);
  std::unique_ptr<SSL, FreeTls> tls(SSL_new(context.get()));
  SSL_set_fd(tls.get(), socket.fd());
  if (SSL_connect(tls.get()) != 1) {
    ERR_clear_error();
    return Unreachable(address, "it does not speak TLS 1.3");
  }
  std::string pem = FindPinned(*tls, pin);
  if (!pem.empty()) return pem;
  return absl::PermissionDeniedError(absl::StrCat(
      "the controller at ", address.ToString(),
      " has another certificate authority than the token says: it is another "
      "controller, or somebody is in between. Nothing was sent to it"));
}

}  // namespace fleet
