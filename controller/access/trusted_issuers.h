// Callers that another issuer vouches for: CI jobs with their OIDC tokens.
#ifndef FLEET_CONTROLLER_ACCESS_TRUSTED_ISSUERS_H_
#define FLEET_CONTROLLER_ACCESS_TRUSTED_ISSUERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/access/issuer_rules.h"
#include "controller/access/json_web_keys.h"
#include "proto/rpc/event_loop.h"
#include "proto/rpc/identity.h"

namespace fleet::controller {

// Gets the text of an issuer's keys; runs on a thread of its own and may block.
using FetchKeys =
    std::function<absl::StatusOr<std::string>(const TrustedIssuer& issuer)>;
// From the file or the address, in 10 s and 1 MiB at most.
absl::StatusOr<std::string> FetchIssuerKeys(const TrustedIssuer& issuer);

// Knows the rules of a file and the keys of its issuers. Keys are fetched at
// the start, every hour, and when a token names one that is not known, then at
// most every 30 s (5 s after a failure) for an issuer; keys that could not be
// fetched for a day are not believed any more. One fetch for an issuer at a
// time; at most 1,000 callers wait for it. Loop thread only.
class TrustedIssuers {
 public:
  static constexpr absl::Duration kRefresh = absl::Hours(1);
  static constexpr absl::Duration kLeastInterval = absl::Seconds(30);
  static constexpr absl::Duration kRetry = absl::Seconds(5);
  static constexpr absl::Duration kStale = absl::Hours(24);
  static constexpr size_t kMostWaiting = 1000;

  // `loop` outlives it.
  TrustedIssuers(EventLoop& loop, std::string path,
                 FetchKeys fetch = FetchIssuerKeys);
  // Waits for fetches that are under way.
  ~TrustedIssuers();
  TrustedIssuers(const TrustedIssuers&) = delete;
  TrustedIssuers& operator=(const TrustedIssuers&) = delete;

  // Reads the file, now and again when it has changed. An error leaves what
  // was read before.
  absl::Status Load();

  // Calls `done` on the loop when all is there that Recognise needs: at once,
  // unless the token's key must be fetched first.
  void Prepare(const std::string& bearer, std::function<void()> done);

  // Who brings the token: kind, name, role, scope, the token's id (jti) and its
  // times are filled in. Whether it has been revoked is for TokenRegistry to
  // say. UNAUTHENTICATED with TOKEN_INVALID says what does not fit, UNAVAILABLE
  // with ISSUER_UNREACHABLE: its keys are not there.
  absl::StatusOr<Identity> Recognise(const std::string& bearer,
                                     const Identity& connection);

  // Whether the file has an issuer that a glob of names matches; all of them.
  bool Knows(const std::string& glob) const;
  std::vector<std::string> Names() const;

  // Rises when the file says something else than before.
  int64_t version() const { return version_; }
  absl::Time WallNow() const { return loop_.clock().WallNow(); }

 private:
  struct Source {
    TrustedIssuer issuer;
    std::optional<JsonWebKeys> keys;
    absl::Time fetched = absl::InfinitePast();  // Steady time, as the next.
    absl::Time attempted = absl::InfinitePast();
    absl::Status failure;  // Of the newest attempt.
    std::vector<std::function<void()>> waiting;
  };

  Source* Find(const std::string& issuer);
  bool Usable(const Source& source) const;
  bool MayFetch(const Source& source) const;
  bool Fetching(const Source& source) const;
  void TakeOver(Source& old);
  void Fetch(Source& source);
  void OnFetched(const TrustedIssuer& issuer,
                 const absl::StatusOr<std::string>& text);
  void RefreshLater();

  EventLoop& loop_;
  const std::string path_;
  const FetchKeys fetch_;
  std::vector<Source> sources_;
  std::map<std::string, std::thread> fetches_;  // Under way, by issuer's name.
  int64_t version_ = 0;
  EventLoop::TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_TRUSTED_ISSUERS_H_
