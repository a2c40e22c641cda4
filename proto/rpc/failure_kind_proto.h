// FailureKind ↔ fleet.v1.
#ifndef FLEET_PROTO_RPC_FAILURE_KIND_PROTO_H_
#define FLEET_PROTO_RPC_FAILURE_KIND_PROTO_H_

#include "fleet/v1/app.pb.h"
#include "proto/rpc/failure_kind.h"

namespace fleet {

v1::FailureKind ToProto(FailureKind kind);
// What this version does not know is kNone.
FailureKind FromProto(v1::FailureKind kind);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_FAILURE_KIND_PROTO_H_
