#include "cli/commands/apply_specs.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands/explain_conflict.h"
#include "cli/commands/follow_rollouts.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {
namespace {

v1::ApplyAppsRequest RequestOf(const CommandLine& line, const SpecFile& file) {
  v1::ApplyAppsRequest request;
  for (const AppSpec& spec : file.apps) *request.add_specs() = ToProto(spec);
  request.set_validate_only(line.dry_run);
  request.set_request_id(line.request_id);
  request.set_hosts(line.hosts);
  *request.mutable_policy() = ToProto(line.policy);
  request.set_supersede(line.supersede);
  return request;
}

std::string ResultText(const v1::ApplyResult& result, bool dry_run) {
  if (result.change() == v1::APPLY_CHANGE_UNCHANGED) {
    return absl::StrCat(result.app(), ": unchanged");
  }
  const bool created = result.change() == v1::APPLY_CHANGE_CREATED;
  std::string text = absl::StrCat(result.app(), dry_run ? ": would be " : ": ",
                                  created ? "created" : "updated",
                                  " (revision ", result.revision(), ")");
  if (created) return text;
  for (const std::string& difference : result.differences()) {
    absl::StrAppend(&text, "\n  ", Printable(difference));
  }
  return text;
}

void PrintResults(const CommandContext& context,
                  const v1::ApplyAppsResponse& response) {
  for (const v1::ApplyResult& result : response.results()) {
    if (context.line.output == OutputFormat::kName) {
      context.out << result.app() << "\n";
    } else {
      context.out << ResultText(result, context.line.dry_run) << "\n";
    }
  }
  context.out << std::flush;
}

}  // namespace

SpecFileOptions SpecFileOptionsOf(const CommandContext& context) {
  const CommandLine& line = context.line;
  SpecFileOptions options;
  options.env_name = line.env_name;
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

ExitCode ApplySpecs(const CommandContext& context,
                    const absl::StatusOr<SpecFile>& file) {
  if (!file.ok()) {
    context.err << "fleetctl: " << file.status().message() << std::endl;
    return ExitCode::kError;
  }
  for (const std::string& note : file->notes) Note(context, note);
  if (const absl::Status ready = EnsureFleet(context); !ready.ok()) {
    return Fail(context, ready);
  }
  const auto response = context.client.Call(RequestOf(context.line, *file));
  if (!response.ok()) {
    return Fail(context, ExplainConflict(response.status()));
  }
  std::vector<std::string> rollouts;
  for (const v1::ApplyResult& result : response->results()) {
    if (!result.rollout_uid().empty()) {
      rollouts.push_back(result.rollout_uid());
    }
  }
  if (!PrintMessage(context, *response)) PrintResults(context, *response);
  return FollowRollouts(context, rollouts);
}

}  // namespace fleet::cli
