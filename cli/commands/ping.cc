#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {

ExitCode RunPing(const CommandContext& context) {
  const absl::Time start = context.clock.Now();
  const auto controller = context.client.Call(v1::GetControllerRequest());
  if (!controller.ok()) return Fail(context, controller.status());
  if (PrintMessage(context, *controller)) return ExitCode::kSuccess;
  context.out << "pong from the controller at " << context.client.address()
              << " (" << controller->version() << ") after "
              << HumanDuration(context.clock.Now() - start) << "; "
              << controller->hosts_connected() << " of "
              << controller->hosts_total() << " hosts connected\n";
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
