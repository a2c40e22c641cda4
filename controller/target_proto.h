// HostTarget → fleet.v1.AppTarget.
#ifndef FLEET_CONTROLLER_TARGET_PROTO_H_
#define FLEET_CONTROLLER_TARGET_PROTO_H_

#include "controller/app_record.h"
#include "controller/host_target.h"
#include "fleet/v1/agent_service.pb.h"

namespace fleet::controller {

// `revision` is the target's own; nullptr when it is to be removed, or runs
// nothing yet. `hook_revision` is the one its once_hook is run with; nullptr:
// there is none.
v1::AppTarget ToProto(const HostTarget& target, const Revision* revision,
                      const Revision* hook_revision);

v1::RunState ToProto(RunState state);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_TARGET_PROTO_H_
