#include "cli/command_table.h"
#include "cli/commands/commands.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

void Say(const CommandContext& context) {
  const CommandDoc* command = FindCommand(context.line.command);
  FLEET_CHECK(command != nullptr);
  context.err << command->description << std::endl;
}

}  // namespace

ExitCode RunNothingToDo(const CommandContext& context) {
  Say(context);
  return ExitCode::kSuccess;
}

ExitCode RunNotThere(const CommandContext& context) {
  Say(context);
  return ExitCode::kError;
}

ExitCode RunResurrect(const CommandContext& context) {
  Say(context);
  if (context.local == nullptr) return ExitCode::kSuccess;
  const absl::Status ready = EnsureFleet(context);
  return ready.ok() ? ExitCode::kSuccess : Fail(context, ready);
}

}  // namespace fleet::cli
