#include "absl/strings/str_cat.h"
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

bool AppExists(const CommandContext& context, const std::string& name) {
  v1::GetAppRequest request;
  request.set_name(name);
  return context.client.Call(request).ok();
}

}  // namespace

ExitCode RunStart(const CommandContext& context) {
  const std::string& what = context.line.names[0];
  if (FileKindOf(what) != FileKind::kProgram) return RunApply(context);
  const bool has_spec = !context.line.fields.entries.empty() ||
                        !context.line.program_args.empty();
  const bool is_script = LooksLikeScript(what);
  if (const absl::Status ready = EnsureFleet(context); !ready.ok()) {
    return Fail(context, ready);
  }
  // A name with a dot may be an app's too.
  const bool is_app = !PathExists(what) && !has_spec &&
                      (!is_script || AppExists(context, what));
  if (!is_app) {
    return ApplySpecs(context, SpecOfScript(what, SpecFileOptionsOf(context)));
  }
  const auto apps = ResolveAppNames(context, {what});
  if (apps.ok()) return StartApps(context, *apps);
  if (ReasonOf(apps.status()).reason != "APP_NOT_FOUND") {
    return Fail(context, apps.status());
  }
  return Fail(context,
              Annotate(apps.status(), absl::StrCat("there is no file \"", what,
                                                   "\" here, and")));
}

}  // namespace fleet::cli
