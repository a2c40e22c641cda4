// RolloutPolicySpec ↔ fleet.v1.RolloutPolicy.
#ifndef FLEET_PROTO_RPC_ROLLOUT_POLICY_PROTO_H_
#define FLEET_PROTO_RPC_ROLLOUT_POLICY_PROTO_H_

#include "fleet/v1/app.pb.h"
#include "proto/rpc/rollout_policy.h"

namespace fleet {

// What is unset stays unset. Never fails; CheckRolloutPolicy judges.
v1::RolloutPolicy ToProto(const RolloutPolicySpec& policy);
RolloutPolicySpec FromProto(const v1::RolloutPolicy& policy);

v1::Hook ToProto(const Hook& hook);
Hook FromProto(const v1::Hook& hook);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_ROLLOUT_POLICY_PROTO_H_
