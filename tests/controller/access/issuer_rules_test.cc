#include "controller/access/issuer_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "controller/access/http_get.h"
#include "proto/rpc/whole_file.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kFile[] = R"(# What the CI system's jobs may do.
issuers:
  - name: github
    issuer: https://token.example.org
    audience: fleet.example.org
    keys: https://token.example.org/.well-known/jwks
    rules:
      - match: {repository: acme/web, ref: [refs/heads/main, refs/tags/*]}
        role: deployer
        apps: [web*]
        hosts: role=web
        max_ttl: 15m
      - match: {repository: acme/*}
        role: viewer
)";

class IssuerRulesTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<TrustedIssuer>> Read(const std::string& text) {
    EXPECT_TRUE(ReplaceFile(folder.File("issuers.yaml"), text, 0600).ok());
    return ReadIssuers(folder.File("issuers.yaml"));
  }
  static JsonWebToken With(nlohmann::json claims) {
    JsonWebToken token;
    token.claims = TokenClaims(std::move(claims));
    return token;
  }
  TempFolder folder;
};

TEST_F(IssuerRulesTest, ReadsTheFile) {
  const auto issuers = Read(kFile);
  ASSERT_TRUE(issuers.ok()) << issuers.status();
  const TrustedIssuer& github = issuers->at(0);
  EXPECT_EQ(github.name, "github");
  EXPECT_EQ(github.audience, "fleet.example.org");
  const IssuerRule& rule = github.rules.at(0);
  EXPECT_EQ(rule.role, Role::kDeployer);
  EXPECT_THAT(rule.scope.apps, ElementsAre("web*"));
  EXPECT_EQ(rule.scope.hosts, "role=web");
  EXPECT_EQ(rule.max_ttl, absl::Minutes(15));
  EXPECT_EQ(github.rules.at(1).max_ttl, absl::Hours(1));
}

TEST_F(IssuerRulesTest, TheFirstRuleThatFitsCounts) {
  const TrustedIssuer github = Read(kFile)->at(0);
  const struct {
    const char* claims;
    int rule;  // -1: none.
  } kCases[] = {
      {R"({"repository": "acme/web", "ref": "refs/heads/main"})", 0},
      {R"({"repository": "acme/web", "ref": "refs/tags/v1/2"})", 0},
      {R"({"repository": "acme/web", "ref": "refs/heads/topic"})", 1},
      {R"({"repository": "acme/web"})", 1},
      {R"({"repository": "acme/api"})", 1},
      {R"({"repository": ["evil/web", "acme/x"]})", 1},
      {R"({"repository": "evil/acme/web"})", -1},
      {R"({"repository": {"acme/web": "acme/web"}})", -1},
      {R"({"ref": "refs/heads/main"})", -1},
      {"{}", -1},
  };
  for (const auto& c : kCases) {
    const IssuerRule* rule =
        FindRule(github, With(nlohmann::json::parse(c.claims)));
    EXPECT_EQ(rule, c.rule < 0 ? nullptr
                               : &github.rules[static_cast<size_t>(c.rule)]);
  }
}

// As GitHub, GitLab and Kubernetes write them.
TEST_F(IssuerRulesTest, ClaimsAreFoundInMapsAndLists) {
  const struct {
    const char* match;
    const char* claims;
    bool fits;
  } kCases[] = {
      {"repository: acme/web", R"({"repository": "acme/web"})", true},
      {"ref_protected: 'true'", R"({"ref_protected": "true"})", true},
      {"ref_protected: true", R"({"ref_protected": true})", true},
      {"groups_direct: platform/*", R"({"groups_direct": ["a", "platform/x"]})",
       true},
      {"groups: [ops, web]", R"({"groups": ["dev", "web"]})", true},
      {"groups: ops", R"({"groups": ["dev", "web"]})", false},
      {"groups: ops", R"({"groups": []})", false},
      {"groups: ops", R"({"groups": [["ops"], {"name": "ops"}]})", false},
      {"kubernetes.io.namespace: prod",
       R"({"kubernetes.io": {"namespace": "prod"}})", true},
      {"/kubernetes.io/serviceaccount/name: deploy*",
       R"({"kubernetes.io": {"serviceaccount": {"name": "deployer"}}})", true},
      {"/kubernetes.io/serviceaccount/name: deploy*",
       R"({"kubernetes.io": {"serviceaccount": {"name": "web"}}})", false},
      {"kubernetes.io.namespace: prod",
       R"({"kubernetes.io.namespace": ["prod"]})", true},
      {"realm_access.roles: deploy",
       R"({"realm_access": {"roles": ["deploy"]}})", true},
      {"/https:~1~1x.org~1role: a~b", R"({"https://x.org/role": "a~b"})", true},
      {"https://x.org/role: admin", R"({"https://x.org/role": "admin"})", true},
      // The claim of that very name counts, whatever else has its path.
      {"a.b: good", R"({"a.b": "bad", "a": {"b": "good"}})", false},
      {"/a/b: good", R"({"a.b": "bad", "a": {"b": "good"}})", true},
      // Two that could be meant: neither.
      {"a.b.c: good", R"({"a.b": {"c": "good"}, "a": {"b.c": "bad"}})", false},
      {"/a.b/c: good", R"({"a.b": {"c": "good"}, "a": {"b.c": "bad"}})", true},
      {"a: '*'", R"({"a": {"b": "c"}})", false},
      {"a.b: '*'", R"({"a": "b"})", false},
      {"/a/0: x", R"({"a": ["x"]})", false},
  };
  for (const auto& c : kCases) {
    const auto issuers = Read(absl::StrReplaceAll(
        kFile,
        {{"repository: acme/web, ref: [refs/heads/main, refs/tags/*]", c.match},
         {"repository: acme/*", "none: none"}}));
    ASSERT_TRUE(issuers.ok()) << c.match << issuers.status();
    const auto* rule =
        FindRule(issuers->at(0), With(nlohmann::json::parse(c.claims)));
    EXPECT_EQ(rule != nullptr, c.fits) << c.match << " " << c.claims;
  }
}

TEST_F(IssuerRulesTest, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* from;
    const char* to;
    const char* error;
  } kCases[] = {
      {"role: viewer", "role: root",
       "issuers[0].rules[1].role: \"root\" is not a role"},
      {"role: viewer", "", "rules[1].role: it is missing"},
      {"match: {repository: acme/*}", "match: {}",
       "rules[1].match: it is missing"},
      {"match: {repository: acme/*}", "mach: {}",
       "rules[1].match: it is missing"},
      {"repository: acme/*", "repository: []", "match.repository: it is empty"},
      {"repository: acme/*", "kubernetes.io: {namespace: prod}",
       "match.kubernetes.io: a claim within a map is named by its path: "
       "kubernetes.io.NAME, or /kubernetes.io/NAME"},
      {"repository: acme/*", "/a//b: c", "match./a//b: a name that begins"},
      {"repository: acme/*", "/a~2: c", "match./a~2: in a path ~ must be ~0"},
      {"max_ttl: 15m", "max_ttl: 25h", "max_ttl: must be 1s to 24h"},
      {"apps: [web*]", "apps: []", "apps: it is empty"},
      {"hosts: role=web", "hosts: 'a,,b'", "hosts: "},
      {"audience: fleet.example.org", "", "audience: it is missing"},
      {"keys: https://token", "keys: http://token", "keys: http is for"},
      {"keys: https://token", "keys: keys.json #", "keys: must be an absolute"},
      {"name: github", "name: git hub", "name: use 1 to 63"},
      {"issuers:", "issuer:", "issuers: must be a list"},
  };
  for (const auto& c : kCases) {
    const auto issuers = Read(absl::StrReplaceAll(kFile, {{c.from, c.to}}));
    EXPECT_THAT(std::string(issuers.status().message()), HasSubstr(c.error))
        << c.to;
    EXPECT_THAT(std::string(issuers.status().message()),
                HasSubstr("issuers.yaml:"));
  }
  std::string twice = kFile;
  twice += std::string(kFile).substr(std::string(kFile).find("  - name"));
  EXPECT_THAT(std::string(Read(twice).status().message()),
              HasSubstr("another one"));
}

TEST(HttpUrl, IsTakenApart) {
  const HttpUrl url = *ParseHttpUrl("https://h.example/a/b?c=d");
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "h.example");
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.path, "/a/b?c=d");
  EXPECT_EQ(ParseHttpUrl("http://[::1]:81")->port, 81);
  EXPECT_TRUE(ParseHttpUrl("http://[::1]:81")->IsLoopback());
  EXPECT_TRUE(ParseHttpUrl("http://127.0.0.9/")->IsLoopback());
  EXPECT_FALSE(ParseHttpUrl("http://127.evil.org/")->IsLoopback());
  for (const char* text :
       {"", "ftp://h/", "https://", "https://user@h/", "https://h:0/",
        "https://h:99999/", "https://h/a b", "https://h/a\r\nX: y"}) {
    EXPECT_FALSE(ParseHttpUrl(text).ok()) << text;
  }
}

TEST(HttpAnswer, GivesItsBody) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: b\r\n";
  EXPECT_EQ(*BodyOfAnswer(head + "\r\nbody"), "body");
  EXPECT_EQ(*BodyOfAnswer(head + "Content-Length: 3\r\n\r\nbody"), "bod");
  EXPECT_EQ(*BodyOfAnswer(head + "transfer-encoding: Chunked\r\n\r\n"
                                 "3\r\nbod\r\n1;x=y\r\ny\r\n0\r\n\r\n"),
            "body");
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& text :
       {std::string(""), std::string("HTTP/1.1 200 OK\r\n"),
        std::string("HTTP/1.1 302 Found\r\nLocation: http://x\r\n\r\n"),
        std::string("HTTP/2 200\r\n\r\n"),
        head + "Content-Length: 9\r\n\r\nbody",
        chunked + "ffffffffffffffff\r\nbody\r\n", chunked + "zz\r\n",
        chunked + "4\r\nbo", chunked}) {
    EXPECT_FALSE(BodyOfAnswer(text).ok()) << text;
  }
}

}  // namespace
}  // namespace fleet::controller
