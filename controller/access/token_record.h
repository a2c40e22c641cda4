// A token as the controller keeps it: everything but the token.
#ifndef FLEET_CONTROLLER_ACCESS_TOKEN_RECORD_H_
#define FLEET_CONTROLLER_ACCESS_TOKEN_RECORD_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "proto/rpc/role.h"

namespace fleet::controller {

// kApi: sent with every call. kJoin: lets one machine in, once. kCertificate: a
// user's certificate, kept as a token is. kIssued: tokens of another issuer,
// which are known here only once they have been revoked.
enum class TokenKind { kApi, kJoin, kCertificate, kIssued };

// kValid → kUsed (kJoin) | kRevoked; kValid becomes kExpired by time.
enum class TokenState { kValid, kUsed, kExpired, kRevoked };

// Times are calendar ones.
struct TokenRecord {
  std::string id;
  // SHA-256 in hex: of the secret, or of the certificate in DER.
  std::string hash;
  // kIssued: a glob of their actors ("ISSUER:SUBJECT").
  std::string name;
  TokenKind kind = TokenKind::kApi;
  Role role = Role::kNone;
  AccessScope scope;
  // kJoin: the host it admits, and labels that stay with it.
  std::string host;
  std::map<std::string, std::string> labels;
  // kIssued: the one with this id (jti); empty: all of the name.
  std::string issued_id;
  // kIssued: when they were revoked, and when the last of them is over.
  absl::Time create_time;
  absl::Time expire_time;
  std::string created_by;
  absl::Time last_use = absl::InfinitePast();
  bool used = false;
  bool revoked = false;

  TokenState StateAt(absl::Time now) const {
    if (revoked) return TokenState::kRevoked;
    if (used) return TokenState::kUsed;
    return now >= expire_time ? TokenState::kExpired : TokenState::kValid;
  }
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_TOKEN_RECORD_H_
