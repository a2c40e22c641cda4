#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/app_order.h"
#include "cli/render/app_table.h"

namespace fleet::cli {

ExitCode RunLs(const CommandContext& context) {
  auto apps = ListChosenApps(context);
  if (!apps.ok()) return Fail(context, apps.status());
  SortApps(context.line.sort, *apps);
  if (PrintMessage(context, *apps)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    for (const v1::App& app : apps->apps()) context.out << app.name() << "\n";
    return ExitCode::kSuccess;
  }
  if (apps->apps_size() == 0) {
    context.err << (context.line.hosts.empty()
                        ? "no apps; start one with: fleetctl start FILE|SCRIPT"
                        : "no app is on these hosts")
                << std::endl;
    return ExitCode::kSuccess;
  }
  const bool per_instance =
      context.line.output == OutputFormat::kWide || !context.line.names.empty();
  const TableView view = ViewOf(context);
  context.out << (per_instance
                      ? InstanceTable(*apps, view) + NotesText(*apps, view)
                      : AppTable(*apps, view));
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
