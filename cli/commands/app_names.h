// Which apps the user means.
#ifndef FLEET_CLI_COMMANDS_APP_NAMES_H_
#define FLEET_CLI_COMMANDS_APP_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/app_choice.h"
#include "cli/commands/command_context.h"
#include "cli/fleet_client.h"

namespace fleet::cli {

// What `words` mean (ChooseApps) among the apps there are now. One call.
absl::StatusOr<std::vector<ChosenApp>> ResolveInstances(
    const CommandContext& context, const std::vector<std::string>& words);

// Whole apps among what was chosen, and single instances.
std::vector<ChosenApp> WholeApps(const std::vector<ChosenApp>& chosen);
std::vector<ChosenApp> SingleInstances(const std::vector<ChosenApp>& chosen);
std::vector<ChosenApp> AsChosen(const std::vector<std::string>& names);

// The same for a command that is about whole apps. INVALID_ARGUMENT when a
// word means one instance.
absl::StatusOr<std::vector<std::string>> ResolveAppNames(
    const CommandContext& context, const std::vector<std::string>& words);

// For a command that takes one app.
absl::StatusOr<std::string> ResolveAppName(const CommandContext& context,
                                           const std::string& word);

// The apps that context.line.names mean (none: all) with their instances on
// the hosts of --hosts. Of an app of which single instances are meant, only
// those are there.
absl::StatusOr<v1::ListAppsResponse> ListChosenApps(
    const CommandContext& context);

// Leaves out the instances that are not meant, as if the app had no other.
void KeepSlot(const ChosenApp& choice, v1::App& app);

// All pages.
absl::StatusOr<v1::ListAppsResponse> ListAllApps(FleetClient& client,
                                                 v1::ListAppsRequest request);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APP_NAMES_H_
