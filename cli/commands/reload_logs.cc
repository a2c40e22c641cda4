#include "cli/commands/commands.h"
#include "cli/commands/log_file_orders.h"

namespace fleet::cli {

ExitCode RunReloadLogs(const CommandContext& context) {
  return OrderLogFiles(context, v1::ReopenLogsRequest(), "opened anew");
}

}  // namespace fleet::cli
