// Waits for rollouts as the flags say, and says how they ended.
#ifndef FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_
#define FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_

#include <string>
#include <vector>

#include "cli/commands/command_context.h"

namespace fleet::cli {

// With --no-wait it only says how to follow them. Ctrl-C detaches. With -o
// json or yaml the rollouts, as last seen, go to stdout.
ExitCode FollowRollouts(const CommandContext& context,
                        const std::vector<std::string>& uids);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_
