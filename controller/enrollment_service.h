// fleet.v1.EnrollmentService.
#ifndef FLEET_CONTROLLER_ENROLLMENT_SERVICE_H_
#define FLEET_CONTROLLER_ENROLLMENT_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "controller/access/host_certificates.h"
#include "controller/access/token_registry.h"
#include "controller/admission_rate.h"
#include "controller/call_gate.h"
#include "fleet/v1/enrollment_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop.
// Whoever reaches the port may call it, and a signature costs half a
// millisecond: 200 calls a second on average, 400 at once; more are
// UNAVAILABLE, and the agents come again.
class EnrollmentService final : public v1::EnrollmentService::CallbackService {
 public:
  // All must outlive it.
  EnrollmentService(CallGate& gate, TokenRegistry& tokens,
                    HostCertificates& certificates)
      : gate_(gate), tokens_(tokens), certificates_(certificates) {}

  grpc::ServerUnaryReactor* EnrollHost(
      grpc::CallbackServerContext* context,
      const v1::EnrollHostRequest* request,
      v1::EnrollHostResponse* response) override;
  grpc::ServerUnaryReactor* RenewCertificate(
      grpc::CallbackServerContext* context,
      const v1::RenewCertificateRequest* request,
      v1::RenewCertificateResponse* response) override;

 private:
  absl::Status Admit();
  absl::Status Enroll(const v1::EnrollHostRequest& request,
                      const std::string& peer,
                      v1::EnrollHostResponse& response);
  absl::Status Renew(const v1::RenewCertificateRequest& request,
                     v1::RenewCertificateResponse& response);

  CallGate& gate_;
  TokenRegistry& tokens_;
  HostCertificates& certificates_;
  AdmissionRate rate_{200, 400};  // Loop thread only.
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ENROLLMENT_SERVICE_H_
