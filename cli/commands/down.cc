#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunDown(const CommandContext& context) {
  if (context.local == nullptr) {
    return FailUsage(context,
                     "down is for this user's fleet on this machine; leave "
                     "out --controller and FLEET_CONTROLLER");
  }
  const auto said = context.local->Down();
  if (!said.ok()) {
    context.err << "fleetctl: " << said.status().message() << std::endl;
    return ExitCode::kError;
  }
  context.err << *said << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
