#include "cli/commands/roll_apps.h"

#include <vector>

#include "cli/commands/app_names.h"
#include "cli/commands/explain_conflict.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/rollout/rollout_plan.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {
namespace {

v1::CreateRolloutRequest RequestOf(const CommandContext& context,
                                   const std::string& app, v1::RolloutKind kind,
                                   size_t apps) {
  const CommandLine& line = context.line;
  v1::CreateRolloutRequest request;
  request.set_app(app);
  request.set_kind(kind);
  request.set_hosts(line.hosts);
  *request.mutable_policy() = ToProto(line.policy);
  request.set_request_id(RequestIdOf(context, app, apps));
  request.set_validate_only(line.dry_run);
  request.set_supersede(line.supersede);
  request.set_to_revision(line.to_revision);
  return request;
}

void PrintPlan(const CommandContext& context, const v1::Rollout& rollout) {
  if (PrintMessage(context, rollout)) return;
  context.out << "would be made: " << RolloutPlan(rollout) << std::flush;
}

}  // namespace

ExitCode RollApps(const CommandContext& context, v1::RolloutKind kind) {
  const auto apps = ResolveAppNames(context, context.line.names);
  if (!apps.ok()) return Fail(context, apps.status());
  ExitCode code = ExitCode::kSuccess;
  std::vector<std::string> uids;
  for (const std::string& app : *apps) {
    const auto response =
        context.client.Call(RequestOf(context, app, kind, apps->size()));
    if (!response.ok()) {
      code = Worse(code, Fail(context, ExplainConflict(response.status())));
    } else if (context.line.dry_run) {
      PrintPlan(context, response->rollout());
    } else {
      if (context.line.output == OutputFormat::kName) {
        context.out << response->rollout().uid() << std::endl;
      }
      uids.push_back(response->rollout().uid());
    }
  }
  return Worse(code, FollowRollouts(context, uids));
}

}  // namespace fleet::cli
