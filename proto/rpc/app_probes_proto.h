// Readiness and Liveness ↔ fleet.v1. A part of app_spec_proto.h, whose rules
// hold here.
#ifndef FLEET_PROTO_RPC_APP_PROBES_PROTO_H_
#define FLEET_PROTO_RPC_APP_PROBES_PROTO_H_

#include "fleet/v1/app.pb.h"
#include "proto/rpc/app_probes.h"

namespace fleet {

v1::Readiness ToProto(const ReadinessGate& gate);
ReadinessGate FromProto(const v1::Readiness& gate);

v1::Liveness ToProto(const Liveness& liveness);
Liveness FromProto(const v1::Liveness& liveness);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_PROBES_PROTO_H_
