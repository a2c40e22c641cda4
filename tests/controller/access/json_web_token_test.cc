// Tokens of other issuers: what is read of them, and whose signature they bear.
#include "controller/access/json_web_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "controller/access/json_web_keys.h"
#include "tests/fakes/token_issuer.h"

namespace fleet::controller {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kSeconds = 1'700'000'000;
const absl::Time kTokenTime = absl::FromUnixSeconds(kSeconds);

const TokenIssuer& Issuer() {
  static const TokenIssuer issuer;
  return issuer;
}

const JsonWebKeys& Keys() {
  static const JsonWebKeys keys = *JsonWebKeys::Parse(Issuer().Keys());
  return keys;
}

JsonWebToken Read(const std::string& text) {
  absl::StatusOr<JsonWebToken> token = ParseJsonWebToken(text);
  EXPECT_TRUE(token.ok()) << token.status();
  return token.ok() ? *token : JsonWebToken();
}

std::string Encode(const std::string& text) {
  std::string encoded;
  absl::WebSafeBase64Escape(text, &encoded);
  while (encoded.ends_with('=')) encoded.pop_back();
  return encoded;
}

TEST(JsonWebToken, EveryAlgorithmIsVerifiedByItsKey) {
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    const JsonWebToken token =
        Read(Issuer().Sign(TokenIssuer::Claims(kSeconds), algorithm));
    EXPECT_EQ(token.subject, "repo:acme/web:ref:refs/heads/main");
    EXPECT_THAT(token.audience, ElementsAre("fleet", "other"));
    EXPECT_TRUE(Keys().HasKeyFor(token)) << algorithm;
    EXPECT_TRUE(Keys().Verify(token).ok()) << algorithm;
    EXPECT_TRUE(CheckTimesAndAudience(token, "fleet", kTokenTime).ok());
    EXPECT_FALSE(CheckTimesAndAudience(token, "flee", kTokenTime).ok());
  }
}

TEST(JsonWebToken, AnyChangeBreaksTheSignature) {
  const TokenIssuer other;
  for (const char* algorithm : {"RS256", "ES256", "EdDSA"}) {
    const std::string good =
        Issuer().Sign(TokenIssuer::Claims(kSeconds), algorithm);
    const size_t dot = good.rfind('.');
    // Signed by another key of the same name, other claims under the same
    // signature, no signature.
    json claims = TokenIssuer::Claims(kSeconds);
    claims["repository"] = "acme/api";
    const std::string forged = Issuer().Sign(claims, algorithm);
    for (const std::string& text :
         {other.Sign(TokenIssuer::Claims(kSeconds), algorithm),
          absl::StrCat(forged.substr(0, forged.rfind('.')), good.substr(dot)),
          absl::StrCat(good.substr(0, dot), ".", Encode("x"))}) {
      EXPECT_TRUE(absl::IsUnauthenticated(Keys().Verify(Read(text))))
          << algorithm;
    }
  }
}

TEST(JsonWebToken, AKeyServesNoOtherAlgorithm) {
  // Signed with the Ed25519 key, and said to be the RSA key's.
  const JsonWebToken token = Read(
      Issuer().Sign(TokenIssuer::Claims(kSeconds), "EdDSA", {{"kid", "rs"}}));
  EXPECT_FALSE(Keys().HasKeyFor(token));
  EXPECT_FALSE(Keys().Verify(token).ok());
  // Without a name the only key of the algorithm is meant.
  JsonWebToken unnamed = Read(Issuer().Sign(TokenIssuer::Claims(kSeconds)));
  unnamed.key_id.clear();
  EXPECT_TRUE(Keys().HasKeyFor(unnamed));
}

TEST(JsonWebToken, RefusesWhatIsNotSignedByAKeyPair) {
  const json claims = TokenIssuer::Claims(kSeconds);
  for (const char* algorithm :
       {"none", "None", "HS256", "HS512", "RS1", "RS512", ""}) {
    const auto token =
        ParseJsonWebToken(Issuer().Sign(claims, "RS256", {{"alg", algorithm}}));
    EXPECT_THAT(std::string(token.status().message()),
                HasSubstr("only RS256, ES256 and EdDSA"))
        << algorithm;
  }
  EXPECT_FALSE(
      ParseJsonWebToken(Issuer().Sign(claims, "RS256", {{"crit", {"exp"}}}))
          .ok());
}

TEST(JsonWebToken, RefusesWhatIsBroken) {
  const std::string head = Encode(R"({"alg":"RS256"})");
  json no_issuer = TokenIssuer::Claims(kSeconds);
  no_issuer.erase("iss");
  json no_subject = TokenIssuer::Claims(kSeconds);
  no_subject["sub"] = "two\nlines";
  json no_time = TokenIssuer::Claims(kSeconds);
  no_time["exp"] = "tomorrow";
  json late = TokenIssuer::Claims(kSeconds);
  late["exp"] = 1e300;
  for (const std::string& text :
       {std::string(""), std::string("a.b"), std::string("a.b.c.d"),
        absl::StrCat(head, ".", head), absl::StrCat(head, "..", head),
        absl::StrCat(head, ".=.", head),
        absl::StrCat(head, ".", Encode("[]"), ".", head),
        absl::StrCat(head, ".", Encode("{"), ".", head),
        absl::StrCat(Encode("{}"), ".", Encode("{}"), ".", head),
        Issuer().Sign(no_issuer), Issuer().Sign(no_subject),
        Issuer().Sign(no_time), Issuer().Sign(late),
        std::string(20'000, 'e')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseJsonWebToken(text).status()))
        << text.substr(0, 80);
  }
}

TEST(JsonWebToken, ClaimsThatCouldDeceiveCountAsAbsent) {
  json claims = TokenIssuer::Claims(kSeconds);
  claims["repository"] = std::string("acme/web\0.evil", 14);
  claims["long"] = std::string(5000, 'a');
  claims["map"] = {{"a", "b"}};
  claims["protected"] = true;
  claims["run"] = 17;
  claims["groups"] = {"a", 1, nullptr};
  const JsonWebToken token = Read(Issuer().Sign(claims));
  EXPECT_THAT(token.claims.Values("repository"), ElementsAre());
  EXPECT_THAT(token.claims.Values("long"), ElementsAre());
  EXPECT_THAT(token.claims.Values("map"), ElementsAre());
  EXPECT_THAT(token.claims.Values("protected"), ElementsAre("true"));
  EXPECT_THAT(token.claims.Values("run"), ElementsAre("17"));
  EXPECT_THAT(token.claims.Values("groups"), ElementsAre("a", "1"));
}

TEST(JsonWebToken, ClaimsAreDescribedByTheirPathsWithinALimit) {
  const TokenClaims claims(json::parse(
      R"({"a": {"b/c": "d", "e\n": [1, true, {"f": 1}]}, "g": null})"));
  EXPECT_EQ(claims.Describe(), R"(/a/b~1c=d /a/e\n=1 /a/e\n=true)");
  json deep = "x";
  for (int i = 0; i < 20; ++i) deep = json{{"a", deep}};
  EXPECT_EQ(TokenClaims(deep).Describe(), "");
  json many;
  for (int i = 0; i < 1000; ++i) many[std::to_string(i)] = "0123456789";
  EXPECT_LT(TokenClaims(many).Describe().size(), 5000u);
}

TEST(JsonWebToken, TimesAllowForAMinuteOfDifference) {
  const auto check = [](const char* claim, int64_t value) {
    json claims = TokenIssuer::Claims(kSeconds);
    if (value == 0) {
      claims.erase(claim);
    } else {
      claims[claim] = value;
    }
    return CheckTimesAndAudience(Read(Issuer().Sign(claims)), "fleet",
                                 kTokenTime)
        .ok();
  };
  EXPECT_TRUE(check("exp", kSeconds - 59));
  EXPECT_FALSE(check("exp", kSeconds - 60));
  EXPECT_TRUE(check("iat", kSeconds + 60));
  EXPECT_FALSE(check("iat", kSeconds + 61));
  EXPECT_TRUE(check("nbf", kSeconds + 60));
  EXPECT_FALSE(check("nbf", kSeconds + 61));
  EXPECT_FALSE(check("exp", 0));
  EXPECT_FALSE(check("iat", 0));
  EXPECT_FALSE(check("aud", 0));
}

TEST(JsonWebKeys, LeavesOutWhatIsOfNoUse) {
  json set = json::parse(Issuer().Keys());
  set["keys"].push_back({{"kty", "oct"}, {"k", "c2VjcmV0"}});
  set["keys"].push_back(7);
  json other_use = set["keys"][0];
  other_use["use"] = "enc";
  set["keys"].push_back(other_use);
  json weak = set["keys"][0];
  weak["n"] = Encode(std::string(128, '\xf1'));  // 1,024 bits.
  set["keys"].push_back(weak);
  json off_curve = set["keys"][1];
  off_curve["x"] = off_curve["y"];
  set["keys"].push_back(off_curve);
  EXPECT_EQ(JsonWebKeys::Parse(set.dump())->size(), 3u);
}

TEST(JsonWebKeys, RefusesASetWithoutKeys) {
  json many = {{"keys", json::array()}};
  for (int i = 0; i < 101; ++i) many["keys"].push_back(json::object());
  for (const std::string& text :
       {std::string(""), std::string("[]"), std::string("{\"keys\": 1}"),
        std::string("{\"keys\": []}"), many.dump()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(JsonWebKeys::Parse(text).status()));
  }
}

}  // namespace
}  // namespace fleet::controller
