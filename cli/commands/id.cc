#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"

namespace fleet::cli {

// As PM2 prints it, "[ 0, 3 ]"; nothing fits: "[]".
ExitCode RunId(const CommandContext& context) {
  v1::ListAppsRequest request;
  request.set_omit_specs(true);
  request.set_omit_hosts(true);
  const auto chosen = ResolveAppNames(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  for (const std::string& name : *chosen) request.add_names(name);
  const auto apps = ListAllApps(context.client, request);
  if (!apps.ok()) return Fail(context, apps.status());
  const char* before = "[ ";
  for (const v1::App& app : apps->apps()) {
    context.out << before << app.id();
    before = ", ";
  }
  context.out << " ]\n";
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
