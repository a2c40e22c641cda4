#include "cli/commands/apply_specs.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/apply_plan.h"
#include "cli/commands/explain_conflict.h"
#include "cli/commands/follow_rollouts.h"
#include "cli/render/message_text.h"
#include "cli/rollout/rollout_plan.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

void PrintResults(const CommandContext& context,
                  const v1::ApplyAppsResponse& response) {
  // Lines of the rollouts' events follow.
  if (context.line.output == OutputFormat::kJson) {
    context.out << ToJsonLine(response) << std::flush;
    return;
  }
  if (PrintMessage(context, response)) return;
  for (const v1::ApplyResult& result : response.results()) {
    const bool name = context.line.output == OutputFormat::kName;
    context.out << (name ? result.app() : ResultText(result)) << "\n";
  }
  context.out << std::flush;
}

void PrintPlan(const CommandContext& context, const ApplyPlan& plan,
               std::string_view verb) {
  if (PrintMessage(context, plan.changes)) return;
  if (context.line.output == OutputFormat::kName) {
    for (const v1::ApplyResult& result : plan.changes.results()) {
      context.out << result.app() << "\n";
    }
  } else {
    context.out << PlanText(plan, verb);
    for (const v1::ApplyResult& result : plan.changes.results()) {
      if (!context.line.dry_run) continue;
      if (result.has_plan()) {
        context.out << DryRunText(result.plan(), context.line.supersede);
      } else if (!result.rollout_uid().empty()) {
        context.out << result.app() << ": rollout " << result.rollout_uid()
                    << " is under way and would be followed\n";
      }
    }
  }
  context.out << std::flush;
}

// An app that is made anew is told of when it is made.
bool IsWorthShowing(const CommandContext& context, const ApplyPlan& plan) {
  const bool for_people = context.line.output == OutputFormat::kTable ||
                          context.line.output == OutputFormat::kWide;
  const auto& results = plan.changes.results();
  return for_people &&
         (!plan.pruned.empty() ||
          std::any_of(results.begin(), results.end(),
                      [](const v1::ApplyResult& result) {
                        return result.change() == v1::APPLY_CHANGE_UPDATED &&
                               result.differences_size() > 0;
                      }));
}

// OK when nothing is removed, --yes was given, or the user says so now.
absl::Status ConfirmRemovals(const CommandContext& context,
                             const ApplyPlan& plan) {
  const std::vector<std::string> removals = RemovalsOf(plan);
  if (removals.empty() || context.line.yes) return absl::OkStatus();
  const std::string what = absl::StrJoin(removals, "; ");
  if (!context.ask) {
    return absl::FailedPreconditionError(
        absl::StrCat("this stops workers for good (", what,
                     "); nothing was changed; say --yes if it is meant"));
  }
  const std::string answer = context.ask(
      absl::StrCat("This stops workers for good: ", what, ". Go on? [y/N] "));
  if (answer == "y" || answer == "Y" || answer == "yes") {
    return absl::OkStatus();
  }
  return absl::CancelledError("nothing was changed");
}

absl::Status Prune(const CommandContext& context, const ApplyPlan& plan) {
  for (const std::string& app : plan.pruned) {
    v1::DeleteAppRequest request;
    request.set_name(app);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Annotate(response.status(), app);
    const bool for_programs = context.line.output == OutputFormat::kJson ||
                              context.line.output == OutputFormat::kYaml;
    (for_programs ? context.err : context.out) << app << ": deleted\n";
  }
  context.out << std::flush;
  return absl::OkStatus();
}

// Of the apps that were there before.
void AddNotRolled(const v1::ApplyAppsResponse& response,
                  std::vector<std::string>* not_rolled) {
  if (not_rolled == nullptr) return;
  for (const v1::ApplyResult& result : response.results()) {
    const bool rolled = !result.rollout_uid().empty() || result.has_plan();
    if (!rolled && result.change() != v1::APPLY_CHANGE_CREATED) {
      not_rolled->push_back(result.app());
    }
  }
}

// Makes the call and follows the rollouts that come of it.
ExitCode Execute(const CommandContext& context, const SpecFile& file,
                 const ApplyPlan& plan, std::vector<std::string>* not_rolled) {
  v1::ApplyAppsRequest request = ApplyRequestOf(context.line, file);
  request.set_request_id(context.line.request_id);
  const auto response = context.client.Call(request);
  if (!response.ok()) {
    return Fail(context, ExplainConflict(response.status()));
  }
  std::vector<std::string> rollouts;
  for (const v1::ApplyResult& result : response->results()) {
    if (!result.rollout_uid().empty()) {
      rollouts.push_back(result.rollout_uid());
    }
  }
  AddNotRolled(*response, not_rolled);
  PrintResults(context, *response);
  if (const absl::Status pruned = Prune(context, plan); !pruned.ok()) {
    return Fail(context, pruned);
  }
  return FollowRollouts(context, rollouts);
}

}  // namespace

SpecFileOptions SpecFileOptionsOf(const CommandContext& context) {
  const CommandLine& line = context.line;
  SpecFileOptions options;
  options.env_name = line.env_name;
  options.home = context.env("HOME");
  options.only = line.only;
  options.overrides = line.fields;
  if (!line.program_args.empty()) {
    SetEntry(options.overrides, "args", TextListValue(line.program_args));
  }
  for (const std::string& name : line.import_env) {
    const std::string value = context.env(name);
    if (value.empty()) {
      Note(context, absl::StrCat("--import-env ", name, ": it is not set"));
    } else {
      options.imported_env[name] = value;
    }
  }
  return options;
}

ExitCode FailFile(const CommandContext& context, const absl::Status& status) {
  context.err << "fleetctl: " << status.message() << std::endl;
  return ExitCode::kError;
}

ExitCode DiffSpecs(const CommandContext& context,
                   const absl::StatusOr<SpecFile>& file,
                   std::vector<std::string>* not_rolled) {
  if (!file.ok()) return FailFile(context, file.status());
  for (const std::string& note : file->notes) Note(context, note);
  const auto plan = PlanApply(context, *file);
  if (!plan.ok()) return Fail(context, ExplainConflict(plan.status()));
  PrintPlan(context, *plan, "would be");
  AddNotRolled(plan->changes, not_rolled);
  const bool differs = context.line.exit_code && ChangesSomething(*plan);
  return differs ? ExitCode::kError : ExitCode::kSuccess;
}

ExitCode ApplySpecs(const CommandContext& context,
                    const absl::StatusOr<SpecFile>& file,
                    std::vector<std::string>* not_rolled) {
  if (!file.ok()) return FailFile(context, file.status());
  if (context.line.dry_run) return DiffSpecs(context, file, not_rolled);
  for (const std::string& note : file->notes) Note(context, note);
  if (context.line.prune && !context.line.only.empty()) {
    return FailUsage(context,
                     "--prune with --only would delete the file's own apps");
  }
  if (const absl::Status ready = EnsureFleet(context); !ready.ok()) {
    return Fail(context, ready);
  }
  const auto plan = PlanApply(context, *file);
  if (!plan.ok()) return Fail(context, ExplainConflict(plan.status()));
  if (!context.line.supersede) {
    const absl::Status free = CheckNoneUnderWay(*plan);
    if (!free.ok()) return Fail(context, ExplainConflict(free));
  }
  if (IsWorthShowing(context, *plan)) PrintPlan(context, *plan, "will be");
  const absl::Status confirmed = ConfirmRemovals(context, *plan);
  if (!confirmed.ok()) return Fail(context, confirmed);
  return Execute(context, *file, *plan, not_rolled);
}

}  // namespace fleet::cli
