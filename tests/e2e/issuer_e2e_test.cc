// CI jobs that come with a token of another issuer, and certificates of an
// authority that the user brought: on the real programs.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"
#include "tests/fakes/token_issuer.h"

namespace fleet::e2e {
namespace {

using nlohmann::json;

// Made before the fleet, which is given some of it, and gone after it.
class Folder {
 public:
  Folder() { mkdtemp(path_.data()); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/fleet-issuer-XXXXXX";
};

// The text after `mark` in a file that a server writes when it listens.
std::string AwaitPort(const std::string& file, const std::string& mark) {
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end) {
    const std::string text = ReadFile(file);
    const size_t at = text.find(mark);
    if (at == std::string::npos || text.find('\n', at) == std::string::npos) {
      continue;
    }
    const size_t from = at + mark.size();
    return text.substr(from, text.find_first_not_of("0123456789", from) - from);
  }
  ADD_FAILURE() << "nothing listens: " << ReadFile(file);
  return "0";
}

class Issuer : public testing::Test {
 protected:
  Issuer() {
    // Keys over HTTP, over TLS, and in a file: an issuer each.
    for (const char* name : {"http", "tls", "file"}) {
      issuers_[name] = std::make_unique<TokenIssuer>(name);
      WriteFile(folder_.File(absl::StrCat(name, ".json")),
                issuers_[name]->Keys());
    }
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout web.key -out web.pem -days 2 -subj /CN=web "
        "-addext subjectAltName=IP:127.0.0.1");
    http_ = Serve(
        {"python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"},
        "http.out");
    tls_ = Serve({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                  "web.pem", "-key", "web.key", "-WWW"},
                 "tls.out");
    WriteRules("acme/web");
    // The user's own authority.
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout our.key -out our.pem -days 30 -subj /CN=ours");
    TestFleetOptions options;
    options.tls = true;
    options.controller_flags = {
        "--issuers",         folder_.File("issuers.yaml"),
        "--ca-cert",         folder_.File("our.pem"),
        "--ca-key",          folder_.File("our.key"),
        "--host-cert-ttl",   "10s",
        "--server-cert-ttl", "10s"};
    fleet_ = std::make_unique<TestFleet>(options);
    pin_ = json::parse(fleet_->MustCtl({"whoami", "-o", "json"}))
               .value("authority_pin", "");
  }

  std::unique_ptr<ChildProcess> Serve(std::vector<std::string> argv,
                                      const std::string& output) {
    ProcessOptions options;
    options.argv = std::move(argv);
    options.cwd = folder_.path();
    options.stdout_file = options.stderr_file = folder_.File(output);
    return std::make_unique<ChildProcess>(options);
  }
  std::string Run(const std::string& command) {
    ProcessOptions options;
    options.argv = {"bash", "-c", command};
    options.cwd = folder_.path();
    CommandResult r = RunCommand(options, folder_.path(), kPatience);
    EXPECT_EQ(r.exit_code, 0) << command << r.err;
    return r.out;
  }

  void WriteRules(const std::string& repository) {
    const std::string rules = absl::StrCat(
        "    audience: fleet\n"
        "    rules:\n"
        "      - match: {repository: ",
        repository, ", ref: refs/heads/main}\n",
        "        role: deployer\n        apps: [web*]\n        max_ttl: 15m\n");
    const std::string http =
        AwaitPort(folder_.File("http.out"), "127.0.0.1 port ");
    const std::string tls =
        AwaitPort(folder_.File("tls.out"), "ACCEPT 127.0.0.1:");
    WriteFile(
        folder_.File("issuers.yaml"),
        absl::StrCat("issuers:\n  - name: http\n    issuer: https://http\n",
                     "    keys: http://127.0.0.1:", http, "/http.json\n", rules,
                     "  - name: tls\n    issuer: https://tls\n",
                     "    keys: https://127.0.0.1:", tls, "/tls.json\n",
                     "    authority: ", folder_.File("web.pem"), "\n", rules,
                     "  - name: file\n    issuer: https://file\n    keys: ",
                     folder_.File("file.json"), "\n", rules));
    chmod(folder_.File("issuers.yaml").c_str(), 0600);
  }

  std::string Sign(const std::string& issuer, const json& changes = {},
                   const std::string& algorithm = "RS256") {
    json claims = TokenIssuer::Claims(absl::ToUnixSeconds(absl::Now()));
    claims["iss"] = "https://" + issuer;
    if (!changes.is_null()) claims.update(changes);
    return issuers_[issuer]->Sign(claims, algorithm);
  }
  // fleetctl in a CI job: the environment is all it has.
  ProcessOptions Job(const std::string& token,
                     const std::vector<std::string>& args) {
    ProcessOptions options;
    options.argv = {ProgramPath("fleetctl")};
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    options.env = {{"FLEET_CONTROLLER", fleet_->tls_address()},
                   {"FLEET_TOKEN", token},
                   {"FLEET_CA_PIN", pin_},
                   {"HOME", folder_.File("home")},
                   {"XDG_CACHE_HOME", ""},
                   {"XDG_CONFIG_HOME", ""}};
    return options;
  }
  CommandResult As(const std::string& token,
                   const std::vector<std::string>& args) {
    return RunCommand(Job(token, args), fleet_->dir(), 3 * kPatience);
  }
  // The logs of web, by the context "ci": it has begun.
  std::unique_ptr<ChildProcess> Follow(const std::string& name) {
    ProcessOptions options = Job("", {"logs", "web", "-f", "--context", "ci"});
    options.env["FLEET_CONTROLLER"] = "";
    options.stdout_file = folder_.File(name + ".out");
    options.stderr_file = folder_.File(name + ".err");
    auto logs = std::make_unique<ChildProcess>(options);
    EXPECT_TRUE(fleet_->Eventually([&] {
      return absl::StrContains(ReadFile(options.stdout_file), "listening");
    })) << ReadFile(options.stderr_file);
    return logs;
  }
  // What a new connection is shown.
  std::string ServerSerial() {
    return Run(absl::StrCat("openssl s_client -connect ", fleet_->tls_address(),
                            " </dev/null 2>/dev/null | openssl x509 "
                            "-noout -serial"));
  }
  std::string HostCertificate() const {
    return ReadFile(fleet_->HostDir(1) + "/tls/host.pem");
  }

  Folder folder_;
  std::map<std::string, std::unique_ptr<TokenIssuer>> issuers_;
  std::unique_ptr<ChildProcess> http_;
  std::unique_ptr<ChildProcess> tls_;
  std::unique_ptr<TestFleet> fleet_;
  std::string pin_;
};

TEST_F(Issuer, AJobMayDoWhatItsRuleSaysAsLongAsItSaysSo) {
  fleet_->MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  for (const auto& [issuer, algorithm] :
       {std::pair("http", "RS256"), std::pair("tls", "ES256"),
        std::pair("file", "EdDSA")}) {
    CommandResult who = As(Sign(issuer, {}, algorithm), {"whoami"});
    EXPECT_EQ(who.exit_code, 0) << issuer << who.err;
    EXPECT_TRUE(absl::StrContains(
        who.out, absl::StrCat(issuer,
                              ":repo:acme/web:ref:refs/heads/main, "
                              "deployer of apps web*")))
        << who.out;
  }
  CommandResult reload =
      As(Sign("http"), {"reload", "web", "--min-ready-time", "0"});
  EXPECT_EQ(reload.exit_code, 0) << reload.err;
  EXPECT_TRUE(absl::StrContains(
      fleet_->MustCtl({"audit", "--actor",
                       "http:repo:acme/web:ref:refs/heads/main", "-o", "json"}),
      "CreateRollout"));

  // Everything that does not fit.
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  for (const json& changes :
       {json{{"repository", "evil/web"}}, json{{"ref", "refs/heads/topic"}},
        json{{"aud", "other"}}, json{{"iss", "https://evil"}},
        json{{"exp", now - 120}}, json{{"iat", now - 3600}}}) {
    CommandResult r = As(Sign("http", changes), {"whoami"});
    EXPECT_EQ(r.exit_code, 4) << changes.dump() << r.out;
    EXPECT_TRUE(absl::StrContains(r.err, "OIDC token is not accepted"))
        << r.err;
  }
  const TokenIssuer forger("http");
  json claims = TokenIssuer::Claims(now);
  claims["iss"] = "https://http";
  EXPECT_TRUE(absl::StrContains(As(forger.Sign(claims), {"whoami"}).err,
                                "signature is not its issuer's"));
  EXPECT_NE(As(Sign("http"), {"delete", "api"}).exit_code, 0);
  // Its address has been wrong too often by now.
  EXPECT_TRUE(fleet_->Eventually([&] {
    return absl::StrContains(As(Sign("http", {{"aud", "x"}}), {"whoami"}).err,
                             "too many wrong tokens");
  }));
}

TEST_F(Issuer, WhatIsRevokedOrHasNoRuleAnyMoreIsCutOff) {
  fleet_->MustCtl(
      {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  WriteFile(folder_.File("token"), Sign("file", {{"jti", "stolen"}}));
  CommandResult login =
      As("", {"login", fleet_->tls_address(), "--oidc-token-file",
              folder_.File("token"), "--ca-pin", pin_, "--name", "ci"});
  ASSERT_EQ(login.exit_code, 0) << login.err;
  EXPECT_FALSE(absl::StrContains(
      ReadFile(folder_.File("home/.config/fleet/contexts.json")),
      ReadFile(folder_.File("token"))));
  auto stolen = Follow("stolen");
  WriteFile(folder_.File("token"), Sign("file", {{"sub", "job-7"}}));
  auto other = Follow("other");
  WriteFile(folder_.File("token"), Sign("file", {{"jti", "good"}}));
  auto good = Follow("good");

  // One token of a job, of which another goes on.
  const CommandResult unknown = fleet_->Ctl({"token", "revoke", "fil:*"});
  EXPECT_TRUE(absl::StrContains(unknown.err, "http, tls, file")) << unknown.err;
  fleet_->MustCtl({"token", "revoke", "file:*", "--jti", "stolen"});
  EXPECT_EQ(stolen->Wait(kPatience).value_or(0), 4);
  EXPECT_TRUE(absl::StrContains(ReadFile(folder_.File("stolen.err")),
                                "revoked or has expired"))
      << ReadFile(folder_.File("stolen.err"));
  CommandResult again = As(Sign("file", {{"jti", "stolen"}}), {"ls"});
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_TRUE(absl::StrContains(again.err, "has been revoked")) << again.err;
  EXPECT_TRUE(absl::StrContains(fleet_->MustCtl({"token", "ls", "--all"}),
                                "OIDC stolen"));
  EXPECT_EQ(As("", {"ls"}).exit_code, 0);
  EXPECT_FALSE(other->Wait(absl::ZeroDuration()).has_value());
  // All of one subject, of which there are others.
  fleet_->MustCtl({"token", "revoke", "file:job-7"});
  EXPECT_EQ(other->Wait(kPatience).value_or(0), 4);
  EXPECT_EQ(As(Sign("file", {{"sub", "job-7"}}), {"ls"}).exit_code, 4);
  EXPECT_EQ(As("", {"ls"}).exit_code, 0);
  EXPECT_FALSE(good->Wait(absl::ZeroDuration()).has_value());

  // A broken file changes nothing.
  WriteFile(folder_.File("issuers.yaml"), "issuers: [");
  fleet_->controller().Signal(SIGHUP);
  EXPECT_TRUE(fleet_->Eventually([&] {
    return absl::StrContains(ReadFile(fleet_->ControllerLog()),
                             "stay in force");
  }));
  EXPECT_EQ(As("", {"ls"}).exit_code, 0);

  WriteRules("acme/other");
  fleet_->controller().Signal(SIGHUP);
  EXPECT_EQ(good->Wait(kPatience).value_or(0), 4);
  EXPECT_TRUE(absl::StrContains(ReadFile(folder_.File("good.err")),
                                "revoked or has expired"))
      << ReadFile(folder_.File("good.err"));
  EXPECT_EQ(As("", {"ls"}).exit_code, 4);
}

TEST_F(Issuer, CertificatesAreRenewedAndNobodyIsCutOff) {
  const std::string script =
      fleet_->WriteApp("talker.py",
                       "import time\nwhile True:\n"
                       "    print('listening', flush=True)\n"
                       "    time.sleep(0.2)\n");
  fleet_->MustCtl({"start", script, "--name", "web", "--no-wait"});
  // The pin is that of the authority that was brought.
  WriteFile(folder_.File("token"), Sign("file"));
  CommandResult login =
      As("", {"login", fleet_->tls_address(), "--oidc-token-file",
              folder_.File("token"), "--ca-pin", pin_, "--name", "ci"});
  ASSERT_EQ(login.exit_code, 0) << login.err;
  auto logs = Follow("logs");
  const auto session = [&] {
    const json hosts = json::parse(fleet_->MustCtl({"hosts", "-o", "json"}));
    return hosts["hosts"][0].value("connect_time", "");
  };
  const std::string begun = session();
  const std::string host = HostCertificate();
  const std::string server = ServerSerial();
  EXPECT_TRUE(absl::StartsWith(server, "serial=")) << server;

  // Each at half of its life; the host's once more.
  EXPECT_TRUE(fleet_->Eventually([&] {
    const std::string now = ServerSerial();
    return absl::StartsWith(now, "serial=") && now != server;
  }));
  std::string second;
  EXPECT_TRUE(fleet_->Eventually([&] {
    second = HostCertificate();
    return !second.empty() && second != host;
  }));
  EXPECT_TRUE(fleet_->Eventually([&] {
    const std::string now = HostCertificate();
    return !now.empty() && now != second;
  }));
  EXPECT_EQ(session(), begun) << "the session goes on";
  // So does the stream of logs: what is new comes through it.
  const size_t before = ReadFile(folder_.File("logs.out")).size();
  EXPECT_EQ(As("", {"hosts"}).exit_code, 0);
  EXPECT_TRUE(fleet_->Eventually(
      [&] { return ReadFile(folder_.File("logs.out")).size() > before; }));
  EXPECT_FALSE(logs->Wait(absl::ZeroDuration()).has_value());
  // What it has now lets it in again.
  fleet_->StopController();
  fleet_->StartController();
  fleet_->AwaitConnected(1);
}

}  // namespace
}  // namespace fleet::e2e
