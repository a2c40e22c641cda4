#include "controller/access_proto.h"

#include "proto/rpc/proto_time.h"
#include "proto/rpc/role_proto.h"

namespace fleet::controller {
namespace {

v1::TokenKind ToProto(TokenKind kind) {
  switch (kind) {
    case TokenKind::kApi:
      return v1::TOKEN_KIND_API;
    case TokenKind::kJoin:
      return v1::TOKEN_KIND_JOIN;
    case TokenKind::kCertificate:
      return v1::TOKEN_KIND_CERTIFICATE;
    case TokenKind::kIssued:
      return v1::TOKEN_KIND_ISSUED;
  }
  return v1::TOKEN_KIND_UNSPECIFIED;
}

v1::TokenState ToProto(TokenState state) {
  switch (state) {
    case TokenState::kValid:
      return v1::TOKEN_STATE_VALID;
    case TokenState::kUsed:
      return v1::TOKEN_STATE_USED;
    case TokenState::kExpired:
      return v1::TOKEN_STATE_EXPIRED;
    case TokenState::kRevoked:
      return v1::TOKEN_STATE_REVOKED;
  }
  return v1::TOKEN_STATE_UNSPECIFIED;
}

}  // namespace

v1::Token ToProto(const TokenRecord& record, absl::Time now) {
  v1::Token token;
  token.set_id(record.id);
  token.set_name(record.name);
  token.set_kind(ToProto(record.kind));
  token.set_role(fleet::ToProto(record.role));
  token.mutable_apps()->Add(record.scope.apps.begin(), record.scope.apps.end());
  token.set_hosts(record.scope.hosts);
  token.set_host(record.host);
  token.set_issued_id(record.issued_id);
  token.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  *token.mutable_create_time() = ToProtoTimestamp(record.create_time);
  *token.mutable_expire_time() = ToProtoTimestamp(record.expire_time);
  token.set_created_by(record.created_by);
  if (record.last_use != absl::InfinitePast()) {
    *token.mutable_last_use_time() = ToProtoTimestamp(record.last_use);
  }
  token.set_state(ToProto(record.StateAt(now)));
  return token;
}

TokenRecord FromProto(const v1::Token& token) {
  TokenRecord record;
  record.name = token.name();
  record.kind =
      token.kind() == v1::TOKEN_KIND_JOIN ? TokenKind::kJoin : TokenKind::kApi;
  record.role = fleet::FromProto(token.role());
  record.scope.apps.assign(token.apps().begin(), token.apps().end());
  record.scope.hosts = token.hosts();
  record.host = token.host();
  record.labels.insert(token.labels().begin(), token.labels().end());
  return record;
}

v1::AuditRecord ToProto(const AuditRecord& record) {
  v1::AuditRecord message;
  message.set_seq(record.seq);
  *message.mutable_time() = ToProtoTimestamp(record.time);
  message.set_actor(record.actor);
  message.set_peer(record.peer);
  message.set_method(record.method);
  message.set_subject(record.subject);
  message.set_hosts(record.hosts);
  message.set_outcome(record.outcome);
  message.set_hash(record.hash);
  message.set_epoch(record.epoch);
  message.set_rollout(record.rollout);
  return message;
}

}  // namespace fleet::controller
