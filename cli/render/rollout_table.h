// `fleetctl rollout ls`.
#ifndef FLEET_CLI_RENDER_ROLLOUT_TABLE_H_
#define FLEET_CLI_RENDER_ROLLOUT_TABLE_H_

#include <string>

#include "absl/time/time.h"
#include "cli/render/text_style.h"
#include "fleet/v1/rollout_service.pb.h"

namespace fleet::cli {

// A row per rollout. `now` is calendar time.
std::string RolloutTable(const v1::ListRolloutsResponse& rollouts,
                         absl::Time now, const TextStyle& style);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_ROLLOUT_TABLE_H_
