#include "controller/access/issuer_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/access/http_get.h"
#include "controller/name_rules.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/settings.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr size_t kMostIssuers = 100;
constexpr size_t kMostRules = 1000;
constexpr absl::Duration kShortest = absl::Seconds(1);
constexpr absl::Duration kLongest = absl::Hours(24);

absl::Status ReadMatch(Settings claims, const Value& match, IssuerRule& rule) {
  for (const ValueEntry& entry : match.entries) {
    const std::string& name = entry.key;
    if (absl::Status s = CheckClaimName(name); !s.ok()) {
      claims.Refuse(name, ToStd(s.message()));
    }
    if (entry.value.kind == Value::Kind::kMap) {
      claims.Refuse(
          name, absl::StrCat("a claim within a map is named by its path: ",
                             name, ".NAME, or /", name,
                             "/NAME where names have dots, with the text that "
                             "it must be"));
    }
    rule.match[name] = claims.Texts(name).value_or(std::vector<std::string>());
    if (rule.match[name].empty()) claims.Refuse(name, "it is empty");
  }
  return claims.Finish();
}

absl::StatusOr<IssuerRule> ReadRule(const std::string& path, const Value& map,
                                    const std::string& what) {
  Settings settings(path, map, what);
  IssuerRule rule;
  if (const Value* match = settings.Map("match")) {
    RETURN_IF_ERROR(
        ReadMatch(Settings(path, *match, what + "match."), *match, rule));
  }
  if (rule.match.empty()) {
    settings.Refuse("match",
                    "it is missing; name the claims that a token must have, "
                    "else every token of the issuer would open this");
  }
  absl::StatusOr<Role> role = ParseRole(settings.RequiredText("role"));
  if (role.ok()) {
    rule.role = *role;
  } else {
    settings.Refuse("role", ToStd(role.status().message()));
  }
  rule.scope.apps = settings.Texts("apps").value_or(std::vector<std::string>());
  if (settings.Has("apps") && rule.scope.apps.empty()) {
    settings.Refuse("apps", "it is empty; leave it out for all apps");
  }
  rule.scope.hosts = settings.Text("hosts");
  absl::Status selector = ParseHostSelector(rule.scope.hosts).status();
  if (!selector.ok()) settings.Refuse("hosts", ToStd(selector.message()));
  rule.max_ttl = settings.Duration("max_ttl").value_or(rule.max_ttl);
  if (rule.max_ttl < kShortest || rule.max_ttl > kLongest) {
    settings.Refuse("max_ttl", "must be 1s to 24h");
  }
  RETURN_IF_ERROR(settings.Finish());
  return rule;
}

absl::Status CheckKeysAddress(const std::string& keys) {
  if (keys.starts_with('/')) return absl::OkStatus();
  ASSIGN_OR_RETURN(const HttpUrl url, ParseHttpUrl(keys));
  if (url.tls || url.IsLoopback()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "http is for loopback addresses only: who is in between could put keys "
      "of "
      "their own there; use https");
}

absl::StatusOr<TrustedIssuer> ReadIssuer(const std::string& path,
                                         const Value& map,
                                         const std::string& what) {
  Settings settings(path, map, what);
  TrustedIssuer issuer;
  issuer.name = settings.RequiredText("name");
  if (!issuer.name.empty() && !CheckHostName(issuer.name).ok()) {
    settings.Refuse("name", "use 1 to 63 of A-Z a-z 0-9 . _ -");
  }
  issuer.issuer = settings.RequiredText("issuer");
  issuer.audience = settings.RequiredText("audience");
  issuer.keys = settings.RequiredText("keys");
  if (absl::Status s = CheckKeysAddress(issuer.keys); !s.ok()) {
    settings.Refuse("keys", ToStd(s.message()));
  }
  issuer.authority = settings.Text("authority");
  const std::vector<Value>* rules = settings.Maps("rules");
  if (rules == nullptr || rules->empty() || rules->size() > kMostRules) {
    settings.Refuse("rules", "there must be 1 to 1,000 rules");
    rules = nullptr;
  }
  RETURN_IF_ERROR(settings.Finish());
  for (size_t i = 0; rules != nullptr && i < rules->size(); ++i) {
    ASSIGN_OR_RETURN(
        IssuerRule rule,
        ReadRule(path, (*rules)[i], absl::StrCat(what, "rules[", i, "].")));
    issuer.rules.push_back(std::move(rule));
  }
  return issuer;
}

bool AnyFits(const std::vector<std::string>& globs,
             const std::vector<std::string>& values) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return std::any_of(
        values.begin(), values.end(),
        [&](const std::string& value) { return GlobMatches(glob, value); });
  });
}

bool Fits(const IssuerRule& rule, const JsonWebToken& token) {
  return std::all_of(
      rule.match.begin(), rule.match.end(), [&](const auto& entry) {
        return AnyFits(entry.second, token.claims.Values(entry.first));
      });
}

}  // namespace

absl::StatusOr<std::vector<TrustedIssuer>> ReadIssuers(
    const std::string& path) {
  ASSIGN_OR_RETURN(const Value document, ReadSettingsFile(path));
  Settings settings(path, document);
  const std::vector<Value>* maps = settings.Maps("issuers");
  if (maps == nullptr || maps->size() > kMostIssuers) {
    settings.Refuse("issuers", "must be a list of at most 100 issuers");
  }
  RETURN_IF_ERROR(settings.Finish());
  std::vector<TrustedIssuer> issuers;
  std::set<std::string> seen;
  for (size_t i = 0; i < maps->size(); ++i) {
    const std::string what = absl::StrCat("issuers[", i, "].");
    ASSIGN_OR_RETURN(TrustedIssuer issuer, ReadIssuer(path, (*maps)[i], what));
    if (!seen.insert("name " + issuer.name).second ||
        !seen.insert("issuer " + issuer.issuer).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(PlaceText(path, (*maps)[i].place), what,
                       "name, issuer: there is another one of this name or "
                       "issuer before it"));
    }
    issuers.push_back(std::move(issuer));
  }
  return issuers;
}

const IssuerRule* FindRule(const TrustedIssuer& issuer,
                           const JsonWebToken& token) {
  auto it =
      std::find_if(issuer.rules.begin(), issuer.rules.end(),
                   [&](const IssuerRule& rule) { return Fits(rule, token); });
  return it == issuer.rules.end() ? nullptr : &*it;
}

}  // namespace fleet::controller
