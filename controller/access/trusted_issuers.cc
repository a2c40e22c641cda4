#include "controller/access/trusted_issuers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/access/http_get.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

absl::Status NotAccepted(std::string_view why) {
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      absl::StrCat("the OIDC token is not accepted: ", ToAbsl(why)),
      {"TOKEN_INVALID", {}});
}

}  // namespace

absl::StatusOr<std::string> FetchIssuerKeys(const TrustedIssuer& issuer) {
  if (issuer.keys.starts_with('/')) {
    // Whose key is in it is who may call.
    RETURN_IF_ERROR(CheckWriters(issuer.keys));
    return ReadWholeFile(issuer.keys);
  }
  ASSIGN_OR_RETURN(const HttpUrl url, ParseHttpUrl(issuer.keys));
  HttpGetOptions options;
  options.authority = issuer.authority;
  return HttpGet(url, options);
}

TrustedIssuers::TrustedIssuers(EventLoop& loop, std::string path,
                               FetchKeys fetch)
    : loop_(loop), path_(std::move(path)), fetch_(std::move(fetch)) {}

TrustedIssuers::~TrustedIssuers() {
  *alive_ = false;
  loop_.CancelTimer(timer_);
  for (auto& [name, fetch] : fetches_) fetch.join();
}

absl::Status TrustedIssuers::Load() {
  ASSIGN_OR_RETURN(std::vector<TrustedIssuer> issuers, ReadIssuers(path_));
  std::vector<Source> before = std::exchange(sources_, {});
  bool changed = before.size() != issuers.size();
  for (size_t i = 0; i < issuers.size(); ++i) {
    changed = changed || before[i].issuer != issuers[i];
    Source& source = sources_.emplace_back();
    source.issuer = std::move(issuers[i]);
  }
  if (changed) ++version_;
  for (Source& old : before) TakeOver(old);
  for (Source& source : sources_) Fetch(source);
  spdlog::info("issuers file={} issuers={} version={}", path_, sources_.size(),
               version_);
  loop_.CancelTimer(timer_);
  RefreshLater();
  return absl::OkStatus();
}

// The keys stay good until the new ones are there; who waited finds out what
// the new rules say.
void TrustedIssuers::TakeOver(Source& old) {
  for (const auto& done : old.waiting) loop_.Post(done);
  Source* source = Find(old.issuer.issuer);
  if (source == nullptr || source->issuer.keys != old.issuer.keys) return;
  source->keys = std::move(old.keys);
  source->fetched = old.fetched;
}

void TrustedIssuers::RefreshLater() {
  timer_ = loop_.AddTimerAfter(kRefresh, [this] {
    for (Source& source : sources_) Fetch(source);
    RefreshLater();
  });
}

TrustedIssuers::Source* TrustedIssuers::Find(const std::string& issuer) {
  auto it = std::find_if(
      sources_.begin(), sources_.end(),
      [&](const Source& source) { return source.issuer.issuer == issuer; });
  return it == sources_.end() ? nullptr : &*it;
}

bool TrustedIssuers::Knows(const std::string& glob) const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [&](const Source& source) {
                       return GlobMatches(glob, source.issuer.name);
                     });
}

std::vector<std::string> TrustedIssuers::Names() const {
  std::vector<std::string> names;
  for (const Source& source : sources_) names.push_back(source.issuer.name);
  return names;
}

bool TrustedIssuers::Usable(const Source& source) const {
  return source.keys.has_value() &&
         loop_.clock().Now() < source.fetched + kStale;
}

bool TrustedIssuers::MayFetch(const Source& source) const {
  const absl::Duration wait = source.failure.ok() ? kLeastInterval : kRetry;
  return loop_.clock().Now() >= source.attempted + wait;
}

bool TrustedIssuers::Fetching(const Source& source) const {
  return fetches_.contains(source.issuer.name);
}

void TrustedIssuers::Prepare(const std::string& bearer,
                             std::function<void()> done) {
  absl::StatusOr<JsonWebToken> token = ParseJsonWebToken(bearer);
  Source* source = token.ok() ? Find(token->issuer) : nullptr;
  if (source == nullptr ||
      (Usable(*source) && source->keys->HasKeyFor(*token))) {
    return done();
  }
  if (MayFetch(*source)) Fetch(*source);
  if (!Fetching(*source) || source->waiting.size() >= kMostWaiting) {
    return done();
  }
  source->waiting.push_back(std::move(done));
}

void TrustedIssuers::Fetch(Source& source) {
  if (Fetching(source)) return;
  source.attempted = loop_.clock().Now();
  fetches_[source.issuer.name] =
      std::thread([this, alive = alive_, issuer = source.issuer] {
        absl::StatusOr<std::string> text = fetch_(issuer);
        loop_.Post([this, alive, issuer, text = std::move(text)] {
          if (*alive) OnFetched(issuer, text);
        });
      });
}

void TrustedIssuers::OnFetched(const TrustedIssuer& issuer,
                               const absl::StatusOr<std::string>& text) {
  // The thread has nothing left to do.
  fetches_.at(issuer.name).join();
  fetches_.erase(issuer.name);
  auto it = std::find_if(
      sources_.begin(), sources_.end(),
      [&](const Source& source) { return source.issuer.name == issuer.name; });
  if (it == sources_.end()) return;
  Source* source = &*it;
  // Of the file as it was before.
  if (source->issuer.keys != issuer.keys ||
      source->issuer.authority != issuer.authority) {
    return Fetch(*source);
  }
  absl::StatusOr<JsonWebKeys> keys =
      text.ok() ? JsonWebKeys::Parse(*text)
                : absl::StatusOr<JsonWebKeys>(text.status());
  source->failure = keys.status();
  if (keys.ok()) {
    source->keys = *std::move(keys);
    source->fetched = loop_.clock().Now();
    spdlog::info("issuer {} has {} keys", issuer.name, source->keys->size());
  } else {
    spdlog::warn("keys of issuer {} from {}: {}", issuer.name, issuer.keys,
                 ToStd(source->failure.message()));
  }
  for (const auto& done : std::exchange(source->waiting, {})) done();
}

absl::StatusOr<Identity> TrustedIssuers::Recognise(const std::string& bearer,
                                                   const Identity& connection) {
  absl::StatusOr<JsonWebToken> token = ParseJsonWebToken(bearer);
  if (!token.ok()) return NotAccepted(ToStd(token.status().message()));
  const Source* source = Find(token->issuer);
  if (source == nullptr) {
    return NotAccepted("its issuer (iss) is none that this controller trusts");
  }
  const TrustedIssuer& issuer = source->issuer;
  if (!Usable(*source)) {
    return ErrorWithReason(
        absl::StatusCode::kUnavailable,
        absl::StrCat("the keys of issuer ", issuer.name,
                     " could not be fetched, so that its tokens cannot be "
                     "checked: ",
                     source->failure.ok() ? "they are too old"
                                          : source->failure.message(),
                     "; try again in some seconds"),
        {"ISSUER_UNREACHABLE", {{"issuer", issuer.name}}});
  }
  const absl::Time now = loop_.clock().WallNow();
  absl::Status good = source->keys->Verify(*token);
  if (good.ok()) good = CheckTimesAndAudience(*token, issuer.audience, now);
  if (!good.ok()) return NotAccepted(ToStd(good.message()));
  const IssuerRule* rule = FindRule(issuer, *token);
  if (rule == nullptr) {
    spdlog::warn("no rule of issuer {} fits a token: {}", issuer.name,
                 token->claims.Describe());
    return NotAccepted(absl::StrCat("no rule for issuer ", issuer.name,
                                    " fits its claims; the controller's log "
                                    "shows them"));
  }
  Identity caller = connection;
  caller.kind = Identity::Kind::kIssued;
  caller.name = absl::StrCat(issuer.name, ":", token->subject);
  caller.role = rule->role;
  caller.scope = rule->scope;
  caller.rules_version = version_;
  caller.token_id = token->id;
  caller.issue_time = *token->issue_time;
  caller.expire_time =
      std::min(*token->expire_time, *token->issue_time + rule->max_ttl) +
      kClockSkew;
  if (now < caller.expire_time) return caller;
  return NotAccepted(absl::StrCat("it was issued more than ",
                                  absl::FormatDuration(rule->max_ttl),
                                  " ago, which is the limit here (max_ttl)"));
}

}  // namespace fleet::controller
