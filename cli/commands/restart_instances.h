// Restart and reload of single instances, which are no rollout.
#ifndef FLEET_CLI_COMMANDS_RESTART_INSTANCES_H_
#define FLEET_CLI_COMMANDS_RESTART_INSTANCES_H_

#include <string>
#include <vector>

#include "cli/app_choice.h"
#include "cli/commands/command_context.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {

// Orders it of the hosts and, unless --no-wait says otherwise, waits until each
// has another worker that is available; `done` is what is said then, e.g.
// "restarted". kRolloutFailed when a new worker failed and the old one serves
// on.
ExitCode RestartInstances(const CommandContext& context,
                          const std::vector<ChosenApp>& instances,
                          v1::ReloadStrategy strategy, const std::string& done);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_RESTART_INSTANCES_H_
