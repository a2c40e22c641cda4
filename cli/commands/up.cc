#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunUp(const CommandContext& context) {
  if (context.local == nullptr) {
    return FailUsage(context,
                     "up is for this user's fleet on this machine; leave out "
                     "--controller and FLEET_CONTROLLER");
  }
  const auto said = context.local->Up(context.client, context.loop);
  if (!said.ok()) return Fail(context, said.status());
  context.err << (said->empty() ? "your fleet on this machine runs already"
                                : *said)
              << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
