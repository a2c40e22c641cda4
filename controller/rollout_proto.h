// The engine's values → fleet.v1.
#ifndef FLEET_CONTROLLER_ROLLOUT_PROTO_H_
#define FLEET_CONTROLLER_ROLLOUT_PROTO_H_

#include "absl/time/time.h"
#include "controller/rollout/host_view.h"
#include "controller/rollout/rollout.h"
#include "controller/rollout_enum_proto.h"
#include "controller/rollout_reader.h"
#include "controller/rollout_rows.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::controller {

// `now` is steady time.
v1::Rollout ToProto(const Rollout& rollout, absl::Time now);
// Without steps.
v1::Rollout ToProto(const RolloutSummary& summary, absl::Time now);
v1::RolloutEvent ToProto(const RolloutEvent& event);

// Adds what every host waits for, and the app's active rollout (nullptr: there
// is none).
v1::Rollout PlanToProto(const Rollout& rollout, const FleetView& fleet,
                        const Rollout* under_way, absl::Time now);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_PROTO_H_
