#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/app_table.h"

namespace fleet::cli {

ExitCode RunLs(const CommandContext& context) {
  v1::ListAppsRequest request;
  for (const std::string& name : context.line.names) request.add_names(name);
  const auto apps = ListAllApps(context.client, request);
  if (!apps.ok()) {
    const std::string first =
        context.line.names.empty() ? "" : context.line.names[0];
    return Fail(context, SuggestApp(context.client, first, apps.status()));
  }
  if (PrintMessage(context, *apps)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    for (const v1::App& app : apps->apps()) context.out << app.name() << "\n";
    return ExitCode::kSuccess;
  }
  if (apps->apps_size() == 0) {
    context.err << "no apps; start one with: fleetctl start FILE|SCRIPT"
                << std::endl;
    return ExitCode::kSuccess;
  }
  const bool per_instance =
      context.line.output == OutputFormat::kWide || !context.line.names.empty();
  const absl::Time now = context.clock.WallNow();
  context.out << (per_instance ? InstanceTable(*apps, now, context.out_style)
                               : AppTable(*apps, now, context.out_style));
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
