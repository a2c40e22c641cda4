#include "proto/rpc/role_proto.h"

namespace fleet {

v1::Role ToProto(Role role) {
  switch (role) {
    case Role::kNone:
      return v1::ROLE_UNSPECIFIED;
    case Role::kAgent:
      return v1::ROLE_AGENT;
    case Role::kViewer:
      return v1::ROLE_VIEWER;
    case Role::kOperator:
      return v1::ROLE_OPERATOR;
    case Role::kDeployer:
      return v1::ROLE_DEPLOYER;
    case Role::kAdmin:
      return v1::ROLE_ADMIN;
  }
  return v1::ROLE_UNSPECIFIED;
}

Role FromProto(v1::Role role) {
  for (Role candidate : {Role::kAgent, Role::kViewer, Role::kOperator,
                         Role::kDeployer, Role::kAdmin}) {
    if (ToProto(candidate) == role) return candidate;
  }
  return Role::kNone;
}

}  // namespace fleet
