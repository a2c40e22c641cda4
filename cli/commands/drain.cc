#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunDrain(const CommandContext& context) {
  v1::DrainHostRequest request;
  request.set_name(context.line.names[0]);
  request.set_reason(context.line.reason);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  context.err << response->host().name()
              << " is drained: its workers stop, and nothing starts there "
                 "until it is uncordoned; fleetctl uncordon "
              << response->host().name() << " ends that" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
