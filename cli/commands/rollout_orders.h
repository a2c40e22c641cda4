// What pause, resume, abort and retry have in common.
#ifndef FLEET_CLI_COMMANDS_ROLLOUT_ORDERS_H_
#define FLEET_CLI_COMMANDS_ROLLOUT_ORDERS_H_

#include <string>
#include <string_view>

#include "cli/commands/command_context.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/rollout/rollout_words.h"
#include "fleet/v1/rollout.pb.h"

namespace fleet::cli {

// Says on stderr how the rollout stands after an order, or gives it to a
// program.
inline void PrintOrdered(const CommandContext& context,
                         const v1::Rollout& rollout, std::string_view done) {
  if (PrintMessage(context, rollout)) return;
  context.err << KindText(rollout.kind()) << " of " << rollout.app() << " ("
              << rollout.uid() << ") " << done << ": "
              << CountsText(CountHosts(rollout)) << std::endl;
}

// What an order has not changed.
inline std::string StaysPaused(const v1::Rollout& rollout) {
  const v1::Hold* pause = FindHold(rollout, v1::HOLD_KIND_USER);
  return pause == nullptr ? "" : " (and stays paused: " + pause->reason() + ")";
}

// What to type after an order that is not followed.
inline void PrintNext(const CommandContext& context,
                      const v1::Rollout& rollout) {
  if (context.line.output == OutputFormat::kJson ||
      context.line.output == OutputFormat::kYaml || rollout.has_end_time()) {
    return;
  }
  const std::string help = HoldHelp(rollout);
  context.err << "  "
              << (help.empty() ? "fleetctl rollout status " + rollout.uid() +
                                     " --wait    follows it"
                               : help)
              << std::endl;
}

// Sends a request that is just a rollout's name (and perhaps a reason).
template <typename Request>
ExitCode OrderRollout(const CommandContext& context, Request request,
                      std::string_view done, bool follow) {
  request.set_name(context.line.names[0]);
  request.set_etag(context.line.etag);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  const v1::Rollout& rollout = response->rollout();
  if (follow && context.line.wait) {
    return FollowOrdered(context, rollout, Verdict::kSucceeded);
  }
  PrintOrdered(context, rollout,
               std::string(done) + (follow ? StaysPaused(rollout) : ""));
  PrintNext(context, rollout);
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_ROLLOUT_ORDERS_H_
