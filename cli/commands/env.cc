#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/env_list.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {

ExitCode RunEnv(const CommandContext& context) {
  const auto chosen = ResolveInstances(context, context.line.names);
  if (!chosen.ok()) return Fail(context, chosen.status());
  for (const ChosenApp& app : *chosen) {
    v1::GetAppRequest request;
    request.set_name(app.name);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    if (chosen->size() > 1) context.out << "# " << app.Text() << "\n";
    for (const auto& [name, value] :
         EnvOf(FromProto(response->app().spec()), app.slot)) {
      context.out << name << "=" << Printable(value) << "\n";
    }
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
