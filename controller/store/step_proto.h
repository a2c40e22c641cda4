// StepPolicy ↔ fleet.v1.StepPolicy, HookOrder ↔ fleet.v1.OnceHook.
#ifndef FLEET_CONTROLLER_STORE_STEP_PROTO_H_
#define FLEET_CONTROLLER_STORE_STEP_PROTO_H_

#include <string>

#include "controller/host_target.h"
#include "fleet/v1/agent_service.pb.h"

namespace fleet::controller {

v1::StepPolicy ToProto(const StepPolicy& policy);
StepPolicy FromProto(const v1::StepPolicy& step);

// Without the spec.
v1::OnceHook ToProto(const HookOrder& order);
HookOrder FromProto(const std::string& host, const v1::OnceHook& hook);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_STEP_PROTO_H_
