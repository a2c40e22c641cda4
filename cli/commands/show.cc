#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/app_details.h"

namespace fleet::cli {

ExitCode RunShow(const CommandContext& context) {
  v1::GetAppRequest request;
  request.set_name(context.line.names[0]);
  const auto response = context.client.Call(request);
  if (!response.ok()) {
    return Fail(context,
                SuggestApp(context.client, request.name(), response.status()));
  }
  const v1::App& app = response->app();
  if (PrintMessage(context, app)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    context.out << app.name() << "\n";
  } else {
    context.out << AppDetails(app, context.clock.WallNow(), context.out_style);
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
