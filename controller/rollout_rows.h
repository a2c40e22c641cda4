// The engine's values ↔ the store's rows.
#ifndef FLEET_CONTROLLER_ROLLOUT_ROWS_H_
#define FLEET_CONTROLLER_ROLLOUT_ROWS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/rollout/rollout.h"
#include "controller/rollout_ports.h"

namespace fleet::controller {

// A rollout without its steps, and how many of them are done.
struct RolloutSummary {
  Rollout rollout;
  int hosts_done = 0;
  int hosts_total = 0;
};

// Bodies are JSON objects. Fields that are not known are ignored and those
// that are missing have their defaults, so that versions can follow each
// other; a body that is not such an object is DATA_LOSS.
//
// `now` is steady time: the clock of a rollout is stored as what it shows, and
// comes back standing.
RolloutRow ToRow(const RolloutSummary& summary, absl::Time now);
RolloutStepRow ToRow(const std::string& uid, size_t index,
                     const HostStep& step);
RolloutEventRow ToRow(const std::string& uid, const RolloutEvent& event);

absl::StatusOr<RolloutSummary> FromRow(const RolloutRow& row);
absl::StatusOr<HostStep> FromRow(const RolloutStepRow& row);
absl::StatusOr<RolloutEvent> FromRow(const RolloutEventRow& row);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ROLLOUT_ROWS_H_
