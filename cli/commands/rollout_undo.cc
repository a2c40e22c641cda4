#include "cli/commands/commands.h"
#include "cli/commands/rollout_orders.h"

namespace fleet::cli {

ExitCode RunRolloutUndo(const CommandContext& context) {
  v1::UndoRolloutRequest request;
  request.set_reason(context.line.reason);
  request.set_request_id(context.line.request_id);
  return OrderRollout(context, request, "is turned back", true);
}

}  // namespace fleet::cli
