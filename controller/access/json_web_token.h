// Signed tokens of other issuers (RFC 7519, in the compact form of RFC 7515).
#ifndef FLEET_CONTROLLER_ACCESS_JSON_WEB_TOKEN_H_
#define FLEET_CONTROLLER_ACCESS_JSON_WEB_TOKEN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/token_claims.h"

namespace fleet::controller {

// "none", and those with a shared key (HS256 …), are none of them.
enum class SignatureAlgorithm { kRs256, kEs256, kEdDsa };

// What a token says. Nothing of it is to be believed before its signature is
// verified.
struct JsonWebToken {
  SignatureAlgorithm algorithm = SignatureAlgorithm::kRs256;
  std::string key_id;  // Empty: it names none.
  std::string issuer;
  std::string subject;
  std::string id;  // jti; empty: it has none.
  std::vector<std::string> audience;
  std::optional<absl::Time> expire_time;
  std::optional<absl::Time> issue_time;
  std::optional<absl::Time> not_before;
  TokenClaims claims;

  std::string signed_part;
  std::string signature;  // Its bytes.
};

// Three parts between dots, the first of which begins as JSON does: not one of
// our own tokens.
bool LooksLikeJsonWebToken(std::string_view text);

// INVALID_ARGUMENT says what is wrong with it; at most 16 KiB.
absl::StatusOr<JsonWebToken> ParseJsonWebToken(std::string_view text);

// Its times, with a minute for clocks that differ, and that `audience` is among
// those that it is for. UNAUTHENTICATED says what does not fit. Pure; `now` is
// calendar time.
absl::Status CheckTimesAndAudience(const JsonWebToken& token,
                                   const std::string& audience, absl::Time now);

inline constexpr absl::Duration kClockSkew = absl::Minutes(1);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_JSON_WEB_TOKEN_H_
