// fleet.v1.AccessService.
#ifndef FLEET_CONTROLLER_ACCESS_SERVICE_H_
#define FLEET_CONTROLLER_ACCESS_SERVICE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "controller/access/host_certificates.h"
#include "controller/access/token_registry.h"
#include "controller/access/trusted_issuers.h"
#include "controller/admission_rate.h"
#include "controller/call_gate.h"
#include "fleet/v1/access_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop.
// Makes 10 tokens a second on average, 100 at once: each is a transaction, and
// a stolen token of an admin is not to fill the list of those that are valid.
class AccessService final : public v1::AccessService::CallbackService {
 public:
  // Ends the session of a host whose certificates are revoked.
  using CutHost = std::function<void(const std::string& host)>;

  // All must outlive it; `issuers` may be null: no other issuer is trusted.
  AccessService(CallGate& gate, TokenRegistry& tokens,
                HostCertificates& certificates, const TrustedIssuers* issuers,
                CutHost cut)
      : gate_(gate),
        tokens_(tokens),
        certificates_(certificates),
        issuers_(issuers),
        cut_(std::move(cut)) {}

  grpc::ServerUnaryReactor* CreateToken(
      grpc::CallbackServerContext* context,
      const v1::CreateTokenRequest* request,
      v1::CreateTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListTokens(
      grpc::CallbackServerContext* context,
      const v1::ListTokensRequest* request,
      v1::ListTokensResponse* response) override;
  grpc::ServerUnaryReactor* RevokeToken(
      grpc::CallbackServerContext* context,
      const v1::RevokeTokenRequest* request,
      v1::RevokeTokenResponse* response) override;
  grpc::ServerUnaryReactor* RevokeHost(
      grpc::CallbackServerContext* context,
      const v1::RevokeHostRequest* request,
      v1::RevokeHostResponse* response) override;
  grpc::ServerUnaryReactor* GetCaller(grpc::CallbackServerContext* context,
                                      const v1::GetCallerRequest* request,
                                      v1::GetCallerResponse* response) override;

 private:
  absl::Status Create(const v1::CreateTokenRequest& request,
                      const std::string& actor,
                      v1::CreateTokenResponse& response);
  absl::Status Certify(TokenRecord wanted,
                       const v1::CreateTokenRequest& request,
                       v1::CreateTokenResponse& response);
  absl::StatusOr<int> Revoke(const v1::RevokeTokenRequest& request,
                             const std::string& actor);
  v1::Token ToProto(const TokenRecord& record) const;

  CallGate& gate_;
  TokenRegistry& tokens_;
  HostCertificates& certificates_;
  const TrustedIssuers* const issuers_;
  const CutHost cut_;
  AdmissionRate rate_{10, 100};  // Loop thread only.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_SERVICE_H_
