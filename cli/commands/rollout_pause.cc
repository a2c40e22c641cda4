#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutPause(const CommandContext& context) {
  v1::PauseRolloutRequest request;
  request.set_reason(context.line.reason);
  return OrderRollout(context, request, "is paused", false);
}

}  // namespace fleet::cli
