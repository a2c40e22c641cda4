// The engine's enums → fleet.v1's.
#ifndef FLEET_CONTROLLER_ROLLOUT_ENUM_PROTO_H_
#define FLEET_CONTROLLER_ROLLOUT_ENUM_PROTO_H_

#include "absl/status/statusor.h"
#include "controller/rollout/rollout.h"
#include "fleet/v1/rollout.pb.h"
#include "proto/rpc/failure_kind_proto.h"

namespace fleet::controller {

v1::RolloutKind ToProto(RolloutKind kind);
v1::RolloutPhase ToProto(RolloutPhase phase);
v1::HoldKind ToProto(HoldKind kind);
v1::HostStepPhase ToProto(HostStepPhase phase);
v1::StepPhase ToProto(StepReportPhase phase);
v1::SkipReason ToProto(SkipReason reason);
v1::GateVerdict ToProto(GateVerdict verdict);
v1::HookPhase ToProto(HookPhase phase);

// One that CreateRollout takes; INVALID_ARGUMENT.
absl::StatusOr<RolloutKind> KindFromProto(v1::RolloutKind kind);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ENUM_PROTO_H_
