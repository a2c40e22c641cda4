// The role in --role.
#ifndef FLEET_CLI_ACCESS_ROLE_ARGUMENT_H_
#define FLEET_CLI_ACCESS_ROLE_ARGUMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "fleet/v1/permission.pb.h"

namespace fleet::cli {

// INVALID_ARGUMENT lists those that there are.
absl::StatusOr<v1::Role> RoleArgument(const std::string& name);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ACCESS_ROLE_ARGUMENT_H_
