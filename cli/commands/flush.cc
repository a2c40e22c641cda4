#include "cli/commands/commands.h"
#include "cli/commands/log_file_orders.h"

namespace fleet::cli {

ExitCode RunFlush(const CommandContext& context) {
  return OrderLogFiles(context, v1::FlushLogsRequest(), "emptied");
}

}  // namespace fleet::cli
