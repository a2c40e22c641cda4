#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/pm2_list.h"

namespace fleet::cli {
namespace {

ExitCode PrintPm2List(const CommandContext& context, int indent) {
  const auto apps = ListChosenApps(context);
  if (!apps.ok()) return Fail(context, apps.status());
  context.out << Pm2List(*apps, indent);
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunJlist(const CommandContext& context) {
  return PrintPm2List(context, -1);
}

ExitCode RunPrettylist(const CommandContext& context) {
  return PrintPm2List(context, 2);
}

}  // namespace fleet::cli
