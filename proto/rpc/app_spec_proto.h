// AppSpec ↔ fleet.v1.AppSpec.
#ifndef FLEET_PROTO_RPC_APP_SPEC_PROTO_H_
#define FLEET_PROTO_RPC_APP_SPEC_PROTO_H_

#include "fleet/v1/app.pb.h"
#include "proto/rpc/app_spec.h"
#include "proto/rpc/rollout_policy_proto.h"

namespace fleet {

// Every field is written out, so that the reader needs no defaults. Of a
// rollout policy, what is unset stays unset.
v1::AppSpec ToProto(const AppSpec& spec);

// What the sender left out gets its default (those of the struct, then
// ApplyDefaults), so that a client may send a sparse spec. Never fails;
// ValidateAppSpec judges the result.
AppSpec FromProto(const v1::AppSpec& spec);

v1::ReloadStrategy ToProto(ReloadStrategy strategy);
ReloadStrategy FromProto(v1::ReloadStrategy strategy);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_SPEC_PROTO_H_
