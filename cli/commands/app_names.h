// Which apps the user means.
#ifndef FLEET_CLI_COMMANDS_APP_NAMES_H_
#define FLEET_CLI_COMMANDS_APP_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/fleet_client.h"

namespace fleet::cli {

// Names as they are, globs and "all" as the apps they match now; each once.
// NOT_FOUND when a glob matches none, or there are none at all.
absl::StatusOr<std::vector<std::string>> ResolveAppNames(
    FleetClient& client, const std::vector<std::string>& names);

// All pages.
absl::StatusOr<v1::ListAppsResponse> ListAllApps(FleetClient& client,
                                                 v1::ListAppsRequest request);

// `error` as it is, unless it says that `name` is not known; then with the
// name that may have been meant.
absl::Status SuggestApp(FleetClient& client, const std::string& name,
                        const absl::Status& error);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_APP_NAMES_H_
