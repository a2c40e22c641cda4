#include "controller/enrollment_service.h"

#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr char kEnroll[] = "/fleet.v1.EnrollmentService/EnrollHost";
constexpr char kRenew[] = "/fleet.v1.EnrollmentService/RenewCertificate";

}  // namespace

absl::Status EnrollmentService::Admit() {
  if (rate_.Admit(gate_.loop().clock().Now())) return absl::OkStatus();
  return absl::UnavailableError(
      "more than 200 hosts a second want a certificate; try again in a second");
}

absl::Status EnrollmentService::Enroll(const v1::EnrollHostRequest& request,
                                       const std::string& peer,
                                       v1::EnrollHostResponse& response) {
  RETURN_IF_ERROR(Admit());
  ASSIGN_OR_RETURN(TokenRecord token,
                   tokens_.Recognise(request.token(), TokenKind::kJoin, peer));
  ASSIGN_OR_RETURN(HostCertificates::Issued issued,
                   certificates_.Enroll(token, request.certificate_request()));
  spdlog::info("host {} enrolled peer=\"{}\" token={}", issued.host, peer,
               token.id);
  response.set_certificate(issued.pem);
  response.set_authority(certificates_.authority()->pem());
  response.set_host(issued.host);
  *response.mutable_expire_time() = ToProtoTimestamp(issued.expire_time);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* EnrollmentService::EnrollHost(
    grpc::CallbackServerContext* context, const v1::EnrollHostRequest* request,
    v1::EnrollHostResponse* response) {
  return gate_.Unary(
      context, kEnroll, Effect::kChange, *request,
      [=, this](const Identity& caller) {
        return Enroll(*request, caller.peer, *response);
      },
      response);
}

absl::Status EnrollmentService::Renew(
    const v1::RenewCertificateRequest& request,
    v1::RenewCertificateResponse& response) {
  RETURN_IF_ERROR(Admit());
  ASSIGN_OR_RETURN(HostCertificates::Issued issued,
                   certificates_.Renew(request.certificate(),
                                       request.certificate_request()));
  spdlog::info("host {} has a new certificate", issued.host);
  response.set_certificate(issued.pem);
  response.set_authority(certificates_.authority()->pem());
  response.set_host(issued.host);
  *response.mutable_expire_time() = ToProtoTimestamp(issued.expire_time);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* EnrollmentService::RenewCertificate(
    grpc::CallbackServerContext* context,
    const v1::RenewCertificateRequest* request,
    v1::RenewCertificateResponse* response) {
  return gate_.Unary(
      context, kRenew, Effect::kChange, *request,
      [=, this](const Identity&) { return Renew(*request, *response); },
      response);
}

}  // namespace fleet::controller
