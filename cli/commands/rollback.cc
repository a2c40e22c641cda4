#include "cli/commands/commands.h"
#include "cli/commands/roll_apps.h"

namespace fleet::cli {

ExitCode RunRollback(const CommandContext& context) {
  return RollApps(context, v1::ROLLOUT_KIND_ROLLBACK);
}

}  // namespace fleet::cli
