// Callers that bring OIDC tokens: when keys are fetched, and who gets in.
#include "controller/access/trusted_issuers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "absl/strings/str_replace.h"
#include "proto/rpc/status.h"
#include "proto/rpc/whole_file.h"
#include "tests/controller/temp_folder.h"
#include "tests/fakes/token_issuer.h"

namespace fleet::controller {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kOneIssuer[] = R"(issuers:
  - name: ci
    issuer: https://ci.example.org
    audience: fleet
    keys: /nowhere/keys.json
    rules:
      - match: {repository: acme/web, environment: production}
        role: deployer
        apps: [web*]
        max_ttl: 5m
)";

// What the fetching thread gives back.
class KeySource {
 public:
  void Set(absl::StatusOr<std::string> keys) {
    const std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
  }
  FetchKeys Fetch() {
    return [this](const TrustedIssuer&) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++fetches;
      return keys_;
    };
  }
  std::atomic<int> fetches{0};

 private:
  std::mutex mutex_;
  absl::StatusOr<std::string> keys_ = absl::UnavailableError("not yet");
};

class TrustedIssuersTest : public ::testing::Test {
 protected:
  TrustedIssuersTest() : loop(clock) {
    Write(kOneIssuer);
    source.Set(issuer.Keys());
    issuers = std::make_unique<TrustedIssuers>(loop, Path(), source.Fetch());
  }
  std::string Path() const { return folder.File("issuers.yaml"); }
  void Write(const std::string& text) {
    FLEET_CHECK(ReplaceFile(Path(), text, 0600).ok());
  }
  json Claims() const {
    return TokenIssuer::Claims(absl::ToUnixSeconds(clock.WallNow()));
  }
  // The answer once all is there for it.
  absl::StatusOr<Identity> Ask(const std::string& bearer) {
    bool ready = false;
    issuers->Prepare(bearer, [&ready] { ready = true; });
    while (!ready) loop.RunOnce(absl::Seconds(10));
    return issuers->Recognise(bearer, connection);
  }
  // Until so many have begun; Ask waits for their ends.
  void AwaitFetches(int count) {
    while (source.fetches < count) loop.RunOnce(absl::Milliseconds(10));
  }

  TempFolder folder;
  FakeClock clock;
  EventLoop loop;
  KeySource source;
  TokenIssuer issuer;
  Identity connection;
  std::unique_ptr<TrustedIssuers> issuers;
};

TEST_F(TrustedIssuersTest, ATokenThatFitsARuleGetsItsRole) {
  ASSERT_TRUE(issuers->Load().ok());
  connection.peer = "ipv4:10.0.0.7:1";
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    const auto caller = Ask(issuer.Sign(Claims(), algorithm));
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ(caller->kind, Identity::Kind::kIssued);
    EXPECT_EQ(caller->name, "ci:repo:acme/web:ref:refs/heads/main");
    EXPECT_EQ(caller->peer, "ipv4:10.0.0.7:1");
    EXPECT_EQ(caller->role, Role::kDeployer);
    EXPECT_THAT(caller->scope.apps, ElementsAre("web*"));
    EXPECT_EQ(caller->expire_time,
              clock.WallNow() + absl::Minutes(5) + kClockSkew);
  }
}

TEST_F(TrustedIssuersTest, AnyOtherTokenIsRefusedAndToldWhy) {
  ASSERT_TRUE(issuers->Load().ok());
  const auto why = [&](const char* claim, const json& value) {
    json claims = Claims();
    claims[claim] = value;
    const absl::Status status = Ask(issuer.Sign(claims)).status();
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
    EXPECT_EQ(ReasonOf(status).reason, "TOKEN_INVALID");
    return std::string(status.message());
  };
  const int64_t now = absl::ToUnixSeconds(clock.WallNow());
  EXPECT_THAT(why("repository", "acme/api"),
              HasSubstr("no rule for issuer ci"));
  EXPECT_THAT(why("environment", "staging"),
              HasSubstr("no rule for issuer ci"));
  EXPECT_THAT(why("aud", "another"), HasSubstr("audience (aud) must be fleet"));
  EXPECT_THAT(why("iss", "https://evil.example.org"),
              HasSubstr("issuer (iss)"));
  EXPECT_THAT(why("exp", now - 100), HasSubstr("it ended at"));
  EXPECT_THAT(why("iat", now - 1000), HasSubstr("(max_ttl)"));
  EXPECT_THAT(why("iat", now + 1000), HasSubstr("not valid yet"));
  const TokenIssuer evil;
  EXPECT_THAT(std::string(Ask(evil.Sign(Claims())).status().message()),
              HasSubstr("signature"));
}

TEST_F(TrustedIssuersTest, AnUnknownKeyIsFetchedButNotTooOften) {
  ASSERT_TRUE(issuers->Load().ok());
  ASSERT_TRUE(Ask(issuer.Sign(Claims())).ok());
  EXPECT_EQ(source.fetches, 1);

  // The issuer has new keys. Within the interval they are not looked for.
  const TokenIssuer next("-2");
  source.Set(next.Keys());
  EXPECT_TRUE(absl::IsUnauthenticated(Ask(next.Sign(Claims())).status()));
  EXPECT_EQ(source.fetches, 1);
  clock.Advance(TrustedIssuers::kLeastInterval);
  EXPECT_TRUE(Ask(next.Sign(Claims())).ok());
  EXPECT_EQ(source.fetches, 2);
  // What it no longer has is no longer believed.
  EXPECT_FALSE(Ask(issuer.Sign(Claims())).ok());
  // Names that nobody has cost a fetch an interval, however many there are.
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(
        Ask(TokenIssuer("-x" + std::to_string(i)).Sign(Claims())).ok());
  }
  EXPECT_EQ(source.fetches, 2);
}

TEST_F(TrustedIssuersTest, AFileOfKeysThatOthersMayWriteIsNotRead) {
  TrustedIssuer other;
  other.keys = folder.File("keys.json");
  FLEET_CHECK(ReplaceFile(other.keys, "{}", 0644).ok());
  EXPECT_EQ(*FetchIssuerKeys(other), "{}");
  FLEET_CHECK(ReplaceFile(other.keys, "{}", 0666).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(FetchIssuerKeys(other).status()));
}

TEST_F(TrustedIssuersTest, KeysAreFetchedEveryHourAndGoStale) {
  ASSERT_TRUE(issuers->Load().ok());
  ASSERT_TRUE(Ask(issuer.Sign(Claims())).ok());
  source.Set(absl::UnavailableError("connection refused"));
  clock.Advance(TrustedIssuers::kRefresh);
  loop.RunOnce(absl::ZeroDuration());
  AwaitFetches(2);
  EXPECT_TRUE(Ask(issuer.Sign(Claims())).ok());
  clock.Advance(TrustedIssuers::kStale);
  const absl::Status stale = Ask(issuer.Sign(Claims())).status();
  EXPECT_TRUE(absl::IsUnavailable(stale)) << stale;
  EXPECT_EQ(ReasonOf(stale).reason, "ISSUER_UNREACHABLE");
  EXPECT_THAT(std::string(stale.message()), HasSubstr("connection refused"));
}

TEST_F(TrustedIssuersTest, AnIssuerThatCannotBeReachedIsTriedAgain) {
  source.Set(absl::UnavailableError("connection refused"));
  ASSERT_TRUE(issuers->Load().ok());
  EXPECT_TRUE(absl::IsUnavailable(Ask(issuer.Sign(Claims())).status()));
  source.Set(issuer.Keys());
  clock.Advance(TrustedIssuers::kRetry);
  EXPECT_TRUE(Ask(issuer.Sign(Claims())).ok());
}

TEST_F(TrustedIssuersTest, AChangedFileCountsAndABrokenOneDoesNot) {
  ASSERT_TRUE(issuers->Load().ok());
  ASSERT_TRUE(Ask(issuer.Sign(Claims())).ok());
  const int64_t version = issuers->version();
  ASSERT_TRUE(issuers->Load().ok());
  EXPECT_EQ(issuers->version(), version) << "nothing has changed";

  Write("issuers: [");
  EXPECT_FALSE(issuers->Load().ok());
  EXPECT_EQ(issuers->version(), version);
  EXPECT_TRUE(Ask(issuer.Sign(Claims())).ok());

  Write(absl::StrReplaceAll(kOneIssuer, {{"acme/web", "acme/api"}}));
  EXPECT_TRUE(issuers->Load().ok());
  EXPECT_GT(issuers->version(), version);
  EXPECT_FALSE(Ask(issuer.Sign(Claims())).ok());
}

}  // namespace
}  // namespace fleet::controller
