#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutAbort(const CommandContext& context) {
  v1::AbortRolloutRequest request;
  request.set_reason(context.line.reason);
  return OrderRollout(context, request,
                      "is aborted; steps in work are finished, hosts stay as "
                      "they are",
                      false);
}

}  // namespace fleet::cli
