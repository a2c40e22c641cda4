#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunUncordon(const CommandContext& context) {
  v1::UncordonHostRequest request;
  request.set_name(context.line.names[0]);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  context.err << response->host().name()
              << " is back: it gets what it has missed" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
