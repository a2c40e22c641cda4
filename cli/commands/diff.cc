#include "cli/commands/apply_specs.h"
#include "cli/commands/commands.h"

namespace fleet::cli {

ExitCode RunDiff(const CommandContext& context) {
  return DiffSpecs(
      context, LoadSpecFile(context.line.names[0], SpecFileOptionsOf(context)));
}

}  // namespace fleet::cli
