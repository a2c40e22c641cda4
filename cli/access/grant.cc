#include "cli/access/grant.h"

#include "proto/rpc/proto_time.h"
#include "proto/rpc/role_proto.h"
#include "proto/rpc/status.h"

namespace fleet::cli {

absl::Status SetGrant(const CommandLine& line, v1::Token& token) {
  absl::StatusOr<Role> role = ParseRole(line.role);
  if (!role.ok()) return Annotate(role.status(), "--role");
  token.set_role(ToProto(*role));
  token.mutable_apps()->Add(line.apps.begin(), line.apps.end());
  token.set_hosts(line.hosts);
  return absl::OkStatus();
}

void SetTtl(const CommandLine& line, v1::CreateTokenRequest& request) {
  if (line.ttl == absl::ZeroDuration()) return;
  *request.mutable_ttl() = ToProtoDuration(line.ttl);
}

}  // namespace fleet::cli
