#include "proto/rpc/credentials.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/rpc/status.h"

namespace fleet {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
constexpr int kKeepaliveMillis = 10'000;
constexpr int kKeepaliveTimeoutMillis = 5'000;
// Below what clients send, with room for their jitter.
constexpr int kMinPingIntervalMillis = 4'000;
// How often a program looks whether its certificate was replaced.
constexpr unsigned int kRefreshSeconds = 1;

// What somebody may cost who has only just connected, or says nothing. Agents
// keep a stream open; other clients connect again when they have a call.
constexpr int kHandshakeMillis = 20'000;
constexpr int kIdleMillis = 120'000;
// Calls at once in one connection.
constexpr int kMaxStreams = 256;
// What gRPC may allocate for all connections together; near it, it refuses new
// ones and ends idle ones.
constexpr size_t kMaxServerBytes = size_t{2} << 30;

using grpc::experimental::FileWatcherCertificateProvider;

// gRPC offers no setting for the least version of TLS, only one for the cipher
// suites of TLS 1.2 and below: none that works without a shared key, which
// nobody has. TLS 1.3 has suites of its own, which this does not touch.
void AllowTls13Only() {
  setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", /*overwrite=*/1);
}

std::shared_ptr<FileWatcherCertificateProvider> Watch(const TlsFiles& files) {
  AllowTls13Only();
  if (files.key.empty()) {
    return std::make_shared<FileWatcherCertificateProvider>(files.authority,
                                                            kRefreshSeconds);
  }
  return std::make_shared<FileWatcherCertificateProvider>(
      files.key, files.certificate, files.authority, kRefreshSeconds);
}

std::shared_ptr<grpc::ServerCredentials> TlsServer(const TlsFiles& files) {
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::experimental::CertificateProviderInterface> Trust(
    const CredentialOptions& options) {
  if (options.tls.has_value()) return Watch(*options.tls);
  AllowTls13Only();
  if (options.key.empty()) {
    return std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
        options.authority);
  }
  return std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
      options.authority, std::vector<grpc::experimental::IdentityKeyCertPair>{
                             {options.key, options.certificate}});
}

std::shared_ptr<grpc::ChannelCredentials> TlsClient(
    const CredentialOptions& options) {
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(Trust(options));
  tls.watch_root_certs();
  const std::string& key =
      options.tls.has_value() ? options.tls->key : options.key;
  if (!key.empty()) tls.watch_identity_key_cert_pairs();
  auto credentials = grpc::experimental::TlsCredentials(tls);
  if (options.token.empty()) return credentials;
  return grpc::CompositeChannelCredentials(
      credentials, grpc::AccessTokenCredentials(options.token));
}

bool IsTcp(const Address& address, const CredentialOptions& options) {
  return address.kind == Address::Kind::kTcp && !options.insecure;
}

// Plaintext is for this machine alone.
absl::Status CheckPlaintext(const Address& address,
                            const CredentialOptions& options) {
  if (address.kind == Address::Kind::kUnix) return absl::OkStatus();
  if (!options.insecure) {
    return absl::FailedPreconditionError(
        absl::StrCat(address.ToString(),
                     ": TCP without encryption is refused; log in or join "
                     "first (fleetctl login, fleet-agent --join), use a Unix "
                     "socket (unix:///PATH), or --insecure on a loopback "
                     "address"));
  }
  if (!address.IsLoopback()) {
    return absl::FailedPreconditionError(absl::StrCat(
        address.ToString(),
        ": --insecure works on loopback addresses only (127.0.0.1, ::1), and "
        "other machines could reach this one"));
  }
  return absl::OkStatus();
}

// DIR/NAME.sock of a DIR below /run that is the socket's owner's: only root
// makes such a folder (a unit's RuntimeDirectory=), so root chose who is there.
bool IsServicesSocket(const std::string& path, uid_t owner) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || !path.starts_with("/run/")) return false;
  const std::string folder = path.substr(0, slash);
  struct stat run;
  struct stat own;
  return folder.rfind('/') == std::string("/run").size() &&
         lstat("/run", &run) == 0 && run.st_uid == 0 &&
         (run.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
         lstat(folder.c_str(), &own) == 0 && S_ISDIR(own.st_mode) &&
         own.st_uid == owner && (own.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// A socket that somebody else put there would read what we send.
absl::Status CheckSocketOwner(const Address& address) {
  struct stat st;
  if (address.kind != Address::Kind::kUnix ||
      stat(address.path.c_str(), &st) != 0) {
    return absl::OkStatus();  // Absent: connecting says so.
  }
  if (st.st_uid == geteuid() || st.st_uid == 0 ||
      IsServicesSocket(address.path, st.st_uid)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat(
      address.path, ": the socket belongs to uid ", st.st_uid,
      ", not to you or root; run as that user, or name another address"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(
    const Address& address, const CredentialOptions& options) {
  if (IsTcp(address, options) && options.tls.has_value()) {
    return TlsServer(*options.tls);
  }
  RETURN_IF_ERROR(CheckPlaintext(address, options));
  return grpc::InsecureServerCredentials();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsFor(
    const Address& address, const CredentialOptions& options) {
  if (IsTcp(address, options) &&
      (options.tls.has_value() || !options.authority.empty())) {
    return TlsClient(options);
  }
  RETURN_IF_ERROR(CheckPlaintext(address, options));
  RETURN_IF_ERROR(CheckSocketOwner(address));
  return grpc::InsecureChannelCredentials();
}

void ApplyServerOptions(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Else a frozen peer stays unnoticed, and honest ones are thrown out.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMillis);
  // Its window would grow with every sender that floods.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             kHandshakeMillis);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMillis);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.SetResourceQuota(
      grpc::ResourceQuota("server").Resize(kMaxServerBytes));
}

grpc::ChannelArguments ClientChannelArguments() {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(kMaxMessageBytes);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Without TLS nobody looks at it.
  args.SetSslTargetNameOverride(kControllerName);
  return args;
}

}  // namespace fleet
