// Waits for rollouts as the flags say, and says how they ended.
#ifndef FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_
#define FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/command_context.h"
#include "cli/rollout/rollout_verdict.h"
#include "fleet/v1/app.pb.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// With --no-wait it only says how to follow them. Ctrl-C detaches. With -o
// json or yaml the rollouts, as last seen, go to stdout.
ExitCode FollowRollouts(const CommandContext& context,
                        const std::vector<std::string>& uids);

// The same after an order about one that was under way: tells what happens from
// `rollout` on, as the order left it. `wanted` is what the order was to lead
// to, which is its success.
ExitCode FollowOrdered(const CommandContext& context,
                       const v1::Rollout& rollout, Verdict wanted);

// The rollout's app as its hosts see it now, for a report of a failure;
// nullopt: not to be had.
std::optional<v1::App> AppNow(const CommandContext& context,
                              const v1::Rollout& rollout);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_FOLLOW_ROLLOUTS_H_
