#include "controller/access_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/access/token_text.h"
#include "controller/access_proto.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/role_proto.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using Effect = CallGate::Effect;

constexpr char kCreate[] = "/fleet.v1.AccessService/CreateToken";
constexpr char kList[] = "/fleet.v1.AccessService/ListTokens";
constexpr char kRevoke[] = "/fleet.v1.AccessService/RevokeToken";
constexpr char kRevokeHost[] = "/fleet.v1.AccessService/RevokeHost";
constexpr char kCaller[] = "/fleet.v1.AccessService/GetCaller";

void Describe(const Identity& caller, v1::GetCallerResponse& response) {
  response.set_actor(caller.name);
  response.set_role(fleet::ToProto(caller.role));
  response.mutable_apps()->Add(caller.scope.apps.begin(),
                               caller.scope.apps.end());
  response.set_hosts(caller.scope.hosts);
  response.set_token_id(caller.token_id);
  if (caller.expire_time != absl::InfiniteFuture()) {
    *response.mutable_expire_time() = ToProtoTimestamp(caller.expire_time);
  }
}

}  // namespace

v1::Token AccessService::ToProto(const TokenRecord& record) const {
  return controller::ToProto(record, gate_.loop().clock().WallNow());
}

absl::Status AccessService::Create(const v1::CreateTokenRequest& request,
                                   const std::string& actor,
                                   v1::CreateTokenResponse& response) {
  if (!rate_.Admit(gate_.loop().clock().Now())) {
    return absl::ResourceExhaustedError(
        "more than 10 tokens a second are asked for; try again in a moment");
  }
  TokenRecord wanted = FromProto(request.token());
  wanted.created_by = actor;
  if (request.token().kind() == v1::TOKEN_KIND_CERTIFICATE) {
    return Certify(std::move(wanted), request, response);
  }
  ASSIGN_OR_RETURN(
      TokenRegistry::Made made,
      tokens_.Create(std::move(wanted), fleet::FromProto(request.ttl())));
  *response.mutable_token() = ToProto(made.record);
  const CertificateAuthority* authority = certificates_.authority();
  response.set_secret(
      TokenText(made.secret, authority == nullptr ? "" : authority->pin()));
  return absl::OkStatus();
}

absl::Status AccessService::Certify(TokenRecord wanted,
                                    const v1::CreateTokenRequest& request,
                                    v1::CreateTokenResponse& response) {
  const CertificateAuthority* authority = certificates_.authority();
  ASSIGN_OR_RETURN(
      TokenRegistry::Certified made,
      tokens_.Certify(std::move(wanted), fleet::FromProto(request.ttl()),
                      request.certificate_request(), authority));
  *response.mutable_token() = ToProto(made.record);
  response.set_certificate(made.pem);
  response.set_authority(authority->pem());
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AccessService::CreateToken(
    grpc::CallbackServerContext* context, const v1::CreateTokenRequest* request,
    v1::CreateTokenResponse* response) {
  return gate_.Unary(context, kCreate, Effect::kChange, *request,
                     [=, this](const Identity& caller) {
                       return Create(*request, caller.name, *response);
                     });
}

grpc::ServerUnaryReactor* AccessService::ListTokens(
    grpc::CallbackServerContext* context, const v1::ListTokensRequest* request,
    v1::ListTokensResponse* response) {
  return gate_.Unary(context, kList, Effect::kRead, *request,
                     [=, this](const Identity&) {
                       for (const TokenRecord& token :
                            tokens_.List(request->include_ended())) {
                         *response->add_tokens() = ToProto(token);
                       }
                       return absl::OkStatus();
                     });
}

absl::StatusOr<int> AccessService::Revoke(const v1::RevokeTokenRequest& request,
                                          const std::string& actor) {
  // Names of our own have no colon.
  const size_t colon = request.token().find(':');
  if (colon == std::string::npos) {
    if (request.issued_id().empty()) return tokens_.Revoke(request.token());
    return ErrorWithReason(
        absl::StatusCode::kInvalidArgument,
        "issued_id: it is for OIDC tokens, whose token is ISSUER:SUBJECT, or "
        "ISSUER:*",
        {"TOKEN_SPEC_INVALID", {}});
  }
  const std::string issuer = request.token().substr(0, colon);
  if (issuers_ == nullptr || !issuers_->Knows(issuer)) {
    return ErrorWithReason(
        absl::StatusCode::kNotFound,
        absl::StrCat(
            "no issuer ", issuer, " is trusted here; ",
            issuers_ == nullptr
                ? "none is (fleet-controller --issuers FILE)"
                : absl::StrCat("those that are: ",
                               absl::StrJoin(issuers_->Names(), ", "))),
        {"ISSUER_NOT_FOUND", {{"issuer", issuer}}});
  }
  TokenRecord wanted;
  wanted.name = request.token();
  wanted.issued_id = request.issued_id();
  wanted.created_by = actor;
  RETURN_IF_ERROR(tokens_.RevokeIssued(std::move(wanted)).status());
  return 1;
}

grpc::ServerUnaryReactor* AccessService::RevokeToken(
    grpc::CallbackServerContext* context, const v1::RevokeTokenRequest* request,
    v1::RevokeTokenResponse* response) {
  return gate_.Unary(context, kRevoke, Effect::kChange, *request,
                     [=, this](const Identity& caller) -> absl::Status {
                       ASSIGN_OR_RETURN(int count,
                                        Revoke(*request, caller.name));
                       response->set_revoked(count);
                       return absl::OkStatus();
                     });
}

grpc::ServerUnaryReactor* AccessService::RevokeHost(
    grpc::CallbackServerContext* context, const v1::RevokeHostRequest* request,
    v1::RevokeHostResponse* response) {
  return gate_.Unary(context, kRevokeHost, Effect::kChange, *request,
                     [=, this](const Identity&) -> absl::Status {
                       ASSIGN_OR_RETURN(int count,
                                        certificates_.Revoke(request->host()));
                       cut_(request->host());
                       response->set_certificates(count);
                       return absl::OkStatus();
                     });
}

grpc::ServerUnaryReactor* AccessService::GetCaller(
    grpc::CallbackServerContext* context, const v1::GetCallerRequest* request,
    v1::GetCallerResponse* response) {
  return gate_.Unary(context, kCaller, Effect::kRead, *request,
                     [=, this](const Identity& caller) {
                       Describe(caller, *response);
                       const auto* authority = certificates_.authority();
                       if (authority != nullptr) {
                         response->set_authority_pin(authority->pin());
                       }
                       return absl::OkStatus();
                     });
}

}  // namespace fleet::controller
