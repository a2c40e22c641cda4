// Role ↔ fleet.v1.
#ifndef FLEET_PROTO_RPC_ROLE_PROTO_H_
#define FLEET_PROTO_RPC_ROLE_PROTO_H_

#include "fleet/v1/permission.pb.h"
#include "proto/rpc/role.h"

namespace fleet {

// kNone is ROLE_UNSPECIFIED, and so is a role that this version does not know.
v1::Role ToProto(Role role);
Role FromProto(v1::Role role);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_ROLE_PROTO_H_
