#include "controller/access/json_web_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using nlohmann::json;

constexpr size_t kMostTokenBytes = 16 << 10;
// Seconds since 1970 that a time can be made of: up to the year 9999.
constexpr double kLatest = 253402300799;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("it is not a signed JSON Web Token: ", ToAbsl(what)));
}

absl::StatusOr<std::string> Decode(absl::string_view part) {
  std::string bytes;
  // RFC 7515, 2: without padding.
  if (part.empty() || part.find('=') != part.npos ||
      !absl::WebSafeBase64Unescape(part, &bytes)) {
    return Malformed("a part is not base64url");
  }
  return bytes;
}

absl::Status DecodeMap(absl::string_view part, json& map) {
  ASSIGN_OR_RETURN(const std::string text, Decode(part));
  map = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (map.is_object()) return absl::OkStatus();
  return Malformed("a part is not a JSON object");
}

std::string TextOf(const json& map, const char* key) {
  auto it = map.find(key);
  return it != map.end() && it->is_string() ? it->get<std::string>() : "";
}

absl::StatusOr<SignatureAlgorithm> AlgorithmOf(const json& header) {
  const std::string name = TextOf(header, "alg");
  if (name == "RS256") return SignatureAlgorithm::kRs256;
  if (name == "ES256") return SignatureAlgorithm::kEs256;
  if (name == "EdDSA") return SignatureAlgorithm::kEdDsa;
  return absl::InvalidArgumentError(absl::StrCat(
      "its algorithm is ", name.empty() ? "missing" : absl::CHexEscape(name),
      "; only RS256, ES256 and EdDSA are accepted"));
}

absl::Status ReadTime(const json& claims, const char* key,
                      std::optional<absl::Time>& time) {
  auto it = claims.find(key);
  if (it == claims.end()) return absl::OkStatus();
  if (!it->is_number()) return Malformed(absl::StrCat(key, " is no number"));
  const auto seconds = it->get<double>();
  if (!(seconds >= 0 && seconds <= kLatest)) {
    return Malformed(absl::StrCat(key, " is no time"));
  }
  time = absl::UnixEpoch() + absl::Seconds(seconds);
  return absl::OkStatus();
}

absl::Status ReadClaims(json claims, JsonWebToken& token) {
  token.issuer = TextOf(claims, "iss");
  token.subject = TextOf(claims, "sub");
  token.id = TextOf(claims, "jti");
  if (token.issuer.empty()) return Malformed("it names no issuer (iss)");
  if (token.subject.empty() || !IsPlainText(token.subject)) {
    return Malformed(
        "its subject (sub) is missing, too long, or no plain text");
  }
  if (!IsPlainText(token.id)) return Malformed("its jti is no plain text");
  RETURN_IF_ERROR(ReadTime(claims, "exp", token.expire_time));
  RETURN_IF_ERROR(ReadTime(claims, "iat", token.issue_time));
  RETURN_IF_ERROR(ReadTime(claims, "nbf", token.not_before));
  token.claims = TokenClaims(std::move(claims));
  token.audience = token.claims.Values("/aud");
  return absl::OkStatus();
}

absl::Status Refused(std::string_view why) {
  return absl::UnauthenticatedError(ToAbsl(why));
}

}  // namespace

bool LooksLikeJsonWebToken(std::string_view text) {
  // {" in base64url, whatever follows.
  return text.starts_with("ey") &&
         std::count(text.begin(), text.end(), '.') == 2;
}

absl::StatusOr<JsonWebToken> ParseJsonWebToken(std::string_view text) {
  if (text.size() > kMostTokenBytes)
    return Malformed("it has more than 16 KiB");
  const std::vector<absl::string_view> parts =
      absl::StrSplit(ToAbsl(text), '.');
  if (parts.size() != 3) return Malformed("it has not three parts");
  JsonWebToken token;
  json header;
  RETURN_IF_ERROR(DecodeMap(parts[0], header));
  // RFC 7515, 4.1.11: what must be understood and is not.
  if (header.contains("crit")) return Malformed("it has critical extensions");
  ASSIGN_OR_RETURN(token.algorithm, AlgorithmOf(header));
  token.key_id = TextOf(header, "kid");
  json claims;
  RETURN_IF_ERROR(DecodeMap(parts[1], claims));
  RETURN_IF_ERROR(ReadClaims(std::move(claims), token));
  ASSIGN_OR_RETURN(token.signature, Decode(parts[2]));
  token.signed_part = absl::StrCat(parts[0], ".", parts[1]);
  return token;
}

absl::Status CheckTimesAndAudience(const JsonWebToken& token,
                                   const std::string& audience,
                                   absl::Time now) {
  if (!token.expire_time.has_value() || !token.issue_time.has_value()) {
    return Refused("it does not say when it was issued (iat) and ends (exp)");
  }
  if (now >= *token.expire_time + kClockSkew) {
    return Refused(
        absl::StrCat("it ended at ", absl::FormatTime(*token.expire_time)));
  }
  if (*token.issue_time > now + kClockSkew ||
      token.not_before.value_or(absl::InfinitePast()) > now + kClockSkew) {
    return Refused("it is not valid yet; is the controller's clock right?");
  }
  const bool meant = std::find(token.audience.begin(), token.audience.end(),
                               audience) != token.audience.end();
  if (!meant) {
    return Refused(
        absl::StrCat("it is not for this controller: its audience "
                     "(aud) must be ",
                     audience));
  }
  return absl::OkStatus();
}

}  // namespace fleet::controller
