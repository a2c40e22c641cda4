#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/app_details.h"

namespace fleet::cli {
namespace {

// What the hosts see of the workers; nothing when they cannot be asked.
v1::InspectAppResponse Inspect(const CommandContext& context,
                               const ChosenApp& choice) {
  v1::InspectAppRequest request;
  request.set_name(choice.name);
  request.set_hosts(context.line.hosts);
  if (choice.slot) request.set_slot(*choice.slot);
  const auto response = context.client.Call(request);
  return response.ok() ? *response : v1::InspectAppResponse();
}

void PrintApp(const CommandContext& context, const ChosenApp& choice,
              const v1::App& app) {
  if (PrintMessage(context, app)) return;
  if (context.line.output == OutputFormat::kName) {
    context.out << app.name() << "\n";
    return;
  }
  context.out << AppDetails(app, Inspect(context, choice).answers(),
                            ViewOf(context));
}

}  // namespace

ExitCode RunShow(const CommandContext& context) {
  const auto chosen = ResolveInstances(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  bool first = true;
  for (const ChosenApp& choice : *chosen) {
    v1::GetAppRequest request;
    request.set_name(choice.name);
    request.set_hosts(context.line.hosts);
    auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    KeepSlot(choice, *response->mutable_app());
    if (!first) context.out << "\n";
    first = false;
    PrintApp(context, choice, response->app());
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
