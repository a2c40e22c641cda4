// What to type when another rollout is in the way.
#ifndef FLEET_CLI_COMMANDS_EXPLAIN_CONFLICT_H_
#define FLEET_CLI_COMMANDS_EXPLAIN_CONFLICT_H_

#include "absl/status/status.h"

namespace fleet::cli {

// The same status; ROLLOUT_IN_PROGRESS gets the commands that help.
absl::Status ExplainConflict(const absl::Status& status);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_EXPLAIN_CONFLICT_H_
