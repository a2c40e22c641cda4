#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunCordon(const CommandContext& context) {
  v1::CordonHostRequest request;
  request.set_name(context.line.names[0]);
  request.set_reason(context.line.reason);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  context.err << response->host().name()
              << " is cordoned: no rollout and no new app comes to it, what "
                 "runs goes on; fleetctl uncordon "
              << response->host().name() << " ends that" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
