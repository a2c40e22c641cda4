// What a caller of the API may do.
#ifndef FLEET_PROTO_RPC_ROLE_H_
#define FLEET_PROTO_RPC_ROLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fleet {

// kViewer < kOperator < kDeployer < kAdmin: each may do what those before it
// may. kAgent is apart: a host's own agent, and nothing else.
// fleet/v1/permission.proto says what each may do.
enum class Role { kNone, kAgent, kViewer, kOperator, kDeployer, kAdmin };

// "viewer" …
const char* Name(Role role);
// Of those a person or program can have. INVALID_ARGUMENT lists them.
absl::StatusOr<Role> ParseRole(std::string_view name);

// What a role is limited to. Empty: no limit.
struct AccessScope {
  // Globs of app names.
  std::vector<std::string> apps;
  // A host selector.
  std::string hosts;

  bool AllowsApp(const std::string& app) const;
  bool unlimited() const { return apps.empty() && hosts.empty(); }
  bool operator==(const AccessScope&) const = default;
};

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_ROLE_H_
