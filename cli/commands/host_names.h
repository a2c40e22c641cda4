// Which hosts the user means.
#ifndef FLEET_CLI_COMMANDS_HOST_NAMES_H_
#define FLEET_CLI_COMMANDS_HOST_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/commands/command_context.h"

namespace fleet::cli {

// All pages.
absl::StatusOr<v1::ListHostsResponse> ListAllHosts(
    FleetClient& client, v1::ListHostsRequest request);

// The hosts that a selector picks. NOT_FOUND when it picks none, with the name
// that may have been meant.
absl::StatusOr<std::vector<std::string>> ResolveHostNames(
    const CommandContext& context, const std::string& selector);

}  // namespace fleet::cli

#endif  // FLEET_CLI_COMMANDS_HOST_NAMES_H_
