#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"

namespace fleet::cli {
namespace {

absl::Status OrderStop(const CommandContext& context, const ChosenApp& app,
                       size_t count) {
  v1::StopAppRequest request;
  request.set_name(app.name);
  if (app.slot) request.set_slot(*app.slot);
  request.set_hosts(context.line.hosts);
  request.set_request_id(RequestIdOf(context, app.Text(), count));
  return context.client.Call(request).status();
}

}  // namespace

ExitCode RunStop(const CommandContext& context) {
  const auto apps = ResolveInstances(context, context.line.names);
  if (!apps.ok()) return Fail(context, apps.status());
  for (const ChosenApp& app : *apps) {
    const absl::Status stopped = OrderStop(context, app, apps->size());
    if (!stopped.ok()) return Fail(context, stopped);
  }
  return WaitForApps(context, *apps, Stopped());
}

}  // namespace fleet::cli
