#include <algorithm>

#include "cli/commands/app_names.h"
#include "cli/commands/commands.h"
#include "cli/commands/host_names.h"
#include "cli/doctor/checkup.h"

namespace fleet::cli {
namespace {

std::string SourceOf(const CommandContext& context) {
  if (!context.line.controller.empty()) return "--controller";
  if (!context.env("FLEET_CONTROLLER").empty()) return "$FLEET_CONTROLLER";
  return "this user's fleet on this machine";
}

Checkup Ask(const CommandContext& context) {
  FleetClient& client = context.client;
  Checkup checkup;
  checkup.address = client.address();
  checkup.address_source = SourceOf(context);
  checkup.own_version = FLEET_VERSION;
  // The first call also connects.
  checkup.controller = client.Call(v1::GetControllerRequest());
  const absl::Time start = context.clock.Now();
  if (checkup.controller.ok()) {
    checkup.controller = client.Call(v1::GetControllerRequest());
  }
  checkup.round_trip = context.clock.Now() - start;
  checkup.now = context.clock.WallNow();
  if (!checkup.controller.ok()) return checkup;
  v1::ListHostsRequest hosts;
  hosts.set_selector(context.line.hosts);
  checkup.hosts = ListAllHosts(client, hosts);
  v1::CheckHostsRequest checks;
  checks.set_selector(context.line.hosts);
  checkup.checks = client.Call(checks);
  v1::ListAppsRequest apps;
  apps.set_omit_specs(true);
  apps.set_hosts(context.line.hosts);
  checkup.apps = ListAllApps(client, apps);
  v1::ListRolloutsRequest rollouts;
  rollouts.set_active_only(true);
  rollouts.set_page_size(1000);
  checkup.rollouts = client.Call(rollouts);
  return checkup;
}

}  // namespace

ExitCode RunDoctor(const CommandContext& context) {
  const std::vector<Finding> findings = Judge(Ask(context));
  context.out << (context.line.output == OutputFormat::kJson
                      ? FindingsJson(findings)
                      : FindingsText(findings, context.out_style,
                                     std::min<size_t>(context.out_width, 100)));
  return CountOf(findings, FindingState::kProblem) == 0 ? ExitCode::kSuccess
                                                        : ExitCode::kError;
}

}  // namespace fleet::cli
