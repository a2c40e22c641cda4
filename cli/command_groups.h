// The commands by what they are for, as --help and the reference list them.
#ifndef FLEET_CLI_COMMAND_GROUPS_H_
#define FLEET_CLI_COMMAND_GROUPS_H_

#include <span>
#include <string_view>
#include <vector>

#include "cli/command_table.h"

namespace fleet::cli {

struct CommandGroup {
  std::string_view title;
  std::vector<const CommandDoc*> commands;
};

// Every command of the table, once.
std::vector<CommandGroup> CommandGroups();

// A variable of the environment that fleetctl looks at.
struct VariableDoc {
  std::string_view name;
  std::string_view help;
};
std::span<const VariableDoc> Variables();

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMAND_GROUPS_H_
