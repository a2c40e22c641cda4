// Applies specs and follows what comes of it: the common end of apply and
// start.
#ifndef FLEET_CLI_COMMANDS_APPLY_SPECS_H_
#define FLEET_CLI_COMMANDS_APPLY_SPECS_H_

#include <string>
#include <vector>

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
// Adds the apps that are there and would get no new workers to `not_rolled`,
// unless it is null.
ExitCode DiffSpecs(const CommandContext& context,
                   const absl::StatusOr<SpecFile>& file,
                   std::vector<std::string>* not_rolled = nullptr);

// Shows what changes, asks first where something is removed, and does it.
// `not_rolled` as above, where it got as far as doing it.
ExitCode ApplySpecs(const CommandContext& context,
                    const absl::StatusOr<SpecFile>& file,
                    std::vector<std::string>* not_rolled = nullptr);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APPLY_SPECS_H_
