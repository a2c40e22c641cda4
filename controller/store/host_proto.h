// HostRecord ↔ fleet.v1.Host.
#ifndef FLEET_CONTROLLER_STORE_HOST_PROTO_H_
#define FLEET_CONTROLLER_STORE_HOST_PROTO_H_

#include "controller/host_record.h"
#include "fleet/v1/host.pb.h"

namespace fleet::controller {

// What the agent said of itself; all other fields are unset.
v1::Host ToProto(const HostRecord& host);
// last_seen is unset.
HostRecord FromProto(const v1::Host& host);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_STORE_HOST_PROTO_H_
