#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutResume(const CommandContext& context) {
  return OrderRollout(context, v1::ResumeRolloutRequest(), "goes on", true);
}

}  // namespace fleet::cli
