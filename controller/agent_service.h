// fleet.v1.AgentService.
#ifndef FLEET_CONTROLLER_AGENT_SERVICE_H_
#define FLEET_CONTROLLER_AGENT_SERVICE_H_

#include "controller/agent_sessions.h"
#include "controller/call_gate.h"
#include "fleet/v1/agent_service.grpc.pb.h"

namespace fleet::controller {

// The wire of the agents' sessions over gRPC. Each stream has one message
// being read, one being written and at most 256 waiting to be written.
class AgentService final : public v1::AgentService::CallbackService {
 public:
  // Both must outlive it and every stream.
  AgentService(CallGate& gate, AgentSessions& sessions)
      : gate_(gate), sessions_(sessions) {}

  grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>* Session(
      grpc::CallbackServerContext* context) override;

 private:
  CallGate& gate_;
  AgentSessions& sessions_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_AGENT_SERVICE_H_
