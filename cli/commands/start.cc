#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/apply_specs.h"
#include "cli/commands/commands.h"
#include "cli/spec_file/file_kind.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

bool IsPath(const std::string& word) {
  return word.find('/') != word.npos || word.find('.') != word.npos;
}

// Folders are none: `start web` is about the app beside its folder.
bool IsScriptHere(const std::string& word) {
  std::error_code ignored;
  return std::filesystem::exists(word, ignored) &&
         !std::filesystem::is_directory(word, ignored);
}

ExitCode StartApps(const CommandContext& context,
                   const std::vector<ChosenApp>& apps) {
  for (const ChosenApp& app : apps) {
    v1::StartAppRequest request;
    request.set_name(app.name);
    if (app.slot) request.set_slot(*app.slot);
    request.set_hosts(context.line.hosts);
    request.set_request_id(RequestIdOf(context, app.Text(), apps.size()));
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
  }
  return WaitForApps(context, apps, Started());
}

bool HasSpec(const CommandLine& line) {
  return !line.fields.entries.empty() || !line.program_args.empty();
}

ExitCode StartSpecs(const CommandContext& context,
                    const absl::StatusOr<SpecFile>& file,
                    std::vector<std::string>& names) {
  if (file.ok()) {
    for (const AppSpec& spec : file->apps) names.push_back(spec.name);
  }
  std::vector<std::string> not_rolled;
  const ExitCode code = ApplySpecs(context, file, &not_rolled);
  if (code != ExitCode::kSuccess || context.line.dry_run) return code;
  // What was stopped and is unchanged starts without a rollout.
  std::vector<ChosenApp> apps;
  apps.reserve(not_rolled.size());
  for (const std::string& name : not_rolled)
    apps.push_back({name, std::nullopt});
  return WaitForApps(context, apps, Started());
}

// Of a fleet on this machine it is known at once. A program without a slash or
// an extension is looked for along PATH, by the agent.
bool IsMissingHere(const CommandContext& context, const std::string& script) {
  const bool is_path =
      script.find('/') != script.npos || script.find('.') != script.npos;
  return context.local != nullptr && is_path && !PathExists(script) &&
         context.line.fields.Find("cwd") == nullptr;
}

// What one word of the command line means: a file of specs, a script, or apps
// that there are. Adds the names of the apps.
ExitCode StartOne(const CommandContext& context, const std::string& what,
                  std::vector<std::string>& names) {
  if (FileKindOf(what) != FileKind::kProgram) {
    return StartSpecs(context, LoadSpecFile(what, SpecFileOptionsOf(context)),
                      names);
  }
  if (const absl::Status ready = EnsureFleet(context); !ready.ok()) {
    return Fail(context, ready);
  }
  const auto script = [&] {
    if (IsMissingHere(context, what)) {
      return Fail(context, absl::NotFoundError(absl::StrCat(
                               "there is no file \"", what,
                               "\" here, and no app of that name")));
    }
    return StartSpecs(context, SpecOfScript(what, SpecFileOptionsOf(context)),
                      names);
  };
  if (HasSpec(context.line) || (IsPath(what) && IsScriptHere(what))) {
    return script();
  }
  // As with PM2, a bare word is an app before it is a file of that name.
  const auto apps = ResolveInstances(context, {what});
  if (apps.ok()) {
    for (const ChosenApp& app : *apps) names.push_back(app.Text());
    return StartApps(context, *apps);
  }
  if (ReasonOf(apps.status()).reason != "APP_NOT_FOUND") {
    return Fail(context, apps.status());
  }
  // A script that only the hosts have is known by its path or extension.
  if (IsPath(what) || IsScriptHere(what)) return script();
  return Fail(context,
              Annotate(apps.status(), absl::StrCat("there is no file \"", what,
                                                   "\" here, and")));
}

// --attach.
ExitCode FollowLogs(const CommandContext& context,
                    const std::vector<std::string>& names) {
  CommandLine line = context.line;
  line.names = names;
  line.follow = true;
  line.output = OutputFormat::kTable;
  return RunLogs({.line = line,
                  .out = context.out,
                  .err = context.err,
                  .out_style = context.out_style,
                  .err_style = context.err_style,
                  .terminal = context.terminal,
                  .out_width = context.out_width,
                  .clock = context.clock,
                  .loop = context.loop,
                  .env = context.env,
                  .client = context.client,
                  .local = context.local});
}

}  // namespace

ExitCode RunStart(const CommandContext& context) {
  const CommandLine& line = context.line;
  ExitCode code = ExitCode::kSuccess;
  std::vector<std::string> started;
  for (const std::string& what : line.names) {
    code = Worse(code, StartOne(context, what, started));
  }
  if (!line.attach || code != ExitCode::kSuccess || line.dry_run) return code;
  return FollowLogs(context, started);
}

}  // namespace fleet::cli
