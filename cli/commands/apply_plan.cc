#include "cli/commands/apply_plan.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/render/difference_text.h"
#include "cli/rollout/rollout_words.h"
#include "proto/rpc/app_spec_proto.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

bool IsRemoval(const std::string& difference) {
  return absl::StartsWith(difference, "host ") &&
         absl::EndsWith(difference, ": removed");
}

std::string ChangeWord(v1::ApplyChange change) {
  return change == v1::APPLY_CHANGE_CREATED ? "created" : "updated";
}

absl::StatusOr<std::vector<std::string>> AppsToPrune(FleetClient& client,
                                                     const SpecFile& file) {
  std::set<std::string> namespaces;
  std::set<std::string> names;
  for (const AppSpec& spec : file.apps) {
    namespaces.insert(spec.app_namespace);
    names.insert(spec.name);
  }
  ASSIGN_OR_RETURN(const auto apps, ListAllApps(client, {}));
  std::vector<std::string> pruned;
  for (const v1::App& app : apps.apps()) {
    if (!names.contains(app.name()) &&
        namespaces.contains(app.spec().namespace_())) {
      pruned.push_back(app.name());
    }
  }
  return pruned;
}

// What waits for a person ends by nobody's waiting.
const char* WhatHelps(const v1::Rollout& rollout) {
  const v1::Hold* hold = FirstHold(rollout);
  if (hold == nullptr) return "wait for it";
  if (hold->kind() == v1::HOLD_KIND_FAILURE) {
    return HasFailure(rollout) ? "retry it" : "resume it";
  }
  if (hold->kind() == v1::HOLD_KIND_USER) return "resume it";
  return hold->kind() == v1::HOLD_KIND_MANUAL_GATE ? "promote it"
                                                   : "wait for it";
}

}  // namespace

v1::ApplyAppsRequest ApplyRequestOf(const CommandLine& line,
                                    const SpecFile& file) {
  v1::ApplyAppsRequest request;
  for (const AppSpec& spec : file.apps) *request.add_specs() = ToProto(spec);
  request.set_hosts(line.hosts);
  *request.mutable_policy() = ToProto(line.policy);
  request.set_supersede(line.supersede);
  return request;
}

absl::StatusOr<ApplyPlan> PlanApply(const CommandContext& context,
                                    const SpecFile& file) {
  v1::ApplyAppsRequest request = ApplyRequestOf(context.line, file);
  request.set_validate_only(true);
  ApplyPlan plan;
  ASSIGN_OR_RETURN(plan.changes, context.client.Call(request));
  if (context.line.prune) {
    ASSIGN_OR_RETURN(plan.pruned, AppsToPrune(context.client, file));
  }
  return plan;
}

bool ChangesSomething(const ApplyPlan& plan) {
  for (const v1::ApplyResult& result : plan.changes.results()) {
    if (result.change() != v1::APPLY_CHANGE_UNCHANGED) return true;
  }
  return !plan.pruned.empty();
}

absl::Status CheckNoneUnderWay(const ApplyPlan& plan) {
  for (const v1::ApplyResult& result : plan.changes.results()) {
    if (!result.plan().has_under_way()) continue;
    const v1::Rollout& other = result.plan().under_way();
    return ErrorWithReason(
        absl::StatusCode::kAborted,
        absl::StrCat("rollout ", other.uid(), " of ", other.app(),
                     " has not ended: ", RolloutPhaseText(other).text, ", ",
                     other.message(), "; ", WhatHelps(other),
                     ", abort it, or supersede it"),
        {"ROLLOUT_IN_PROGRESS", {{"rollout", other.uid()}}});
  }
  return absl::OkStatus();
}

std::vector<std::string> RemovalsOf(const ApplyPlan& plan) {
  std::vector<std::string> removals;
  for (const v1::ApplyResult& result : plan.changes.results()) {
    for (const std::string& difference : result.differences()) {
      if (!IsRemoval(difference)) continue;
      removals.push_back(
          absl::StrCat(result.app(), " on ",
                       difference.substr(5, difference.find(':') - 5)));
    }
  }
  for (const std::string& app : plan.pruned) {
    removals.push_back(absl::StrCat(app, ", on all its hosts"));
  }
  return removals;
}

std::string PlanText(const ApplyPlan& plan, std::string_view verb) {
  std::string text;
  for (const v1::ApplyResult& result : plan.changes.results()) {
    if (result.change() == v1::APPLY_CHANGE_UNCHANGED) {
      absl::StrAppend(&text, result.app(), ": unchanged\n");
      continue;
    }
    absl::StrAppend(&text, result.app(), ": ", ToAbsl(verb), " ",
                    ChangeWord(result.change()), " (revision ",
                    result.revision(), ")\n");
    if (result.change() == v1::APPLY_CHANGE_CREATED) continue;
    for (const std::string& difference : result.differences()) {
      absl::StrAppend(&text, "  ", DifferenceText(difference), "\n");
    }
  }
  for (const std::string& app : plan.pruned) {
    absl::StrAppend(&text, app, ": ", ToAbsl(verb),
                    " deleted (it is not in the file)\n");
  }
  return text;
}

std::string ResultText(const v1::ApplyResult& result) {
  if (result.change() == v1::APPLY_CHANGE_UNCHANGED) {
    return absl::StrCat(result.app(), ": unchanged");
  }
  return absl::StrCat(result.app(), ": ", ChangeWord(result.change()),
                      " (revision ", result.revision(), ")");
}

}  // namespace fleet::cli
