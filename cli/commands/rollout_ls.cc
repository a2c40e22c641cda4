#include "cli/commands/commands.h"
#include "cli/render/rollout_table.h"

namespace fleet::cli {

ExitCode RunRolloutLs(const CommandContext& context) {
  v1::ListRolloutsRequest request;
  if (!context.line.names.empty()) request.set_app(context.line.names[0]);
  request.set_active_only(context.line.active);
  const auto response = context.client.Call(request);
  if (!response.ok()) return Fail(context, response.status());
  if (PrintMessage(context, *response)) return ExitCode::kSuccess;
  if (context.line.output == OutputFormat::kName) {
    for (const v1::Rollout& rollout : response->rollouts()) {
      context.out << rollout.uid() << "\n";
    }
  } else if (response->rollouts_size() == 0) {
    context.err << "no rollouts" << std::endl;
  } else {
    context.out << RolloutTable(*response, context.clock.WallNow(),
                                context.out_style);
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
