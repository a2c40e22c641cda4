#include "node_agent/host_identity.h"

#include <grpcpp/create_channel.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "fleet/v1/enrollment_service.grpc.pb.h"
#include "proto/rpc/authority_fetch.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/grpc_status.h"
#include "proto/rpc/identity.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "proto/rpc/x509.h"

namespace fleet::agent {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(10);

// Without a certificate of our own: it is what we come for.
absl::StatusOr<std::unique_ptr<v1::EnrollmentService::Stub>> Dial(
    const Address& controller, const std::string& authority) {
  CredentialOptions options;
  options.tls = TlsFiles{authority, "", ""};
  ASSIGN_OR_RETURN(auto credentials,
                   ChannelCredentialsFor(controller, options));
  return v1::EnrollmentService::NewStub(grpc::CreateCustomChannel(
      controller.ToDialTarget(), credentials, ClientChannelArguments()));
}

void Limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoSeconds(kLimit));
}

}  // namespace

HostIdentity::HostIdentity(const std::string& folder)
    : files_{absl::StrCat(folder, "/ca.pem"), absl::StrCat(folder, "/host.pem"),
             absl::StrCat(folder, "/host.key")} {}

absl::StatusOr<HostIdentity> HostIdentity::Open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, absl::StrCat("make folder ", folder));
  }
  HostIdentity identity(folder);
  absl::Status read = identity.ReadCertificateFile();
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  return identity;
}

absl::Status HostIdentity::ReadCertificateFile() {
  ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(files_.certificate));
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(pem);
  if (!facts.ok()) return Annotate(facts.status(), files_.certificate);
  host_ = facts->uris.empty() ? "" : HostOfUri(facts->uris[0]);
  const absl::Duration lifetime = facts->not_after - facts->not_before;
  renew_at_ = facts->not_before + lifetime / 2;
  retry_after_ = std::clamp(lifetime / 100, absl::Seconds(1), absl::Minutes(1));
  return absl::OkStatus();
}

absl::StatusOr<std::string> HostIdentity::MakeRequest() const {
  absl::StatusOr<std::string> key = ReadWholeFile(files_.key);
  if (absl::IsNotFound(key.status())) {
    ASSIGN_OR_RETURN(key, MakePrivateKey());
    RETURN_IF_ERROR(ReplaceFile(files_.key, *key, 0600));
  }
  RETURN_IF_ERROR(key.status());
  return MakeCertificateRequest(*key);
}

absl::Status HostIdentity::Join(const Address& controller,
                                const std::string& token) {
  const std::string pin = PinOfToken(token);
  if (pin.empty()) {
    return absl::InvalidArgumentError(
        "--join: it is not a join token with the pin of the certificate "
        "authority at its end; copy the whole line that `fleetctl token "
        "create --join` printed");
  }
  ASSIGN_OR_RETURN(std::string authority,
                   FetchAuthority(controller, pin, kLimit));
  RETURN_IF_ERROR(ReplaceFile(files_.authority, authority, 0644));
  v1::EnrollHostRequest request;
  request.set_token(token);
  ASSIGN_OR_RETURN(*request.mutable_certificate_request(), MakeRequest());
  ASSIGN_OR_RETURN(auto stub, Dial(controller, files_.authority));
  grpc::ClientContext context;
  Limit(context);
  v1::EnrollHostResponse response;
  RETURN_IF_ERROR(
      FromGrpcStatus(stub->EnrollHost(&context, request, &response)));
  RETURN_IF_ERROR(
      ReplaceFile(files_.certificate, response.certificate(), 0644));
  return ReadCertificateFile();
}

absl::Status HostIdentity::Renew(const Address& controller) {
  v1::RenewCertificateRequest request;
  ASSIGN_OR_RETURN(*request.mutable_certificate(),
                   ReadWholeFile(files_.certificate));
  ASSIGN_OR_RETURN(*request.mutable_certificate_request(), MakeRequest());
  ASSIGN_OR_RETURN(auto stub, Dial(controller, files_.authority));
  grpc::ClientContext context;
  Limit(context);
  v1::RenewCertificateResponse response;
  RETURN_IF_ERROR(
      FromGrpcStatus(stub->RenewCertificate(&context, request, &response)));
  RETURN_IF_ERROR(
      ReplaceFile(files_.certificate, response.certificate(), 0644));
  return ReadCertificateFile();
}

}  // namespace fleet::agent
