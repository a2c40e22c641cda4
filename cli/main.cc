// fleetctl: a client of Fleet's API for people and scripts.
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/access/controller_access.h"
#include "cli/command_line.h"
#include "cli/command_page.h"
#include "cli/commands/commands.h"
#include "cli/help_text.h"
#include "cli/man_page.h"
#include "proto/rpc/private_memory.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

std::string Ask(const std::string& question) {
  std::cerr << question << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

// Ends the process with the output written. What the client and the libraries
// would do at their own ends is for processes that go on: taking gRPC down
// joins six threads, which takes longer than the call of most commands.
[[noreturn]] void End(int code) {
  std::cout << std::flush;
  _exit(code);
}

int PrintHelp(const CommandLine& line) {
  if (line.page) {
    std::cout << CommandPage();
    return 0;
  }
  if (line.man_page) {
    std::cout << ManPage();
    return static_cast<int>(ExitCode::kSuccess);
  }
  const CommandDoc* command = FindCommand(line.command);
  std::cout << (command == nullptr ? OverviewHelp() : CommandHelp(*command));
  return static_cast<int>(ExitCode::kSuccess);
}

int Refuse(const absl::Status& status) {
  std::cerr << "fleetctl: " << status.message() << std::endl;
  return static_cast<int>(ExitCodeOf(status));
}

// `login` learns by itself what there is to know of a fleet; `user request`
// asks none.
absl::StatusOr<ControllerAccess> Access(const CommandLine& line,
                                        const Environment& env) {
  if (line.command == "login" || line.command == "user request")
    return ControllerAccess{"unix:/none"};
  ASSIGN_OR_RETURN(ControllerAccess access,
                   FindAccess({line.controller, line.context, line.token_file},
                              env, PathExists));
  if (!line.insecure) RETURN_IF_ERROR(LearnAuthority(access, env));
  return access;
}

int Main(const std::vector<std::string>& args) {
  const auto line = ParseCommandLine(args);
  if (!line.ok()) {
    std::cerr << "fleetctl: " << line.status().message() << std::endl;
    return static_cast<int>(ExitCode::kUsage);
  }
  if (line->help) return PrintHelp(*line);
  const Environment env = ProcessEnvironment;
  const auto access = Access(*line, env);
  if (!access.ok()) return Refuse(access.status());
  const auto client = FleetClient::Make(*access, line->insecure);
  if (!client.ok()) return Refuse(client.status());
  const SystemClock clock;
  EventLoop loop(clock);
  LocalFleet local(env, LocalSocketPath(env, PathExists));
  const bool live = IsTerminal(STDERR_FILENO, env);
  const CommandContext context{
      .line = *line,
      .out = std::cout,
      .err = std::cerr,
      .out_style = StyleOf(STDOUT_FILENO, env, line->no_color),
      .err_style = StyleOf(STDERR_FILENO, env, line->no_color),
      .terminal = live ? [] { return SizeOfTerminal(STDERR_FILENO); }
                       : std::function<TerminalSize()>(),
      .out_width = IsTerminal(STDOUT_FILENO, env)
                       ? SizeOfTerminal(STDOUT_FILENO).width
                       : 0,
      .clock = clock,
      .loop = loop,
      .env = env,
      .client = **client,
      .local = access->local ? &local : nullptr,
      .ask = live && isatty(STDIN_FILENO) != 0
                 ? Ask
                 : std::function<std::string(const std::string&)>(),
  };
  End(static_cast<int>(RunCommand(context)));
}

}  // namespace
}  // namespace fleet::cli

int main(int argc, char** argv) {
  fleet::KeepMemoryPrivate();
  // gRPC's own messages are not for our users.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::ios::sync_with_stdio(false);
  // Else each of gRPC's threads gets an arena of its own, mapped and trimmed.
  mallopt(M_ARENA_MAX, 1);
  fleet::cli::End(
      fleet::cli::Main(std::vector<std::string>(argv + 1, argv + argc)));
}
