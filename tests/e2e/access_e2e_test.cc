// Who gets in, who does not, and what nobody is shown: on the real programs,
// over TLS.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr char kPlanted[] = "planted-7f3a9c-secret";

class Access : public testing::Test {
 protected:
  Access() : fleet_(Options()) {}

  static TestFleetOptions Options() {
    TestFleetOptions options;
    options.tls = true;
    return options;
  }
  std::string Token(std::vector<std::string> args) {
    args.insert(args.begin(), {"token", "create"});
    std::string token = fleet_.MustCtl(args);
    token.erase(token.find_last_not_of('\n') + 1);
    return token;
  }
  // fleetctl from elsewhere, with a token alone.
  CommandResult As(const std::string& token,
                   const std::vector<std::string>& args) {
    ProcessOptions options;
    options.argv = {ProgramPath("fleetctl")};
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    options.env = {{"FLEET_CONTROLLER", fleet_.tls_address()},
                   {"FLEET_TOKEN", token},
                   {"HOME", fleet_.dir() + "/home"},
                   {"XDG_CACHE_HOME", ""},
                   {"XDG_CONFIG_HOME", ""}};
    return RunCommand(options, fleet_.dir(), 3 * kPatience);
  }
  CommandResult Shell(const std::string& command) {
    ProcessOptions options;
    options.argv = {"bash", "-c", command};
    return RunCommand(options, fleet_.dir(), kPatience);
  }

  TestFleet fleet_;
};

TEST_F(Access, RolesAndLimitsHoldOverTls) {
  fleet_.MustCtl({"start", AppPath("ecosystem.config.js")});
  const std::string viewer = Token({"anna", "--role", "viewer"});
  CommandResult list = As(viewer, {"ls"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_NE(list.out.find("web"), std::string::npos) << list.out;
  CommandResult denied = As(viewer, {"reload", "web"});
  EXPECT_EQ(denied.exit_code, 4);
  EXPECT_NE(denied.err.find("anna has role viewer"), std::string::npos)
      << denied.err;

  const std::string other =
      Token({"ci-api", "--role", "deployer", "--apps", "api*"});
  EXPECT_EQ(As(other, {"reload", "web"}).exit_code, 4);
  const std::string ci =
      Token({"ci-web", "--role", "deployer", "--apps", "web*", "--ttl", "1h"});
  CommandResult reload = As(ci, {"reload", "web"});
  EXPECT_EQ(reload.exit_code, 0) << reload.err;

  // Another authority than the token's pin says: nothing is sent to it.
  std::string mistaken = ci;
  mistaken.back() = mistaken.back() == '0' ? '1' : '0';
  CommandResult stranger = As(mistaken, {"ls"});
  EXPECT_EQ(stranger.exit_code, 4);
  EXPECT_NE(stranger.err.find("Nothing was sent"), std::string::npos)
      << stranger.err;

  fleet_.MustCtl({"token", "revoke", "ci-web"});
  EXPECT_EQ(As(ci, {"ls"}).exit_code, 4);

  CommandResult audit = fleet_.Ctl({"audit", "-o", "json"});
  EXPECT_NE(audit.out.find("ci-web"), std::string::npos) << audit.out;
  EXPECT_NE(audit.out.find("PERMISSION_DENIED"), std::string::npos);
  CommandResult verified = fleet_.Ctl({"audit", "--verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.out.find("intact"), std::string::npos);
}

TEST_F(Access, ARevokedHostIsCutOffAndItsWorkersGoOn) {
  fleet_.MustCtl({"start", AppPath("ecosystem.config.js")});
  const std::vector<pid_t> pids = fleet_.Pids("web", "host-1");
  fleet_.MustCtl({"hosts", "revoke", "host-1"});
  EXPECT_TRUE(fleet_.Eventually([&] {
    CommandResult r = fleet_.Ctl({"hosts", "-o", "json"});
    return r.out.find("HOST_STATE_DISCONNECTED") != std::string::npos;
  }));
  // It tries again, and is refused each time.
  EXPECT_TRUE(fleet_.Eventually([&] {
    return ReadFile(fleet_.HostLog(1)).find("revoked") != std::string::npos;
  }));
  for (pid_t pid : pids) EXPECT_TRUE(IsAlive(pid));
  EXPECT_EQ(HttpGet(fleet_.Target(1, 3000)).body, "v1");
}

TEST_F(Access, OnlyTls13IsSpokenAndOnlyByTheFleetsAuthority) {
  const std::string base =
      absl::StrCat("openssl s_client -connect ", fleet_.tls_address(),
                   " -CAfile ", fleet_.ControllerDir(),
                   "/tls/ca.pem -verify_return_error -alpn h2 </dev/null 2>&1");
  CommandResult modern = Shell(base + " -tls1_3");
  EXPECT_NE(modern.out.find("TLSv1.3"), std::string::npos) << modern.out;
  EXPECT_NE(modern.out.find("Verify return code: 0"), std::string::npos)
      << modern.out;
  CommandResult old = Shell(base + " -tls1_2");
  EXPECT_EQ(old.out.find("Cipher is TLS"), std::string::npos) << old.out;
  EXPECT_NE(old.out.find("Cipher is (NONE)"), std::string::npos) << old.out;
  EXPECT_NE(HttpGet({"127.0.0.1",
                     std::stoi(fleet_.tls_address().substr(
                         fleet_.tls_address().rfind(':') + 1)),
                     "/"})
                .status,
            200);
}

TEST_F(Access, ASecretReachesItsAppAndNothingElse) {
  ASSERT_EQ(
      Shell(absl::StrCat("printf %s ", kPlanted, " | ", ProgramPath("fleetctl"),
                         " --controller ", fleet_.controller_address(),
                         " secret set db-password"))
          .exit_code,
      0);
  // The app tells only how long it is.
  fleet_.WriteApp("secretive.js",
                  "const http = require('http');\n"
                  "http.createServer((q, r) => r.end(String("
                  "(process.env.DB_PASSWORD || '').length)))"
                  ".listen(3000, () => process.send('ready'));\n");
  const std::string file =
      fleet_.WriteApp("fleet.yaml",
                      "apps:\n  - name: secretive\n    script: secretive.js\n"
                      "    exec_mode: cluster\n    wait_ready: true\n"
                      "    env:\n      DB_PASSWORD: {secret: db-password}\n");
  CommandResult applied = fleet_.Ctl({"apply", file});
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(HttpGet(fleet_.Target(1, 3000)).body,
            absl::StrCat(std::string(kPlanted).size()));

  std::string shown;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"show", "secretive", "-o", "json"},
           {"env", "secretive"},
           {"export"},
           {"secret", "ls", "-o", "json"},
           {"audit", "-o", "json"},
           {"logs", "secretive"}}) {
    CommandResult r = fleet_.Ctl(args);
    shown += r.out + r.err;
  }
  EXPECT_EQ(shown.find(kPlanted), std::string::npos);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(fleet_.dir())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(ReadFile(entry.path()).find(kPlanted), std::string::npos)
        << entry.path();
  }

  CommandResult missing = fleet_.Ctl(
      {"apply", fleet_.WriteApp("no.yaml",
                                "apps:\n  - name: other\n    script: "
                                "secretive.js\n    env:\n      X: "
                                "{secret: no-such}\n")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("fleetctl secret set no-such"), std::string::npos)
      << missing.err;
  EXPECT_EQ(fleet_.Ctl({"secret", "rm", "db-password"}).exit_code, 1);
}

}  // namespace
}  // namespace fleet::e2e
