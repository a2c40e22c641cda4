// fleetctl context ls|use: the fleets that the user has logged in to.
#include "absl/strings/str_cat.h"
#include "cli/access/context_file.h"
#include "cli/commands/commands.h"
#include "cli/render/text_table.h"

namespace fleet::cli {

ExitCode RunContextLs(const CommandContext& context) {
  const auto contexts = ReadContexts(ConfigFolder(context.env));
  if (!contexts.ok()) return Fail(context, contexts.status());
  if (contexts->all.empty()) {
    context.err << "you have logged in to no fleet; fleetctl login ADDRESS"
                << std::endl;
    return ExitCode::kSuccess;
  }
  TextTable table({{""}, {"NAME"}, {"ADDRESS"}});
  for (const FleetContext& entry : contexts->all) {
    table.AddRow({entry.name == contexts->current ? "*" : "", entry.name,
                  entry.address});
  }
  context.out << table.ToText(context.out_style);
  return ExitCode::kSuccess;
}

ExitCode RunContextUse(const CommandContext& context) {
  const std::string folder = ConfigFolder(context.env);
  auto contexts = ReadContexts(folder);
  if (!contexts.ok()) return Fail(context, contexts.status());
  const std::string& name = context.line.names[0];
  if (contexts->Find(name) == nullptr) {
    return Fail(context,
                absl::NotFoundError(absl::StrCat(
                    "there is no context ", name,
                    "; `fleetctl context ls` lists those that there are")));
  }
  contexts->current = name;
  const absl::Status saved = WriteContexts(folder, *contexts);
  if (!saved.ok()) return Fail(context, saved);
  context.err << "context " << name << " is the current one" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
