#include "controller/access/token_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/access/json_web_token.h"
#include "controller/access/token_text.h"
#include "controller/name_rules.h"
#include "proto/rpc/host_selector.h"
#include "proto/rpc/identity.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"
#include "proto/rpc/x509.h"
#include "spdlog/spdlog.h"

namespace fleet::controller {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kKeptAfterEnd = absl::Hours(30 * 24);
constexpr absl::Duration kUseResolution = absl::Minutes(1);
constexpr size_t kMostGlobs = 100;
constexpr int kIdBytes = 4;
// A token may be issued kClockSkew from now, is good for a day at most
// (max_ttl), and kClockSkew more.
constexpr absl::Duration kLongestIssued = absl::Minutes(24 * 60 + 2);
// An issuer's name and a subject, which have 1,000 at most.
constexpr size_t kMostActorBytes = 1200;

struct Lifetimes {
  absl::Duration usual;
  absl::Duration longest;
};

Lifetimes LifetimesOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kApi:
    case TokenKind::kCertificate:
      return {90 * kDay, 366 * kDay};
    case TokenKind::kJoin:
      return {absl::Minutes(10), kDay};
    case TokenKind::kIssued:
      break;
  }
  return {};
}

absl::Status InvalidToken(std::string_view why) {
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, why,
                         {"TOKEN_SPEC_INVALID", {}});
}

absl::Status Unauthenticated() {
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      "the token is not valid: unknown, used, expired or revoked. Ask for a "
      "new one (fleetctl token create) and log in again (fleetctl login)",
      {"TOKEN_INVALID", {}});
}

// Nobody needs to remember it any more.
bool IsOver(const TokenRecord& token, absl::Time now) {
  return token.kind == TokenKind::kIssued
             ? now >= token.expire_time
             : token.StateAt(now) != TokenState::kValid;
}

const char* Name(TokenState state) {
  switch (state) {
    case TokenState::kValid:
      return "valid";
    case TokenState::kUsed:
      return "used";
    case TokenState::kExpired:
      return "expired";
    case TokenState::kRevoked:
      return "revoked";
  }
  return "";
}

}  // namespace

void TokenRegistry::Load(std::vector<TokenRecord> tokens) {
  for (TokenRecord& token : tokens) Index(std::move(token));
}

void TokenRegistry::Index(TokenRecord token) {
  by_hash_[token.hash] = token.id;
  if (token.kind == TokenKind::kIssued) issued_.insert(token.id);
  tokens_[token.id] = std::move(token);
}

absl::Status TokenRegistry::CheckWanted(const TokenRecord& wanted) const {
  if (absl::Status s = CheckHostName(wanted.name); !s.ok()) {
    return InvalidToken(
        absl::StrCat("name: \"", wanted.name,
                     "\" is not a name; use 1 to 63 of A-Z a-z 0-9 . _ -"));
  }
  if (wanted.scope.apps.size() > kMostGlobs) {
    return InvalidToken("apps: there are more than 100");
  }
  if (absl::Status s = ParseHostSelector(wanted.scope.hosts).status();
      !s.ok()) {
    return InvalidToken(absl::StrCat("hosts: ", s.message()));
  }
  if (wanted.kind != TokenKind::kJoin) {
    if (wanted.role >= Role::kViewer) return absl::OkStatus();
    return InvalidToken(
        "role: it is missing; viewer, operator, deployer or admin");
  }
  if (absl::Status s = CheckHostName(wanted.host); !s.ok()) {
    return InvalidToken(absl::StrCat("host: ", s.message()));
  }
  return absl::OkStatus();
}

// Checked, with room for it, and all but its hash.
absl::StatusOr<TokenRecord> TokenRegistry::Begin(TokenRecord wanted,
                                                 absl::Duration ttl) {
  RETURN_IF_ERROR(CheckWanted(wanted));
  const Lifetimes lifetimes = LifetimesOf(wanted.kind);
  if (ttl == absl::ZeroDuration()) ttl = lifetimes.usual;
  if (ttl < absl::Seconds(1) || ttl > lifetimes.longest) {
    return InvalidToken(absl::StrCat("ttl: ", DurationText(ttl),
                                     " is out of range, it must be 1s to ",
                                     DurationText(lifetimes.longest)));
  }
  RETURN_IF_ERROR(MakeRoom());
  wanted.id = RandomHex(kIdBytes);
  wanted.create_time = clock_.WallNow();
  wanted.expire_time = wanted.create_time + ttl;
  return wanted;
}

absl::StatusOr<TokenRegistry::Made> TokenRegistry::Create(TokenRecord wanted,
                                                          absl::Duration ttl) {
  Made made;
  ASSIGN_OR_RETURN(made.record, Begin(std::move(wanted), ttl));
  made.secret = MakeTokenSecret(made.record.kind);
  made.record.hash = Sha256Hex(made.secret);
  RETURN_IF_ERROR(Save(made.record));
  return made;
}

absl::StatusOr<TokenRegistry::Certified> TokenRegistry::Certify(
    TokenRecord wanted, absl::Duration ttl, std::string_view request_pem,
    const CertificateAuthority* authority) {
  if (authority == nullptr) {
    return absl::FailedPreconditionError(
        "this controller has no certificate authority: it listens without TLS "
        "(--insecure or Unix sockets only)");
  }
  wanted.kind = TokenKind::kCertificate;
  Certified made;
  ASSIGN_OR_RETURN(made.record, Begin(std::move(wanted), ttl));
  CertificateGrant grant;
  grant.name = made.record.name;
  grant.uri = UserUri(made.record.name);
  grant.lifetime = made.record.expire_time - made.record.create_time;
  absl::StatusOr<std::string> pem =
      authority->Issue(request_pem, grant, made.record.create_time);
  if (absl::IsInvalidArgument(pem.status())) {
    return InvalidToken(
        absl::StrCat("certificate_request: ", pem.status().message()));
  }
  RETURN_IF_ERROR(pem.status());
  made.pem = *std::move(pem);
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(made.pem));
  made.record.hash = facts.fingerprint;
  // The authority may end before.
  made.record.expire_time = facts.not_after;
  RETURN_IF_ERROR(Save(made.record));
  return made;
}

absl::Status TokenRegistry::Save(TokenRecord token) {
  AccessChange change;
  change.tokens.push_back(token);
  RETURN_IF_ERROR(store_.Save(change));
  Index(std::move(token));
  return absl::OkStatus();
}

absl::Status TokenRegistry::MakeRoom() {
  const absl::Time now = clock_.WallNow();
  AccessChange change;
  for (const auto& [id, token] : tokens_) {
    const bool ended = IsOver(token, now);
    const bool crowded =
        tokens_.size() >= kMostTokens ||
        (token.kind == TokenKind::kIssued && issued_.size() >= kMostIssued);
    if (ended && (crowded || now >= token.expire_time + kKeptAfterEnd)) {
      change.gone_tokens.push_back(id);
    }
  }
  if (tokens_.size() - change.gone_tokens.size() >= kMostTokens) {
    return absl::ResourceExhaustedError(
        "there are 10,000 tokens that are valid, or of another issuer and "
        "revoked; revoke some (fleetctl token revoke)");
  }
  if (change.gone_tokens.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store_.Save(change));
  for (const std::string& id : change.gone_tokens) {
    by_hash_.erase(tokens_[id].hash);
    issued_.erase(id);
    tokens_.erase(id);
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenRecord> TokenRegistry::Recognise(std::string_view text,
                                                     TokenKind kind,
                                                     const std::string& peer) {
  RETURN_IF_ERROR(CheckAttempts(peer));
  // Found by its hash: how long that takes tells nothing about the secret.
  auto id = by_hash_.find(Sha256Hex(SecretOf(text)));
  const TokenRecord* token =
      id == by_hash_.end() ? nullptr : &tokens_[id->second];
  const TokenState state = token == nullptr ? TokenState::kRevoked
                                            : token->StateAt(clock_.WallNow());
  if (token == nullptr || token->kind != kind || state != TokenState::kValid) {
    NoteWrong(peer);
    spdlog::warn("token refused peer=\"{}\" id={} state={}", peer,
                 token == nullptr ? "none" : token->id,
                 token == nullptr ? "unknown" : Name(state));
    return Unauthenticated();
  }
  NoteUse(*token);
  return *token;
}

absl::StatusOr<TokenRecord> TokenRegistry::RecogniseCertificate(
    const std::string& fingerprint, const std::string& user) {
  auto id = by_hash_.find(fingerprint);
  const TokenRecord* token =
      id == by_hash_.end() ? nullptr : &tokens_[id->second];
  if (token != nullptr && token->kind == TokenKind::kCertificate &&
      token->name == user &&
      token->StateAt(clock_.WallNow()) == TokenState::kValid) {
    NoteUse(*token);
    return *token;
  }
  return ErrorWithReason(
      absl::StatusCode::kUnauthenticated,
      absl::StrCat("the certificate of user ", user,
                   " is revoked, expired, or not of this controller; ask for a "
                   "new one (fleetctl user cert ",
                   user, ")"),
      {"CERTIFICATE_INVALID", {}});
}

absl::Status TokenRegistry::CheckAttempts(const std::string& peer) const {
  const std::string address = AttemptLimit::AddressOfPeer(peer);
  if (attempts_.Allowed(address, clock_.Now())) return absl::OkStatus();
  return ErrorWithReason(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("too many wrong tokens from ", address, "; wait a minute"),
      {"TOO_MANY_ATTEMPTS", {}});
}

void TokenRegistry::NoteWrong(const std::string& peer) {
  attempts_.NoteFailure(AttemptLimit::AddressOfPeer(peer), clock_.Now());
}

// A store that fails loses only the time of last use.
void TokenRegistry::NoteUse(const TokenRecord& token) {
  const absl::Time now = clock_.WallNow();
  if (token.kind == TokenKind::kJoin || now < token.last_use + kUseResolution) {
    return;
  }
  TokenRecord used = token;
  used.last_use = now;
  absl::Status saved = Save(std::move(used));
  if (!saved.ok())
    spdlog::warn("token {}: {}", token.id, ToStd(saved.message()));
}

absl::Status TokenRegistry::UseUp(const std::string& id, AccessChange change) {
  auto it = tokens_.find(id);
  if (it == tokens_.end() ||
      it->second.StateAt(clock_.WallNow()) != TokenState::kValid) {
    return Unauthenticated();
  }
  TokenRecord used = it->second;
  used.used = true;
  change.tokens.push_back(used);
  RETURN_IF_ERROR(store_.Save(change));
  Index(std::move(used));
  return absl::OkStatus();
}

absl::StatusOr<int> TokenRegistry::RevokeWhere(
    const std::function<bool(const TokenRecord&)>& wanted) {
  AccessChange change;
  for (const auto& [id, token] : tokens_) {
    if (token.revoked || !wanted(token)) continue;
    change.tokens.push_back(token);
    change.tokens.back().revoked = true;
  }
  if (change.tokens.empty()) return 0;
  RETURN_IF_ERROR(store_.Save(change));
  for (TokenRecord& token : change.tokens) Index(std::move(token));
  return static_cast<int>(change.tokens.size());
}

absl::StatusOr<int> TokenRegistry::Revoke(const std::string& id_or_name) {
  ASSIGN_OR_RETURN(const int revoked,
                   RevokeWhere([&](const TokenRecord& token) {
                     return token.id == id_or_name || token.name == id_or_name;
                   }));
  if (revoked > 0) return revoked;
  return ErrorWithReason(
      absl::StatusCode::kNotFound,
      absl::StrCat("no token with id or name ", id_or_name,
                   " is in force; fleetctl token ls lists them"),
      {"TOKEN_NOT_FOUND", {{"token", id_or_name}}});
}

absl::StatusOr<int> TokenRegistry::RevokeJoins(const std::string& host) {
  return RevokeWhere([&](const TokenRecord& token) {
    return token.kind == TokenKind::kJoin && token.host == host;
  });
}

absl::StatusOr<TokenRecord> TokenRegistry::RevokeIssued(TokenRecord wanted) {
  const size_t colon = wanted.name.find(':');
  if (colon == 0 || colon == std::string::npos ||
      colon + 1 == wanted.name.size() || wanted.name.size() > kMostActorBytes ||
      wanted.issued_id.size() > kMostActorBytes) {
    return InvalidToken(
        "token: of another issuer's it is ISSUER:SUBJECT, as the audit log "
        "has it, where * stands for anything; at most 1,200 bytes");
  }
  // The same once more replaces it.
  wanted.hash =
      Sha256Hex(absl::StrCat("issued\n", wanted.name, "\n", wanted.issued_id));
  auto known = by_hash_.find(wanted.hash);
  if (known == by_hash_.end()) {
    RETURN_IF_ERROR(MakeRoom());
    if (issued_.size() >= kMostIssued) {
      return absl::ResourceExhaustedError(
          "1,000 revocations of OIDC tokens are in force; revoke many at once "
          "(ISSUER:*), or take the rule out of the controller's --issuers");
    }
  }
  wanted.id = known == by_hash_.end() ? RandomHex(kIdBytes) : known->second;
  wanted.kind = TokenKind::kIssued;
  wanted.revoked = true;
  wanted.create_time = clock_.WallNow();
  wanted.expire_time = wanted.create_time + kLongestIssued;
  RETURN_IF_ERROR(Save(wanted));
  return wanted;
}

bool TokenRegistry::IssuedRevoked(const std::string& actor,
                                  const std::string& issued_id,
                                  absl::Time issue_time) const {
  return std::any_of(issued_.begin(), issued_.end(), [&](const auto& id) {
    const TokenRecord& revoked = tokens_.at(id);
    return issue_time <= revoked.create_time + kClockSkew &&
           (revoked.issued_id.empty() || revoked.issued_id == issued_id) &&
           GlobMatches(revoked.name, actor);
  });
}

bool TokenRegistry::Valid(const std::string& id) const {
  auto it = tokens_.find(id);
  return it != tokens_.end() &&
         it->second.StateAt(clock_.WallNow()) == TokenState::kValid;
}

std::vector<TokenRecord> TokenRegistry::List(bool include_ended) const {
  std::vector<TokenRecord> found;
  for (const auto& [id, token] : tokens_) {
    if (include_ended ||
        token.StateAt(clock_.WallNow()) == TokenState::kValid) {
      found.push_back(token);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const TokenRecord& a, const TokenRecord& b) {
                     return a.name < b.name;
                   });
  return found;
}

}  // namespace fleet::controller
