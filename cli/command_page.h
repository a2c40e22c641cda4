// docs/reference/commands.md, from the tables that --help comes from.
#ifndef FLEET_CLI_COMMAND_PAGE_H_
#define FLEET_CLI_COMMAND_PAGE_H_

#include <string>

namespace fleet::cli {

// Every command with its flags and examples, in Markdown: `fleetctl help
// --page`.
std::string CommandPage();

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMAND_PAGE_H_
