// Which tokens of other issuers (OIDC, e.g. of a CI system) open what.
#ifndef FLEET_CONTROLLER_ACCESS_ISSUER_RULES_H_
#define FLEET_CONTROLLER_ACCESS_ISSUER_RULES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/json_web_token.h"
#include "proto/rpc/role.h"

namespace fleet::controller {

// A token fits when every claim that is named here (TokenClaims says how) has a
// value that one of its globs matches; of a claim that is a list, one of its
// texts is enough. `*` matches slashes, too.
struct IssuerRule {
  std::map<std::string, std::vector<std::string>> match;  // Never empty.
  Role role = Role::kNone;
  AccessScope scope;
  // From when the token was issued, however long it says that it is good.
  absl::Duration max_ttl = absl::Hours(1);

  bool operator==(const IssuerRule&) const = default;
};

struct TrustedIssuer {
  std::string name;      // Ours; the audit log's actor begins with it.
  std::string issuer;    // The claim `iss`, exactly.
  std::string audience;  // That the token must be for.
  // Where its keys (JWKS) are: an absolute path, or a URL with https; with http
  // on loopback alone.
  std::string keys;
  // PEM file of the authority that signs the certificate of that address;
  // empty: the system's.
  std::string authority;
  std::vector<IssuerRule> rules;  // The first that fits counts.

  bool operator==(const TrustedIssuer&) const = default;
};

// The file of --issuers (docs/access.md has an example). At most 100 issuers
// with 1,000 rules each. INVALID_ARGUMENT names the place; other errors as
// ReadSettingsFile.
absl::StatusOr<std::vector<TrustedIssuer>> ReadIssuers(const std::string& path);

// nullptr: none fits.
const IssuerRule* FindRule(const TrustedIssuer& issuer,
                           const JsonWebToken& token);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_ISSUER_RULES_H_
