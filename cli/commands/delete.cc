#include <map>
#include <memory>
#include <string>

#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunDelete(const CommandContext& context) {
  if (!context.line.hosts.empty() && context.line.hosts != "all") {
    return FailUsage(context,
                     "delete forgets an app on all hosts. To take it off some: "
                     "stop it there\n(fleetctl stop APP --hosts …), or change "
                     "`hosts:` in its file and apply that");
  }
  const auto apps = ResolveAppNames(context, context.line.names);
  if (!apps.ok()) return Fail(context, apps.status());
  for (const std::string& app : *apps) {
    v1::DeleteAppRequest request;
    request.set_name(app);
    request.set_request_id(RequestIdOf(context, app, apps->size()));
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
  }
  // One that has taken the name meanwhile is another.
  auto uids = std::make_shared<std::map<std::string, std::string>>();
  const HostLacks lacks = [uids](const v1::App& app, const v1::HostApp& host) {
    const auto& [name, uid] = *uids->emplace(app.name(), app.uid()).first;
    return app.uid() == uid ? LacksStop(app, host) : "";
  };
  return WaitForApps(context, AsChosen(*apps), {lacks, HostRefusal, "deleted"});
}

}  // namespace fleet::cli
