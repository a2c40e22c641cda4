#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutPromote(const CommandContext& context) {
  v1::PromoteRolloutRequest request;
  request.set_now(context.line.now);
  return OrderRollout(context, request, "is promoted", true);
}

}  // namespace fleet::cli
