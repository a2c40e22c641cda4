// What an apply would do, before it does it.
#ifndef FLEET_CLI_COMMANDS_APPLY_PLAN_H_
#define FLEET_CLI_COMMANDS_APPLY_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/commands/command_context.h"
#include "cli/spec_file/spec_file.h"

namespace fleet::cli {

// A plain value.
struct ApplyPlan {
  v1::ApplyAppsResponse changes;
  // Apps that --prune deletes.
  std::vector<std::string> pruned;
};

v1::ApplyAppsRequest ApplyRequestOf(const CommandLine& line,
                                    const SpecFile& file);

// Asks the controller and changes nothing. With --prune, apps are pruned that
// stand in a namespace of the file and not in the file.
absl::StatusOr<ApplyPlan> PlanApply(const CommandContext& context,
                                    const SpecFile& file);

bool ChangesSomething(const ApplyPlan& plan);

// ROLLOUT_IN_PROGRESS, as the controller would say it: another rollout of an
// app that would get one has not ended.
absl::Status CheckNoneUnderWay(const ApplyPlan& plan);

// What would be gone afterwards, a line each: apps, and hosts of apps.
std::vector<std::string> RemovalsOf(const ApplyPlan& plan);

// "web: would be updated (revision 4)", with the differences below. `verb` is
// "would be" or "will be".
std::string PlanText(const ApplyPlan& plan, std::string_view verb);

// "web: updated (revision 4)".
std::string ResultText(const v1::ApplyResult& result);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APPLY_PLAN_H_
