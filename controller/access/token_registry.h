// Who may call, by token.
#ifndef FLEET_CONTROLLER_ACCESS_TOKEN_REGISTRY_H_
#define FLEET_CONTROLLER_ACCESS_TOKEN_REGISTRY_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/attempt_limit.h"
#include "controller/access/certificate_authority.h"
#include "controller/access/token_record.h"
#include "controller/store/sqlite_access_store.h"
#include "proto/rpc/clock.h"

namespace fleet::controller {

// Makes tokens, recognises them, ends them. What it keeps is a hash of each: a
// stolen store lets nobody in. Loop thread only. At most 10,000 tokens; ended
// ones are forgotten after 30 days, the oldest first when there are too many.
class TokenRegistry {
 public:
  static constexpr size_t kMostTokens = 10'000;
  static constexpr size_t kMostIssued = 1000;

  // Both outlive it.
  TokenRegistry(SqliteAccessStore& store, const Clock& clock)
      : store_(store), clock_(clock) {}

  void Load(std::vector<TokenRecord> tokens);

  struct Made {
    TokenRecord record;
    std::string secret;
  };
  // `wanted` says all but id, hash and create time; its expire time is `ttl`
  // from now (zero: the kind's default). INVALID_ARGUMENT (reason
  // TOKEN_SPEC_INVALID) names what is wrong; or the store's error.
  absl::StatusOr<Made> Create(TokenRecord wanted, absl::Duration ttl);

  struct Certified {
    TokenRecord record;
    std::string pem;
  };
  // Likewise of kind kCertificate: signs the request's key for the user
  // `wanted.name`. INVALID_ARGUMENT also for the request; FAILED_PRECONDITION:
  // there is no authority (null).
  absl::StatusOr<Certified> Certify(TokenRecord wanted, absl::Duration ttl,
                                    std::string_view request_pem,
                                    const CertificateAuthority* authority);

  // The valid token of that kind behind what a client sent. UNAUTHENTICATED
  // with reason TOKEN_INVALID, which tells the client nothing more (the reason
  // is logged), RESOURCE_EXHAUSTED with TOO_MANY_ATTEMPTS.
  absl::StatusOr<TokenRecord> Recognise(std::string_view text, TokenKind kind,
                                        const std::string& peer);
  // The valid certificate with this fingerprint, which TLS has seen the client
  // hold the key of. UNAUTHENTICATED with CERTIFICATE_INVALID.
  absl::StatusOr<TokenRecord> RecogniseCertificate(
      const std::string& fingerprint, const std::string& user);
  // RESOURCE_EXHAUSTED with TOO_MANY_ATTEMPTS: the peer has shown too many
  // wrong tokens, of whatever kind; another one is not looked at.
  absl::Status CheckAttempts(const std::string& peer) const;
  void NoteWrong(const std::string& peer);

  // The join token is used up, together with `change`. FAILED_PRECONDITION
  // when it is so already.
  absl::Status UseUp(const std::string& id, AccessChange change);

  // By id, or all of a name; their number. NOT_FOUND with TOKEN_NOT_FOUND.
  absl::StatusOr<int> Revoke(const std::string& id_or_name);
  // Those with which the host could join; their number.
  absl::StatusOr<int> RevokeJoins(const std::string& host);

  // Tokens of other issuers: those whose actor matches the glob `wanted.name`
  // and whose id is `wanted.issued_id` (unless that is empty), if they were
  // issued until now, or within kClockSkew from now, as clocks may differ. It
  // is kept for as long as one of them could be good, at most 1,000.
  // INVALID_ARGUMENT with TOKEN_SPEC_INVALID: no issuer is named.
  absl::StatusOr<TokenRecord> RevokeIssued(TokenRecord wanted);
  bool IssuedRevoked(const std::string& actor, const std::string& issued_id,
                     absl::Time issue_time) const;

  bool Valid(const std::string& id) const;
  // By name, then id.
  std::vector<TokenRecord> List(bool include_ended) const;

 private:
  absl::Status CheckWanted(const TokenRecord& wanted) const;
  absl::StatusOr<TokenRecord> Begin(TokenRecord wanted, absl::Duration ttl);
  absl::Status MakeRoom();
  absl::StatusOr<int> RevokeWhere(
      const std::function<bool(const TokenRecord&)>& wanted);
  absl::Status Save(TokenRecord token);
  void NoteUse(const TokenRecord& token);
  void Index(TokenRecord token);

  SqliteAccessStore& store_;
  const Clock& clock_;
  std::map<std::string, TokenRecord> tokens_;   // By id.
  std::map<std::string, std::string> by_hash_;  // Id by hash.
  std::set<std::string> issued_;                // Ids of kIssued.
  AttemptLimit attempts_;
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_TOKEN_REGISTRY_H_
