// fleet.v1.AppTarget → AppTarget.
#ifndef FLEET_NODE_AGENT_TARGET_PROTO_H_
#define FLEET_NODE_AGENT_TARGET_PROTO_H_

#include "fleet/v1/agent_service.pb.h"
#include "node_agent/app_state.h"
#include "proto/rpc/sealed_text.h"

namespace fleet::agent {

// `cores` of this host, for instance counts that depend on them. A spec that is
// not valid gives a target with `spec_error`.
// Secrets are unsealed with `key` (null: there are none); one that is missing
// is a `spec_error` too.
AppTarget FromProto(const v1::AppTarget& target, int cores,
                    const SealingKey* key);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_TARGET_PROTO_H_
