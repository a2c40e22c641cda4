// Limits and Hardening ↔ fleet.v1. A part of app_spec_proto.h, whose rules
// hold here; of these, what is unset stays unset.
#ifndef FLEET_PROTO_RPC_APP_LIMITS_PROTO_H_
#define FLEET_PROTO_RPC_APP_LIMITS_PROTO_H_

#include "fleet/v1/app.pb.h"
#include "proto/rpc/app_limits.h"

namespace fleet {

v1::Limits ToProto(const Limits& limits);
Limits FromProto(const v1::Limits& limits);

v1::Hardening ToProto(const Hardening& hardening);
Hardening FromProto(const v1::Hardening& hardening);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_APP_LIMITS_PROTO_H_
