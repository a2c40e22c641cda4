#include "cli/commands/commands.h"
#include "cli/commands/instance_orders.h"

namespace fleet::cli {

ExitCode RunReset(const CommandContext& context) {
  return OrderInstances(context, context.line.names, v1::ResetAppRequest(),
                        "count their restarts from 0");
}

}  // namespace fleet::cli
