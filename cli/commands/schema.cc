#include "cli/commands/commands.h"
#include "cli/spec_file/json_schema.h"

namespace fleet::cli {

ExitCode RunSchema(const CommandContext& context) {
  context.out << JsonSchema();
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
