#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/render/age.h"

namespace fleet::cli {

ExitCode RunVersion(const CommandContext& context) {
  const auto controller = context.client.Call(v1::GetControllerRequest());
  if (controller.ok() && PrintMessage(context, *controller)) {
    return ExitCode::kSuccess;
  }
  context.out << "fleetctl " << FLEET_VERSION << "\n";
  if (!controller.ok()) {
    context.err << "controller: " << controller.status().message() << std::endl;
    return ExitCode::kSuccess;
  }
  context.out << "fleet-controller " << controller->version() << " at "
              << context.client.address() << ", up "
              << AgeText(controller->has_start_time(), controller->start_time(),
                         context.clock.WallNow())
              << ", " << controller->hosts_connected() << " of "
              << controller->hosts_total() << " hosts connected\n";
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
