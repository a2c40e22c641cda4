// fleet.v1.AuditService.
#ifndef FLEET_CONTROLLER_AUDIT_SERVICE_H_
#define FLEET_CONTROLLER_AUDIT_SERVICE_H_

#include "absl/status/status.h"
#include "controller/access/audit_log.h"
#include "controller/call_gate.h"
#include "fleet/v1/audit_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: its methods run on gRPC's threads and post to the gate's loop.
class AuditService final : public v1::AuditService::CallbackService {
 public:
  // Both outlive it.
  AuditService(CallGate& gate, AuditLog& log) : gate_(gate), log_(log) {}

  grpc::ServerUnaryReactor* ListAuditRecords(
      grpc::CallbackServerContext* context,
      const v1::ListAuditRecordsRequest* request,
      v1::ListAuditRecordsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyAudit(
      grpc::CallbackServerContext* context,
      const v1::VerifyAuditRequest* request,
      v1::VerifyAuditResponse* response) override;

 private:
  absl::Status List(const v1::ListAuditRecordsRequest& request,
                    v1::ListAuditRecordsResponse& response);
  absl::Status Verify(v1::VerifyAuditResponse& response);

  CallGate& gate_;
  AuditLog& log_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_AUDIT_SERVICE_H_
