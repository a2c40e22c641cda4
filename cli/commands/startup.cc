#include <pwd.h>
#include <unistd.h>

#include <filesystem>

#include "cli/commands/commands.h"
#include "cli/local/background_program.h"
#include "cli/local/startup_machine.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

absl::StatusOr<StartupFacts> FactsOf(const CommandContext& context,
                                     const StartupMachine& machine) {
  StartupFacts facts;
  facts.root = geteuid() == 0;
  const passwd* user = getpwuid(geteuid());
  if (user != nullptr) {
    facts.user = user->pw_name;
    facts.home = user->pw_dir;
  }
  facts.path = context.env("PATH");
  facts.state_home = context.env("XDG_STATE_HOME");
  facts.lingers =
      machine.Read("/var/lib/systemd/linger/" + facts.user).has_value();
  ASSIGN_OR_RETURN(const std::string self,
                   FindProgram("fleetctl", context.env("PATH")));
  facts.programs = std::filesystem::path(self).parent_path().string();
  facts.controller = context.line.controller.empty()
                         ? context.env("FLEET_CONTROLLER")
                         : context.line.controller;
  facts.insecure = context.line.insecure;
  facts.has_agent_settings = machine.Read("/etc/fleet/agent.env").has_value();
  facts.has_fleet_user = getpwnam("fleet") != nullptr;
  return facts;
}

ExitCode Change(const CommandContext& context, bool remove) {
  RealStartupMachine machine;
  const auto kind =
      ParseStartupKind(context.line.names.empty() ? "" : context.line.names[0]);
  if (!kind.ok()) return FailUsage(context, ToStd(kind.status().message()));
  const auto facts = FactsOf(context, machine);
  if (!facts.ok()) return Fail(context, facts.status());
  const auto plan =
      remove ? PlanUnstartup(*kind, *facts) : PlanStartup(*kind, *facts);
  if (!plan.ok()) return Fail(context, plan.status());
  if (context.line.dry_run) {
    context.out << PlanText(*plan, remove);
    return ExitCode::kSuccess;
  }
  const auto said =
      remove ? TakeBack(*plan, machine) : CarryOut(*plan, machine);
  if (!said.ok()) return Fail(context, said.status());
  context.err << *said << std::endl;
  return ExitCode::kSuccess;
}

}  // namespace

ExitCode RunStartup(const CommandContext& context) {
  return Change(context, /*remove=*/false);
}

ExitCode RunUnstartup(const CommandContext& context) {
  return Change(context, /*remove=*/true);
}

}  // namespace fleet::cli
