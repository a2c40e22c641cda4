// What --role, --apps, --hosts and --ttl allow a person or program.
#ifndef FLEET_CLI_ACCESS_GRANT_H_
#define FLEET_CLI_ACCESS_GRANT_H_

#include "absl/status/status.h"
#include "cli/command_line.h"
#include "fleet/v1/access_service.pb.h"

namespace fleet::cli {

// INVALID_ARGUMENT, with the roles that there are, without a role that is one
// of them.
absl::Status SetGrant(const CommandLine& line, v1::Token& token);
// Without --ttl it is left to the controller.
void SetTtl(const CommandLine& line, v1::CreateTokenRequest& request);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ACCESS_GRANT_H_
