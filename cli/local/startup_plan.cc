#include "cli/local/startup_plan.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/local/systemd_units.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr char kSystemUnits[] = "/etc/systemd/system/";
constexpr char kAgentSettings[] = "/etc/fleet/agent.env";
constexpr char kAgentState[] = "/var/lib/fleet/agent";

// A line of a unit; nothing for an empty value (systemd.syntax(7)).
std::string EnvironmentLine(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return absl::StrCat(
      "Environment=\"", ToAbsl(name), "=",
      absl::StrReplaceAll(ToAbsl(value),
                          {{"\\", "\\\\"}, {"\"", "\\\""}, {"%", "%%"}}),
      "\"\n");
}

std::string UserFleetUnit(const StartupFacts& facts) {
  return absl::StrCat(
      "# The fleet of ", facts.user,
      " on this machine: controller, agent and its workers.\n"
      "[Unit]\n"
      "Description=Fleet of ",
      facts.user, "\n",
      // A user's systemd knows no such target.
      facts.root ? "After=network-online.target\nWants=network-online.target\n"
                 : "",
      "\n[Service]\n"
      "Type=oneshot\n"
      "RemainAfterExit=yes\n"
      "ExecStart=",
      facts.programs, "/fleetctl up\n", "ExecStop=", facts.programs,
      "/fleetctl down\n", EnvironmentLine("HOME", facts.root ? facts.home : ""),
      EnvironmentLine("PATH", facts.path),
      EnvironmentLine("XDG_STATE_HOME", facts.state_home),
      "# fleetctl down ends what it started, workers in their own way.\n"
      "KillMode=process\n"
      "TimeoutStopSec=150\n"
      "LimitNOFILE=1048576\n"
      "TasksMax=infinity\n"
      "Delegate=yes\n\n"
      "[Install]\n",
      "WantedBy=", facts.root ? "multi-user.target" : "default.target", "\n");
}

std::string WithPrograms(std::string_view unit, const StartupFacts& facts) {
  return absl::StrReplaceAll(ToAbsl(unit),
                             {{"/usr/bin/", facts.programs + "/"}});
}

std::string UnitName(StartupKind kind) {
  switch (kind) {
    case StartupKind::kUserFleet:
      return "fleet.service";
    case StartupKind::kAgent:
      return "fleet-agent.service";
    case StartupKind::kController:
      return "fleet-controller.service";
  }
  return "";
}

std::string UnitPath(StartupKind kind, const StartupFacts& facts) {
  const bool own = kind == StartupKind::kUserFleet && !facts.root;
  return absl::StrCat(
      own ? facts.home + "/.config/systemd/user/" : kSystemUnits,
      UnitName(kind));
}

// Of this user's own systemd, or of the system's.
std::vector<std::string> Systemctl(StartupKind kind, const StartupFacts& facts,
                                   const std::vector<std::string>& words) {
  std::vector<std::string> command = {"systemctl"};
  if (kind == StartupKind::kUserFleet && !facts.root) {
    command.emplace_back("--user");
  }
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

absl::Status CheckCaller(StartupKind kind, const StartupFacts& facts) {
  if (kind == StartupKind::kUserFleet || facts.root) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "only root installs ", UnitName(kind), "; run the same with sudo"));
}

absl::Status AddAgentSettings(const StartupFacts& facts, StartupPlan& plan) {
  if (!facts.controller.empty()) {
    plan.files.push_back(
        {kAgentSettings,
         absl::StrCat("FLEET_AGENT_FLAGS=--controller ", facts.controller,
                      facts.insecure ? " --insecure" : "", "\n")});
    return absl::OkStatus();
  }
  if (facts.has_agent_settings) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("startup agent needs --controller ADDRESS (or "
                   "FLEET_CONTROLLER), which goes to ",
                   kAgentSettings));
}

}  // namespace

absl::StatusOr<StartupKind> ParseStartupKind(std::string_view word) {
  if (word.empty() || word == "fleet") return StartupKind::kUserFleet;
  if (word == "agent") return StartupKind::kAgent;
  if (word == "controller") return StartupKind::kController;
  // PM2 takes the name of an init system.
  if (word == "systemd") return StartupKind::kUserFleet;
  return absl::InvalidArgumentError(
      absl::StrCat("expected agent or controller (or nothing, for this user's "
                   "own fleet), found \"",
                   ToAbsl(word), "\""));
}

absl::StatusOr<StartupPlan> PlanStartup(StartupKind kind,
                                        const StartupFacts& facts) {
  RETURN_IF_ERROR(CheckCaller(kind, facts));
  StartupPlan plan;
  plan.unit = UnitName(kind);
  const std::string path = UnitPath(kind, facts);
  switch (kind) {
    case StartupKind::kUserFleet:
      plan.files.push_back({path, UserFleetUnit(facts)});
      break;
    case StartupKind::kAgent:
      plan.files.push_back({path, WithPrograms(AgentUnit(), facts)});
      RETURN_IF_ERROR(AddAgentSettings(facts, plan));
      break;
    case StartupKind::kController:
      plan.files.push_back({path, WithPrograms(ControllerUnit(), facts)});
      if (!facts.has_fleet_user) {
        plan.commands.push_back({"useradd", "--system", "--user-group",
                                 "--home-dir", "/var/lib/fleet", "--shell",
                                 "/usr/sbin/nologin", "fleet"});
      }
      break;
  }
  if (kind == StartupKind::kUserFleet && !facts.root && !facts.lingers) {
    // At boot, not at the first login; it also starts the user's systemd.
    plan.commands.push_back({"loginctl", "enable-linger", facts.user});
  }
  plan.commands.push_back(Systemctl(kind, facts, {"daemon-reload"}));
  plan.commands.push_back(
      Systemctl(kind, facts, {"enable", "--now", plan.unit}));
  return plan;
}

absl::StatusOr<StartupPlan> PlanUnstartup(StartupKind kind,
                                          const StartupFacts& facts) {
  RETURN_IF_ERROR(CheckCaller(kind, facts));
  StartupPlan plan;
  plan.unit = UnitName(kind);
  plan.commands.push_back(
      Systemctl(kind, facts, {"disable", "--now", plan.unit}));
  if (kind == StartupKind::kAgent) {
    // What runs while systemd is between a crash and its restart.
    plan.commands.push_back({facts.programs + "/fleet-keeper", "--stop-rest",
                             "--state-dir", kAgentState, "--",
                             facts.programs + "/fleet-agent", "--state-dir",
                             kAgentState});
  }
  plan.files.push_back({UnitPath(kind, facts), ""});
  plan.commands.push_back(Systemctl(kind, facts, {"daemon-reload"}));
  return plan;
}

std::string PlanText(const StartupPlan& plan, bool remove) {
  std::string files;
  for (const StartupFile& file : plan.files) {
    if (remove) {
      absl::StrAppend(&files, "rm ", file.path, "\n");
    } else {
      absl::StrAppend(&files, "# ", file.path, "\n", file.text, "\n");
    }
  }
  std::string commands;
  for (const auto& command : plan.commands) {
    absl::StrAppend(&commands, absl::StrJoin(command, " "), "\n");
  }
  return remove ? commands + files : files + commands;
}

}  // namespace fleet::cli
