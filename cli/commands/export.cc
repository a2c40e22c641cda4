#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/text_style.h"
#include "cli/spec_file/spec_writer.h"
#include "cli/spec_file/yaml_writer.h"
#include "proto/rpc/app_spec_proto.h"

namespace fleet::cli {
namespace {

bool IsStopped(const v1::App& app) {
  return app.run_state() == v1::RUN_STATE_STOPPED;
}

// Lines that stand above the apps, since no field can say them.
std::string Remarks(const v1::ListAppsResponse& apps) {
  std::string text;
  for (const v1::App& app : apps.apps()) {
    if (IsStopped(app)) {
      absl::StrAppend(&text, "# ", app.name(),
                      " is stopped; autostart: false keeps it so\n");
    }
    if (app.placement_size() > 0) {
      absl::StrAppend(&text, "# ", app.name(), " was applied with --hosts '",
                      absl::StrJoin(app.placement(), "', '"), "'\n");
    }
  }
  return text;
}

}  // namespace

ExitCode RunExport(const CommandContext& context) {
  v1::ListAppsRequest request;
  for (const std::string& name : context.line.names) request.add_names(name);
  const auto apps = ListAllApps(context.client, request);
  if (!apps.ok()) return Fail(context, apps.status());
  if (apps->apps_size() == 0) {
    return Fail(context, absl::NotFoundError(
                             context.line.names.empty()
                                 ? "there are no apps to export"
                                 : "no app has such a name; fleetctl ls lists "
                                   "them"));
  }
  std::vector<AppSpec> specs;
  for (const v1::App& app : apps->apps()) {
    specs.push_back(FromProto(app.spec()));
    if (IsStopped(app)) specs.back().autostart = false;
  }
  const Value document = WriteApps(specs, Written::kWhatIsSet);
  if (context.line.output == OutputFormat::kJson) {
    context.out << ToIndentedJson(document);
  } else {
    context.out << "# Written by fleetctl export; fleetctl apply changes "
                   "nothing by it.\n"
                << Remarks(*apps) << ToYaml(document);
  }
  context.out << std::flush;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
