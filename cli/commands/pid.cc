#include "absl/strings/str_cat.h"
#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/render/text_table.h"

namespace fleet::cli {

// One a line, for scripts; a pid alone means nothing on several hosts, so
// `-o wide` says whose it is.
ExitCode RunPid(const CommandContext& context) {
  const auto apps = ListChosenApps(context);
  if (!apps.ok()) return Fail(context, apps.status());
  if (PrintMessage(context, *apps)) return ExitCode::kSuccess;
  TextTable table({{"host"}, {"instance"}, {"pid", true}});
  for (const v1::App& app : apps->apps()) {
    for (const v1::HostApp& host : app.hosts()) {
      for (const v1::Instance& instance : host.status().instances()) {
        if (instance.pid() == 0) continue;
        table.AddRow({host.host(),
                      absl::StrCat(app.name(), ".", instance.slot()),
                      absl::StrCat(instance.pid())});
        if (context.line.output != OutputFormat::kWide) {
          context.out << instance.pid() << "\n";
        }
      }
    }
  }
  if (context.line.output == OutputFormat::kWide) {
    context.out << table.ToText(context.out_style);
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
