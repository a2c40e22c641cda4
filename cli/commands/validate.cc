#include "absl/strings/str_cat.h"
#include "cli/commands/apply_specs.h"
#include "cli/commands/commands.h"
#include "cli/spec_file/spec_writer.h"
#include "cli/spec_file/yaml_writer.h"

namespace fleet::cli {

ExitCode RunValidate(const CommandContext& context) {
  const std::string& path = context.line.names[0];
  const auto file = LoadSpecFile(path, SpecFileOptionsOf(context));
  if (!file.ok()) return FailFile(context, file.status());
  for (const std::string& note : file->notes) Note(context, note);
  const bool all = context.line.output == OutputFormat::kWide;
  const Value document =
      WriteApps(file->apps, all ? Written::kAll : Written::kResolved);
  switch (context.line.output) {
    case OutputFormat::kJson:
      context.out << ToIndentedJson(document);
      break;
    case OutputFormat::kName:
      for (const AppSpec& app : file->apps) context.out << app.name << "\n";
      break;
    case OutputFormat::kTable:
    case OutputFormat::kWide:
    case OutputFormat::kYaml:
      context.out << ToYaml(document);
      break;
  }
  context.out << std::flush;
  context.err << path << ": "
              << (file->apps.size() == 1
                      ? "the app is"
                      : absl::StrCat("all ", file->apps.size(), " apps are"))
              << " valid" << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
