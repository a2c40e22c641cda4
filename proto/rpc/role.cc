#include "proto/rpc/role.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"

namespace fleet {

const char* Name(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kAgent:
      return "agent";
    case Role::kViewer:
      return "viewer";
    case Role::kOperator:
      return "operator";
    case Role::kDeployer:
      return "deployer";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

absl::StatusOr<Role> ParseRole(std::string_view name) {
  for (Role role :
       {Role::kViewer, Role::kOperator, Role::kDeployer, Role::kAdmin}) {
    if (name == Name(role)) return role;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ToAbsl(name),
                   "\" is not a role: viewer, operator, deployer or admin"));
}

bool AccessScope::AllowsApp(const std::string& app) const {
  return apps.empty() ||
         std::any_of(apps.begin(), apps.end(), [&](const std::string& glob) {
           return GlobMatches(glob, app);
         });
}

}  // namespace fleet
