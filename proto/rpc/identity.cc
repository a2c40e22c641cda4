#include "proto/rpc/identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/server_context.h>
#include <pwd.h>
#include <sys/socket.h>

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/rpc/status.h"
#include "proto/rpc/x509.h"

namespace fleet {
namespace {

constexpr char kHostPrefix[] = "spiffe://fleet/host/";
constexpr char kUserPrefix[] = "spiffe://fleet/user/";
constexpr char kAuthorization[] = "authorization";
constexpr char kBearer[] = "Bearer ";

std::string UserName(uid_t uid) {
  passwd entry;
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return absl::StrCat("uid ", uid);
}

std::string Property(const grpc::AuthContext& context, const char* name) {
  const auto values = context.FindPropertyValues(name);
  return values.empty() ? ""
                        : std::string(values[0].data(), values[0].length());
}

// "ipv4:10.0.0.7:40112" without its family.
std::string AddressOf(std::string_view peer) {
  absl::string_view rest = ToAbsl(peer);
  if (!absl::ConsumePrefix(&rest, "ipv4:")) absl::ConsumePrefix(&rest, "ipv6:");
  return std::string(rest);
}

void ReadTls(const grpc::AuthContext& context, CallCredentials& credentials) {
  Identity& identity = credentials.connection;
  identity.kind = Identity::Kind::kUnidentified;
  identity.name = absl::StrCat("unidentified@", AddressOf(identity.peer));
  const std::string pem = Property(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.empty()) return;
  auto facts = ReadCertificate(pem);
  if (!facts.ok() || facts->uris.size() != 1) return;
  credentials.fingerprint = facts->fingerprint;
  identity.host = HostOfUri(facts->uris[0]);
  identity.user = UserOfUri(facts->uris[0]);
  if (!identity.host.empty()) {
    identity.kind = Identity::Kind::kHost;
    identity.name = absl::StrCat("host ", identity.host);
  } else if (!identity.user.empty()) {
    identity.kind = Identity::Kind::kUser;
    identity.name = absl::StrCat("user ", identity.user);
  }
}

std::string ReadBearer(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto it = metadata.find(kAuthorization);
  if (it == metadata.end()) return "";
  absl::string_view value(it->second.data(), it->second.length());
  return absl::ConsumePrefix(&value, kBearer) ? std::string(value) : "";
}

}  // namespace

std::string HostUri(std::string_view host) {
  return absl::StrCat(kHostPrefix, ToAbsl(host));
}

std::string HostOfUri(std::string_view uri) {
  absl::string_view rest = ToAbsl(uri);
  return absl::ConsumePrefix(&rest, kHostPrefix) ? std::string(rest) : "";
}

std::string UserUri(std::string_view user) {
  return absl::StrCat(kUserPrefix, ToAbsl(user));
}

std::string UserOfUri(std::string_view uri) {
  absl::string_view rest = ToAbsl(uri);
  return absl::ConsumePrefix(&rest, kUserPrefix) ? std::string(rest) : "";
}

CallCredentials CredentialsOf(const grpc::ServerContextBase& context) {
  CallCredentials credentials;
  credentials.connection = IdentityOfPeer(context.peer());
  credentials.bearer = ReadBearer(context);
  const auto auth = context.auth_context();
  if (auth == nullptr) return credentials;
  const std::string kind =
      Property(*auth, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  if (kind == GRPC_SSL_TRANSPORT_SECURITY_TYPE ||
      kind == GRPC_TLS_TRANSPORT_SECURITY_TYPE) {
    ReadTls(*auth, credentials);
  }
  return credentials;
}

Identity IdentityOf(const grpc::ServerContextBase& context) {
  return CredentialsOf(context).connection;
}

Identity IdentityOfPeer(std::string_view peer) {
  absl::string_view rest = ToAbsl(peer);
  Identity identity;
  identity.peer = std::string(peer);
  int fd = -1;
  ucred credentials;
  socklen_t size = sizeof credentials;
  if (absl::ConsumePrefix(&rest, "fd:") && absl::SimpleAtoi(rest, &fd) &&
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    identity.kind = Identity::Kind::kLocalUser;
    identity.name = UserName(credentials.uid);
    identity.peer = absl::StrCat("unix, process ", credentials.pid);
    return identity;
  }
  identity.name = absl::StrCat("anonymous@", AddressOf(peer));
  return identity;
}

}  // namespace fleet
