// What a signed token says of who brings it.
#ifndef FLEET_CONTROLLER_ACCESS_TOKEN_CLAIMS_H_
#define FLEET_CONTROLLER_ACCESS_TOKEN_CLAIMS_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace fleet::controller {

// The claims of a token (RFC 7519, 4), found by the names that rules give them:
//   repository                   a claim of that very name, dots or not
//   kubernetes.io.namespace      else: a claim within maps, the names with dots
//                                between; when such a name can be read in two
//                                ways that both exist, it is neither
//   /kubernetes.io/namespace     exactly that (RFC 6901: ~1 is a slash within a
//                                name, ~0 a tilde)
// A value. Nothing of it is to be believed before the signature is verified.
class TokenClaims {
 public:
  TokenClaims() = default;
  // A JSON object.
  explicit TokenClaims(nlohmann::json claims) : claims_(std::move(claims)) {}

  // A text, number or bool as one text, a list of them as several. None for
  // what is not there, is a map, or is a text that could be mistaken for
  // another (above 1,000 bytes, with control characters).
  std::vector<std::string> Values(std::string_view name) const;

  // All of them as /NAME=VALUE, for whoever has to write a rule; at most about
  // 4 KiB and eight maps deep.
  std::string Describe() const;

 private:
  nlohmann::json claims_ = nlohmann::json::object();
};

// A text of a token that may stand in a record: short, and of one line.
bool IsPlainText(const std::string& text);

// INVALID_ARGUMENT: no claim can have such a name.
absl::Status CheckClaimName(std::string_view name);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_TOKEN_CLAIMS_H_
