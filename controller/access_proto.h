// Tokens and audit records ↔ their messages.
#ifndef FLEET_CONTROLLER_ACCESS_PROTO_H_
#define FLEET_CONTROLLER_ACCESS_PROTO_H_

#include "controller/access/audit_log.h"
#include "controller/access/token_record.h"
#include "fleet/v1/access_service.pb.h"
#include "fleet/v1/audit_service.pb.h"

namespace fleet::controller {

// As it is at `now` (calendar time).
v1::Token ToProto(const TokenRecord& record, absl::Time now);
// What a client may choose of a token.
TokenRecord FromProto(const v1::Token& token);
v1::AuditRecord ToProto(const AuditRecord& record);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_PROTO_H_
