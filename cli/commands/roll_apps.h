// reload and restart: a rollout for each app that is named.
#ifndef FLEET_CLI_COMMANDS_ROLL_APPS_H_
#define FLEET_CLI_COMMANDS_ROLL_APPS_H_

#include "cli/commands/command_context.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// An app whose rollout cannot be made does not keep the others from theirs. A
// file among the names is applied first, as PM2 does; those of its apps that it
// does not change get the rollout.
ExitCode RollApps(const CommandContext& context, v1::RolloutKind kind);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_ROLL_APPS_H_
