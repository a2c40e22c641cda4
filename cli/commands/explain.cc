#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands/commands.h"
#include "cli/spec_file/field.h"
#include "cli/spec_file/field_text.h"
#include "cli/spec_file/nearest_name.h"

namespace fleet::cli {
namespace {

constexpr char kOverlay[] =
    "env_NAME\n"
    "  Environment variables that go over those of env when the file is\n"
    "  applied with --env NAME.\n\n"
    "  value:      a map of names to values\n"
    "  default:    none\n"
    "  in PM2:     env_NAME\n"
    "  example:    env_production: {LOG_LEVEL: warn}\n";

ExitCode ExplainUnknown(const CommandContext& context,
                        const std::string& name) {
  std::vector<std::string> known;
  for (const Field& field : AllFields()) {
    for (const std::string& word : NamesOf(field)) known.push_back(word);
  }
  const std::string near = NearestName(name, known);
  return FailUsage(context,
                   absl::StrCat("there is no field \"", name, "\"",
                                near.empty() ? "; fleetctl explain lists them"
                                             : absl::StrCat("; did you mean \"",
                                                            near, "\"?")));
}

ExitCode Explain(const CommandContext& context, const std::string& given) {
  const std::string name = given.starts_with("env_") ? given : SnakeCase(given);
  if (const Field* field = FindField(name)) {
    context.out << FieldDetails(*field);
  } else if (const Field* by_path = FindFieldByPath(name)) {
    context.out << FieldDetails(*by_path);
  } else if (IsFieldGroup(name)) {
    context.out << FieldList(name + ".");
  } else if (name.starts_with("env_")) {
    context.out << kOverlay;
  } else {
    return ExplainUnknown(context, given);
  }
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunExplain(const CommandContext& context) {
  if (context.line.page) {
    context.out << FieldsPage();
    return ExitCode::kSuccess;
  }
  if (context.line.names.empty()) {
    context.out << FieldList("") << "\nfleetctl explain FIELD tells more.\n";
    return ExitCode::kSuccess;
  }
  ExitCode code = ExitCode::kSuccess;
  for (size_t i = 0; i < context.line.names.size(); ++i) {
    if (i > 0) context.out << "\n";
    code = Worse(code, Explain(context, context.line.names[i]));
  }
  return code;
}

}  // namespace fleet::cli
