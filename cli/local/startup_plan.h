// What `fleetctl startup` and `unstartup` do to a machine, before it is done.
#ifndef FLEET_CLI_LOCAL_STARTUP_PLAN_H_
#define FLEET_CLI_LOCAL_STARTUP_PLAN_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fleet::cli {

enum class StartupKind {
  // The fleet of one user on this machine: `fleetctl up` at boot.
  kUserFleet,
  kAgent,
  kController,
};

// "agent", "controller", or "" and "fleet" for the user's own.
absl::StatusOr<StartupKind> ParseStartupKind(std::string_view word);

// What is known of the machine and the caller.
struct StartupFacts {
  bool root = false;
  std::string user;
  std::string home;
  // PATH and XDG_STATE_HOME of the caller: where the workers of the user's own
  // fleet find their programs, and where its state is. Empty: not set.
  std::string path;
  std::string state_home;
  // The user's services run without a login already.
  bool lingers = false;
  // Folder of fleetctl, fleet-keeper, fleet-agent and fleet-controller.
  std::string programs;
  // For an agent: its controller; empty: not given.
  std::string controller;
  bool insecure = false;
  // A settings file of the agent is there already.
  bool has_agent_settings = false;
  // The user that the controller runs as is there.
  bool has_fleet_user = false;
};

struct StartupFile {
  std::string path;
  std::string text;
};

struct StartupPlan {
  std::string unit;
  // Written where they differ from what is there. Of an unstartup: removed.
  std::vector<StartupFile> files;
  // Run in this order, each program and arguments.
  std::vector<std::vector<std::string>> commands;
};

// Pure. FAILED_PRECONDITION: only root may; INVALID_ARGUMENT: an agent without
// a controller.
absl::StatusOr<StartupPlan> PlanStartup(StartupKind kind,
                                        const StartupFacts& facts);
// Stops and disables the unit and removes its file; state and settings stay.
absl::StatusOr<StartupPlan> PlanUnstartup(StartupKind kind,
                                          const StartupFacts& facts);

// Files and commands as a shell script would do it, for --dry-run.
std::string PlanText(const StartupPlan& plan, bool remove);

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_STARTUP_PLAN_H_
