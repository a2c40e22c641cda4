// What --help prints.
#ifndef FLEET_CLI_HELP_TEXT_H_
#define FLEET_CLI_HELP_TEXT_H_

#include <string>

#include "cli/command_table.h"

namespace fleet::cli {

// All commands, a line each.
std::string OverviewHelp();

// Usage, what it does, flags, examples.
std::string CommandHelp(const CommandDoc& command);

}  // namespace fleet::cli

#endif  // FLEET_CLI_HELP_TEXT_H_
