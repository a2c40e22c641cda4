// fleet.v1.LogService.
#ifndef FLEET_CONTROLLER_LOG_SERVICE_H_
#define FLEET_CONTROLLER_LOG_SERVICE_H_

#include "controller/call_gate.h"
#include "controller/log_tails.h"
#include "fleet/v1/log_service.grpc.pb.h"

namespace fleet::controller {

// An adapter: one stream per reader. What a slow reader leaves is bounded by
// LogTail.
class LogService final : public v1::LogService::CallbackService {
 public:
  // Both must outlive it and every stream.
  LogService(CallGate& gate, LogTails& tails) : gate_(gate), tails_(tails) {}

  grpc::ServerWriteReactor<v1::TailLogsResponse>* TailLogs(
      grpc::CallbackServerContext* context,
      const v1::TailLogsRequest* request) override;

 private:
  CallGate& gate_;
  LogTails& tails_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_LOG_SERVICE_H_
