// Applies specs and follows what comes of it: the common end of apply and
// start.
#ifndef FLEET_CLI_COMMANDS_APPLY_SPECS_H_
#define FLEET_CLI_COMMANDS_APPLY_SPECS_H_

#include "absl/status/statusor.h"
#include "cli/commands/command_context.h"
#include "cli/spec_file/spec_file.h"

namespace fleet::cli {

// What the flags say about reading a file. Names variables of --import-env
// that are not set.
SpecFileOptions SpecFileOptionsOf(const CommandContext& context);

// Says what is wrong with a file.
ExitCode FailFile(const CommandContext& context, const absl::Status& status);

// Prints what applying it would change, and changes nothing.
ExitCode DiffSpecs(const CommandContext& context,
                   const absl::StatusOr<SpecFile>& file);

// Shows what changes, asks first where something is removed, and does it.
ExitCode ApplySpecs(const CommandContext& context,
                    const absl::StatusOr<SpecFile>& file);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APPLY_SPECS_H_
