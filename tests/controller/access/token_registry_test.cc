#include "controller/access/token_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "controller/access/host_certificates.h"
#include "controller/access/token_text.h"
#include "controller/store/migrations.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr char kPeer[] = "ipv4:10.0.0.7:40112";

class TokenRegistryTest : public ::testing::Test {
 protected:
  TokenRegistryTest() { Open(); }

  // As after a restart of the controller.
  void Open() {
    database = *SqliteDatabase::Open(folder.File("controller.db"));
    FLEET_CHECK(Migrate(*database, Migrations()).ok());
    store = std::make_unique<SqliteAccessStore>(*database);
    tokens = std::make_unique<TokenRegistry>(*store, clock);
    StoredAccess stored = *store->Load();
    tokens->Load(std::move(stored.tokens));
    authority = std::make_unique<CertificateAuthority>(
        *CertificateAuthority::Open(folder.path(), clock.WallNow()));
    certificates = std::make_unique<HostCertificates>(*store, *tokens,
                                                      authority.get(), clock);
    certificates->Load(stored.certificates, stored.hosts);
  }
  static TokenRecord Api(Role role = Role::kDeployer) {
    TokenRecord wanted;
    wanted.name = "ci-web";
    wanted.role = role;
    wanted.scope.apps = {"web*"};
    return wanted;
  }
  static TokenRecord Join() {
    TokenRecord wanted;
    wanted.name = "join";
    wanted.kind = TokenKind::kJoin;
    wanted.host = "host-1";
    wanted.labels = {{"role", "web"}};
    return wanted;
  }
  absl::StatusOr<TokenRecord> Recognise(const std::string& text,
                                        TokenKind kind = TokenKind::kApi) {
    return tokens->Recognise(text, kind, kPeer);
  }

  TempFolder folder;
  FakeClock clock;
  std::unique_ptr<SqliteDatabase> database;
  std::unique_ptr<SqliteAccessStore> store;
  std::unique_ptr<TokenRegistry> tokens;
  std::unique_ptr<CertificateAuthority> authority;
  std::unique_ptr<HostCertificates> certificates;
};

TEST_F(TokenRegistryTest, RecognisesWhatItMadeAlsoAfterARestart) {
  auto made = tokens->Create(Api(), absl::Hours(1));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->record.hash, Not(HasSubstr(made->secret)));
  for (int i = 0; i < 2; ++i) {
    auto found = Recognise(TokenText(made->secret, authority->pin()));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->role, Role::kDeployer);
    EXPECT_EQ(found->scope, Api().scope);
    Open();
  }
}

TEST_F(TokenRegistryTest, EndsByTimeAndByRevocation) {
  auto brief = tokens->Create(Api(), absl::Minutes(5));
  auto revoked = tokens->Create(Api(), absl::Hours(1));
  ASSERT_EQ(*tokens->Revoke(revoked->record.id), 1);
  EXPECT_TRUE(absl::IsUnauthenticated(Recognise(revoked->secret).status()));
  EXPECT_TRUE(Recognise(brief->secret).ok());
  clock.Advance(absl::Minutes(5));
  EXPECT_TRUE(absl::IsUnauthenticated(Recognise(brief->secret).status()));
  EXPECT_THAT(tokens->List(/*include_ended=*/false), SizeIs(0));
  EXPECT_THAT(tokens->List(/*include_ended=*/true), SizeIs(2));
  EXPECT_TRUE(absl::IsNotFound(tokens->Revoke("nobody").status()));
}

TEST_F(TokenRegistryTest, ANameRevokesAllOfItsTokens) {
  ASSERT_TRUE(tokens->Create(Api(), absl::Hours(1)).ok());
  ASSERT_TRUE(tokens->Create(Api(), absl::Hours(1)).ok());
  EXPECT_EQ(*tokens->Revoke("ci-web"), 2);
}

TEST_F(TokenRegistryTest, TokensOfIssuersAreRevokedByActorAndId) {
  const absl::Time now = clock.WallNow();
  const auto revoke = [&](const std::string& actor, const std::string& id) {
    TokenRecord wanted;
    wanted.name = actor;
    wanted.issued_id = id;
    return tokens->RevokeIssued(wanted);
  };
  ASSERT_TRUE(revoke("ci:repo:acme/web:*", "").ok());
  ASSERT_TRUE(revoke("ci:*", "j-7").ok());
  for (int i = 0; i < 2; ++i) {
    const struct {
      const char* actor;
      const char* id;
      absl::Duration issued;
      bool revoked;
    } kCases[] = {
        {"ci:repo:acme/web:main", "j-1", -absl::Hours(1), true},
        {"ci:repo:acme/web:main", "", absl::ZeroDuration(), true},
        // By a clock that is ahead.
        {"ci:repo:acme/web:main", "j-2", absl::Minutes(1), true},
        {"ci:repo:acme/web:main", "j-2", absl::Seconds(61), false},
        {"ci:repo:acme/api:main", "j-1", absl::ZeroDuration(), false},
        {"ci:repo:acme/api:main", "j-7", absl::ZeroDuration(), true},
        {"other:repo:acme/web:main", "j-7", absl::ZeroDuration(), false},
    };
    for (const auto& c : kCases) {
      EXPECT_EQ(tokens->IssuedRevoked(c.actor, c.id, now + c.issued), c.revoked)
          << c.actor << " " << c.id << " " << c.issued;
    }
    Open();  // It is kept.
  }
  // Shown to who asks, and no token of ours.
  EXPECT_THAT(tokens->List(/*include_ended=*/false), SizeIs(0));
  EXPECT_THAT(tokens->List(/*include_ended=*/true), SizeIs(2));
  EXPECT_TRUE(absl::IsNotFound(tokens->Revoke("ci:*").status()));
  // The same again is one record that counts from then on.
  clock.Advance(absl::Hours(1));
  ASSERT_TRUE(revoke("ci:*", "j-7").ok());
  EXPECT_THAT(tokens->List(/*include_ended=*/true), SizeIs(2));
  EXPECT_TRUE(tokens->IssuedRevoked("ci:x", "j-7", clock.WallNow()));
  for (const char* actor : {"ci", ":x", "ci:", ""}) {
    EXPECT_EQ(ReasonOf(revoke(actor, "").status()).reason,
              "TOKEN_SPEC_INVALID");
  }
}

TEST_F(TokenRegistryTest, RevocationsOfIssuersTokensAreBoundedAndForgotten) {
  TokenRecord wanted;
  for (size_t i = 0; i < TokenRegistry::kMostIssued; ++i) {
    wanted.name = absl::StrCat("ci:", i);
    ASSERT_TRUE(tokens->RevokeIssued(wanted).ok()) << i;
  }
  wanted.name = "ci:one more";
  EXPECT_TRUE(absl::IsResourceExhausted(tokens->RevokeIssued(wanted).status()));
  // None that is still needed has made room for another.
  ASSERT_TRUE(tokens->Create(Api(), absl::Hours(1)).ok());
  EXPECT_TRUE(tokens->IssuedRevoked("ci:0", "", clock.WallNow()));
  clock.Advance(absl::Hours(25));
  EXPECT_TRUE(tokens->RevokeIssued(wanted).ok());
  EXPECT_FALSE(tokens->IssuedRevoked("ci:0", "", clock.WallNow()));
}

TEST_F(TokenRegistryTest, GuessesAreLimitedByAddressAndTimeHealsIt) {
  auto made = tokens->Create(Api(), absl::Hours(1));
  for (int i = 0; i < AttemptLimit::kMostAttempts; ++i) {
    EXPECT_EQ(ReasonOf(Recognise("fleet_api_wrong").status()).reason,
              "TOKEN_INVALID");
  }
  EXPECT_EQ(ReasonOf(Recognise(made->secret).status()).reason,
            "TOO_MANY_ATTEMPTS");
  EXPECT_TRUE(
      tokens->Recognise(made->secret, TokenKind::kApi, "ipv4:10.0.0.8:1").ok());
  clock.Advance(AttemptLimit::kWindow);
  EXPECT_TRUE(Recognise(made->secret).ok());
}

TEST_F(TokenRegistryTest, SaysWhatIsWrongWithAWish) {
  struct Case {
    const char* part;
    TokenRecord wanted;
    absl::Duration ttl;
  };
  TokenRecord nameless = Api();
  nameless.name = "a b";
  TokenRecord hosts = Api();
  hosts.scope.hosts = "role in (";
  TokenRecord hostless = Join();
  hostless.host = "";
  const std::vector<Case> cases = {
      {"name", nameless, absl::ZeroDuration()},
      {"role", Api(Role::kNone), absl::ZeroDuration()},
      {"role", Api(Role::kAgent), absl::ZeroDuration()},
      {"hosts", hosts, absl::ZeroDuration()},
      {"host", hostless, absl::ZeroDuration()},
      {"ttl", Api(), absl::Hours(24 * 400)},
      {"ttl", Join(), absl::Hours(25)},
  };
  for (const Case& c : cases) {
    auto made = tokens->Create(c.wanted, c.ttl);
    EXPECT_EQ(ReasonOf(made.status()).reason, "TOKEN_SPEC_INVALID") << c.part;
    EXPECT_THAT(std::string(made.status().message()), HasSubstr(c.part));
  }
}

TEST_F(TokenRegistryTest, AUserHasACertificateThatIsKeptLikeAToken) {
  TokenRecord wanted = Api();
  wanted.name = "anna";
  const std::string key = *MakePrivateKey();
  const std::string request = *MakeCertificateRequest(key);
  auto made = tokens->Certify(wanted, absl::Hours(1), request, authority.get());
  ASSERT_TRUE(made.ok()) << made.status();
  const CertificateFacts facts = *ReadCertificate(made->pem);
  EXPECT_THAT(facts.uris, testing::ElementsAre("spiffe://fleet/user/anna"));
  EXPECT_EQ(facts.not_after, made->record.expire_time);
  EXPECT_TRUE(CheckKeyMatches(made->pem, key).ok());

  Open();
  auto known = tokens->RecogniseCertificate(facts.fingerprint, "anna");
  ASSERT_TRUE(known.ok()) << known.status();
  EXPECT_EQ(known->role, Role::kDeployer);
  EXPECT_THAT(known->scope.apps, testing::ElementsAre("web*"));
  EXPECT_FALSE(tokens->RecogniseCertificate(facts.fingerprint, "bob").ok());
  EXPECT_FALSE(tokens->RecogniseCertificate("other", "anna").ok());

  EXPECT_EQ(*tokens->Revoke("anna"), 1);
  const absl::Status revoked =
      tokens->RecogniseCertificate(facts.fingerprint, "anna").status();
  EXPECT_TRUE(absl::IsUnauthenticated(revoked));
  EXPECT_EQ(ReasonOf(revoked).reason, "CERTIFICATE_INVALID");
}

TEST_F(TokenRegistryTest, ACertificateIsNoTokenAndATokenNoCertificate) {
  // Both are found by a hash; a certificate is known to everybody.
  const std::string request = *MakeCertificateRequest(*MakePrivateKey());
  auto made = tokens->Certify(Api(), absl::Hours(1), request, authority.get());
  ASSERT_TRUE(made.ok());
  std::string der;
  const std::string body = made->pem.substr(
      made->pem.find('\n'), made->pem.rfind("-----END") - made->pem.find('\n'));
  ASSERT_TRUE(absl::Base64Unescape(body, &der));
  ASSERT_EQ(Sha256Hex(der), made->record.hash);
  EXPECT_FALSE(Recognise(der).ok());
  EXPECT_FALSE(Recognise(der, TokenKind::kJoin).ok());
  auto token = tokens->Create(Api(), absl::Hours(1));
  EXPECT_FALSE(tokens->RecogniseCertificate(token->record.hash, "ci-web").ok());
}

TEST_F(TokenRegistryTest, ACertificateNeedsAGoodRequestAndAnAuthority) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      tokens->Certify(Api(), absl::Hours(1), "no request", authority.get())
          .status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      tokens->Certify(Api(), absl::Hours(24 * 400), "", authority.get())
          .status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      tokens->Certify(Api(), absl::Hours(1), "", nullptr).status()));
  EXPECT_THAT(tokens->List(true), SizeIs(0));
}

TEST_F(TokenRegistryTest, AJoinTokenLetsOneHostInOnce) {
  auto made = tokens->Create(Join(), absl::ZeroDuration());
  const std::string request = *MakeCertificateRequest(*MakePrivateKey());
  auto token = Recognise(made->secret, TokenKind::kJoin);
  ASSERT_TRUE(token.ok());
  auto issued = certificates->Enroll(*token, request);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->host, "host-1");
  EXPECT_EQ(certificates->LabelsOf("host-1")->at("role"), "web");
  EXPECT_TRUE(certificates->GivesLabel("role", "web"));
  EXPECT_FALSE(certificates->GivesLabel("role", "db"));
  EXPECT_TRUE(
      absl::IsUnauthenticated(certificates->Enroll(*token, request).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(
      Recognise(made->secret, TokenKind::kJoin).status()));
  // It is no key to the API, and the other way round.
  auto second = tokens->Create(Join(), absl::ZeroDuration());
  EXPECT_FALSE(Recognise(second->secret, TokenKind::kApi).ok());
}

TEST_F(TokenRegistryTest, ARevokedHostStaysOutUntilItJoinsAgain) {
  const std::string key = *MakePrivateKey();
  const std::string request = *MakeCertificateRequest(key);
  const auto enroll = [&] {
    auto made = tokens->Create(Join(), absl::ZeroDuration());
    return certificates
        ->Enroll(*Recognise(made->secret, TokenKind::kJoin), request)
        ->pem;
  };
  const auto print = [](const std::string& pem) {
    return ReadCertificate(pem)->fingerprint;
  };
  const std::string first = enroll();
  const std::string renewed = certificates->Renew(first, request)->pem;
  EXPECT_TRUE(certificates->Check("host-1", print(first)).ok());
  EXPECT_TRUE(certificates->Check("host-1", print(renewed)).ok());
  EXPECT_FALSE(certificates->Check("host-2", print(first)).ok());
  EXPECT_EQ(*certificates->Revoke("host-1"), 2);
  Open();
  EXPECT_EQ(ReasonOf(certificates->Check("host-1", print(first))).reason,
            "HOST_REVOKED");
  EXPECT_FALSE(certificates->Check("host-1", print(renewed)).ok());
  EXPECT_FALSE(certificates->Renew(renewed, request).ok());
  const std::string third = enroll();
  EXPECT_TRUE(certificates->Check("host-1", print(third)).ok());
  EXPECT_FALSE(certificates->Check("host-1", print(first)).ok());
}

TEST_F(TokenRegistryTest, ARevokedHostsJoinTokensEndWithItsCertificates) {
  auto unused = tokens->Create(Join(), absl::ZeroDuration());
  TokenRecord wanted = Join();
  wanted.host = "host-2";
  auto others = tokens->Create(wanted, absl::ZeroDuration());
  EXPECT_EQ(*certificates->Revoke("host-1"), 0);
  EXPECT_FALSE(Recognise(unused->secret, TokenKind::kJoin).ok());
  EXPECT_TRUE(Recognise(others->secret, TokenKind::kJoin).ok());
  // A name that is mistaken is not said to be kept out.
  EXPECT_EQ(ReasonOf(certificates->Revoke("hots-1").status()).reason,
            "HOST_NOT_FOUND");
}

TEST_F(TokenRegistryTest, AnExpiredCertificateIsRenewedByItsKeyForAMonth) {
  const std::string request = *MakeCertificateRequest(*MakePrivateKey());
  auto made = tokens->Create(Join(), absl::ZeroDuration());
  const std::string old =
      certificates->Enroll(*Recognise(made->secret, TokenKind::kJoin), request)
          ->pem;
  clock.Advance(HostCertificates::kLifetime);
  EXPECT_FALSE(
      certificates->Check("host-1", ReadCertificate(old)->fingerprint).ok());
  // Whoever has the certificate alone has nothing.
  EXPECT_TRUE(absl::IsInvalidArgument(
      certificates->Renew(old, *MakeCertificateRequest(*MakePrivateKey()))
          .status()));
  auto renewed = certificates->Renew(old, request);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_TRUE(
      certificates->Check("host-1", ReadCertificate(renewed->pem)->fingerprint)
          .ok());
  clock.Advance(HostCertificates::kRenewable);
  EXPECT_FALSE(certificates->Renew(old, request).ok());
}

}  // namespace
}  // namespace fleet::controller
