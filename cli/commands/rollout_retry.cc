#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutRetry(const CommandContext& context) {
  return OrderRollout(context, v1::RetryRolloutRequest(),
                      "tries the failed hosts again", true);
}

}  // namespace fleet::cli
