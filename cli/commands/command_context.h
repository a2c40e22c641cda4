// What a command works with.
#ifndef FLEET_CLI_COMMANDS_COMMAND_CONTEXT_H_
#define FLEET_CLI_COMMANDS_COMMAND_CONTEXT_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/command_line.h"
#include "cli/controller_address.h"
#include "cli/exit_code.h"
#include "cli/fleet_client.h"
#include "cli/local/local_fleet.h"
#include "cli/render/app_table.h"
#include "cli/render/text_style.h"
#include "cli/terminal.h"
#include "google/protobuf/message.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// Made by main (or a test) for one command. All references outlive it.
struct CommandContext {
  const CommandLine& line;
  std::ostream& out;  // Data.
  std::ostream& err;  // Progress, notes, errors.
  TextStyle out_style;
  TextStyle err_style;
  // The terminal that `err` is; null: it is none.
  std::function<TerminalSize()> terminal;
  // Columns of the terminal that `out` is; 0: it is none.
  size_t out_width = 0;
  const Clock& clock;
  EventLoop& loop;
  Environment env;
  FleetClient& client;
  // The fleet of this user on this machine; null when another controller was
  // named.
  LocalFleet* local = nullptr;
  // Shows a question and takes a line as its answer; null: nobody is there to
  // ask.
  std::function<std::string(const std::string& question)> ask = nullptr;
};

// "fleetctl: what", on stderr, and the exit code that fits. When no local
// fleet runs it says so.
ExitCode Fail(const CommandContext& context, const absl::Status& status);
ExitCode FailUsage(const CommandContext& context, std::string_view what);
void Note(const CommandContext& context, std::string_view what);

// Prints `message` on stdout when -o asks for json or yaml; false otherwise.
bool PrintMessage(const CommandContext& context,
                  const google::protobuf::Message& message);

// How tables are to be drawn on `out`, now.
TableView ViewOf(const CommandContext& context);

// Starts the local fleet if it is the one to talk to and does not run.
absl::Status EnsureFleet(const CommandContext& context);

// --request-id as it goes with an order for one app of several: one id is one
// change.
std::string RequestIdOf(const CommandContext& context, const std::string& app,
                        size_t apps);

// The exit code of two things that were done: the first that is not success.
ExitCode Worse(ExitCode first, ExitCode second);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_COMMAND_CONTEXT_H_
