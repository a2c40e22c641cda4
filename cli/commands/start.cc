#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/app_names.h"
#include "cli/commands/app_waiter.h"
#include "cli/commands/apply_specs.h"
#include "cli/commands/commands.h"
#include "cli/spec_file/file_kind.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// A script that only the hosts have is known by its path or extension.
bool LooksLikeScript(const std::string& name) {
  return PathExists(name) || name.find('/') != name.npos ||
         name.find('.') != name.npos;
}

ExitCode StartApps(const CommandContext& context,
                   const std::vector<std::string>& apps) {
  for (const std::string& app : apps) {
    v1::StartAppRequest request;
    request.set_name(app);
    request.set_hosts(context.line.hosts);
    request.set_request_id(RequestIdOf(context, app, apps.size()));
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
  }
  return WaitForApps(context, apps, LacksReady, "started");
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
  return ApplySpecs(context, file);
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
    return StartSpecs(context, SpecOfScript(what, SpecFileOptionsOf(context)),
                      names);
  };
  if (PathExists(what) || HasSpec(context.line)) return script();
  const auto apps = ResolveAppNames(context, {what});
  if (apps.ok()) {
    names.insert(names.end(), apps->begin(), apps->end());
    return StartApps(context, *apps);
  }
  if (ReasonOf(apps.status()).reason != "APP_NOT_FOUND") {
    return Fail(context, apps.status());
  }
  if (LooksLikeScript(what)) return script();
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
  if (!line.without_meaning.empty()) {
    Note(context, absl::StrCat(absl::StrJoin(line.without_meaning, ", "),
                               ": without effect here; fleetctl start --help "
                               "says why"));
  }
  ExitCode code = ExitCode::kSuccess;
  std::vector<std::string> started;
  for (const std::string& what : line.names) {
    code = Worse(code, StartOne(context, what, started));
  }
  if (!line.attach || code != ExitCode::kSuccess || line.dry_run) return code;
  return FollowLogs(context, started);
}

}  // namespace fleet::cli
