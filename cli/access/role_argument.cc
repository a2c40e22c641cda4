#include "cli/access/role_argument.h"

#include "proto/rpc/role.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

absl::StatusOr<v1::Role> RoleArgument(const std::string& name) {
  absl::StatusOr<Role> role = ParseRole(name);
  if (!role.ok()) return Annotate(role.status(), "--role");
  switch (*role) {
    case Role::kViewer:
      return v1::ROLE_VIEWER;
    case Role::kOperator:
      return v1::ROLE_OPERATOR;
    case Role::kDeployer:
      return v1::ROLE_DEPLOYER;
    case Role::kAdmin:
      return v1::ROLE_ADMIN;
    case Role::kNone:
    case Role::kAgent:
      break;
  }
  return absl::InvalidArgumentError("--role: nobody can have it");
}

}  // namespace fleet::cli
