#include "cli/commands/roll_apps.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands/app_names.h"
#include "cli/commands/apply_specs.h"
#include "cli/commands/explain_conflict.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/commands/restart_instances.h"
#include "cli/render/message_text.h"
#include "cli/rollout/rollout_plan.h"
#include "cli/spec_file/file_kind.h"
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
  context.out << DryRunText(rollout, context.line.supersede) << std::flush;
}

// With --wait its events are what a program reads.
void PrintMade(const CommandContext& context, const v1::Rollout& rollout) {
  if (context.line.output == OutputFormat::kName) {
    context.out << rollout.uid() << std::endl;
  } else if (context.line.output == OutputFormat::kJson && !context.line.wait) {
    context.out << ToJsonLine(rollout) << std::flush;
  }
}

bool IsSpecFile(const std::string& word) {
  return FileKindOf(word) != FileKind::kProgram && PathExists(word);
}

// Adds the apps that `words` mean. Files are applied, and what that changes is
// not among them: it gets new workers by that.
ExitCode ApplyAndName(const CommandContext& context,
                      const std::vector<std::string>& words,
                      std::vector<ChosenApp>& apps) {
  ExitCode code = ExitCode::kSuccess;
  std::vector<std::string> names;
  for (const std::string& word : words) {
    if (!IsSpecFile(word)) {
      names.push_back(word);
      continue;
    }
    const auto file = LoadSpecFile(word, SpecFileOptionsOf(context));
    std::vector<std::string> unchanged;
    code = Worse(code, ApplySpecs(context, file, &unchanged));
    for (ChosenApp& app : AsChosen(unchanged)) apps.push_back(std::move(app));
  }
  if (names.empty()) return code;
  const auto named = ResolveInstances(context, names);
  if (!named.ok()) return Worse(code, Fail(context, named.status()));
  apps.insert(apps.end(), named->begin(), named->end());
  return code;
}

}  // namespace

ExitCode RollApps(const CommandContext& context, v1::RolloutKind kind) {
  std::vector<ChosenApp> chosen;
  ExitCode code = ApplyAndName(context, context.line.names, chosen);
  const bool restart = kind == v1::ROLLOUT_KIND_RESTART;
  code = Worse(code, RestartInstances(context, SingleInstances(chosen),
                                      restart ? v1::RELOAD_STRATEGY_STOP_FIRST
                                              : v1::RELOAD_STRATEGY_UNSPECIFIED,
                                      restart ? "restarted" : "reloaded"));
  std::vector<std::string> uids;
  // --request-id itself may be that of an apply.
  const std::vector<std::string>& words = context.line.names;
  const bool applied = std::any_of(words.begin(), words.end(), IsSpecFile);
  const size_t requests = chosen.size() + (applied ? 1 : 0);
  for (const ChosenApp& app : WholeApps(chosen)) {
    const auto response =
        context.client.Call(RequestOf(context, app.name, kind, requests));
    if (!response.ok()) {
      code = Worse(code, Fail(context, ExplainConflict(response.status())));
    } else if (context.line.dry_run) {
      PrintPlan(context, response->rollout());
    } else {
      PrintMade(context, response->rollout());
      uids.push_back(response->rollout().uid());
    }
  }
  return Worse(code, FollowRollouts(context, uids));
}

}  // namespace fleet::cli
