#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunStop(const CommandContext& context) {
  const auto apps = ResolveAppNames(context, context.line.names);
  if (!apps.ok()) return Fail(context, apps.status());
  for (const std::string& app : *apps) {
    v1::StopAppRequest request;
    request.set_name(app);
    request.set_hosts(context.line.hosts);
    request.set_request_id(RequestIdOf(context, app, apps->size()));
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
  }
  return WaitForApps(context, *apps, LacksStop, "stopped");
}

}  // namespace fleet::cli
