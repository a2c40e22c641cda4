// How fleetctl finds the controller and what it shows to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "cli/access/context_file.h"
#include "cli/access/controller_access.h"
#include "cli/controller_address.h"
#include "cli/render/access_text.h"
#include "proto/rpc/whole_file.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    folder_ = mkdtemp(pattern_.data());
    env_["XDG_CONFIG_HOME"] = folder_;
    env_["HOME"] = folder_;
    FleetContexts contexts;
    contexts.current = "one";
    contexts.Put({"one", "tcp://one:1", "token-one", "CA-ONE"});
    FleetContext ci;
    ci.name = "ci";
    ci.address = "tcp://ci:1";
    ci.token_file = Write("token", "  issued-1\n");
    contexts.Put(ci);
    FleetContext anna;
    anna.name = "anna";
    anna.address = "tcp://anna:1";
    anna.certificate = "CERT";
    anna.key = "KEY";
    contexts.Put(anna);
    EXPECT_TRUE(WriteContexts(folder_ + "/fleet", contexts).ok());
  }
  ~AccessTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(ReplaceFile(path, text, 0600).ok());
    return path;
  }
  ControllerAccess Find(const AccessFlags& flags = {}) {
    const auto access = FindAccess(
        flags, [this](const std::string& name) { return env_[name]; },
        [](const std::string&) { return false; });
    EXPECT_TRUE(access.ok()) << access.status();
    return access.ok() ? *access : ControllerAccess();
  }

  std::string pattern_ = "/tmp/fleet-access-XXXXXX";
  std::string folder_;
  std::map<std::string, std::string> env_;
};

TEST_F(AccessTest, ContextsAreForTheirUserAlone) {
  struct stat st {};
  ASSERT_EQ(stat((folder_ + "/fleet/contexts.json").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder_ + "/fleet").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
}

TEST_F(AccessTest, AContextBringsWhatItWasLoggedInWith) {
  EXPECT_EQ(Find().token, "token-one");
  EXPECT_EQ(Find().authority, "CA-ONE");
  EXPECT_EQ(Find({"", "anna"}).certificate, "CERT");
  EXPECT_EQ(Find({"", "anna"}).key, "KEY");
  // A token that is renewed in its file is read anew.
  EXPECT_EQ(Find({"", "ci"}).token, "issued-1");
  Write("token", "issued-2");
  EXPECT_EQ(Find({"", "ci"}).token, "issued-2");
}

TEST_F(AccessTest, AnAddressFindsItsContextHoweverItIsWritten) {
  for (const char* address : {"one:1", "tcp://one:1"}) {
    EXPECT_EQ(Find({address, ""}).token, "token-one") << address;
    env_["FLEET_CONTROLLER"] = address;
    EXPECT_EQ(Find().token, "token-one") << address;
  }
  EXPECT_EQ(Find({"other:1", ""}).token, "");
}

TEST_F(AccessTest, FlagsGoBeforeTheEnvironmentAndThatBeforeTheContext) {
  env_["FLEET_TOKEN_FILE"] = Write("other", "from-a-file\n");
  EXPECT_EQ(Find().token, "from-a-file");
  env_["FLEET_TOKEN"] = "from-the-environment";
  EXPECT_EQ(Find().token, "from-the-environment");
  EXPECT_EQ(Find({"", "", Write("third", "from-a-flag")}).token, "from-a-flag");
  EXPECT_FALSE(FindAccess(
                   {"", "", folder_ + "/none"},
                   [this](const std::string& n) { return env_[n]; },
                   [](const std::string&) { return false; })
                   .ok());
}

TEST_F(AccessTest, AnIssuedTokenIsShownToTheAuthorityOfTheContextOrThePin) {
  env_["FLEET_TOKEN"] = "eyJ.e30.x";
  EXPECT_EQ(Find().authority, "CA-ONE");
  env_["FLEET_CA_PIN"] = std::string(64, 'a');
  EXPECT_EQ(Find().authority, "");
  EXPECT_EQ(Find().pin, std::string(64, 'a'));
  env_["FLEET_CA"] = Write("ca.pem", "CA-FILE");
  EXPECT_EQ(Find().authority, "CA-FILE");
  // One with a pin of its own may be of another fleet than the context's.
  env_.erase("FLEET_CA_PIN");
  env_.erase("FLEET_CA");
  env_["FLEET_TOKEN"] = "fleet_api_x_" + std::string(64, 'b');
  EXPECT_EQ(Find().authority, "");
}

TEST_F(AccessTest, ACertificateNeedsItsKey) {
  ControllerAccess access;
  EXPECT_THAT(std::string(TakeCertificate("a.pem", "", access).message()),
              HasSubstr("go together"));
  EXPECT_TRUE(absl::IsInvalidArgument(
      TakeCertificate(Write("no.pem", "x"), Write("no.key", "y"), access)));
}

TEST(LocalSocket, IsOneAlsoOfAUserWhoseHomeIsTheRoot) {
  for (const char* home : {"/", ""}) {
    const auto env = [home](const std::string& name) {
      return name == "HOME" ? home : std::string();
    };
    EXPECT_EQ(LocalSocketPath(env, [](const std::string&) { return false; }),
              "/.local/state/fleet/run/controller.sock");
  }
}

TEST(AccessText, AJoinTokenIsToBeInAFileAndNotOnACommandLine) {
  v1::Token token;
  token.set_kind(v1::TOKEN_KIND_JOIN);
  token.set_host("host-7");
  const std::string notice =
      TokenNotice(token, "tcp://fleet:7400", absl::UnixEpoch());
  EXPECT_THAT(notice, HasSubstr("--controller tcp://fleet:7400 --join-file"));
  EXPECT_THAT(notice, testing::Not(HasSubstr("--join TOKEN")));
  // The socket that it was asked through is of one machine alone.
  EXPECT_THAT(TokenNotice(token, "unix:///run/c.sock", absl::UnixEpoch()),
              HasSubstr("--controller CONTROLLER:PORT --join-file"));
}

TEST(AccessText, AnAuditRecordSaysWhoWhatFromWhereAndHowItEnded) {
  v1::ListAuditRecordsResponse records;
  v1::AuditRecord& record = *records.add_records();
  record.set_seq(7);
  record.set_actor("ci-web");
  record.set_peer("ipv4:10.0.0.7:40112");
  record.set_method("/fleet.v1.RolloutService/CreateRollout");
  record.set_subject("web");
  record.set_hosts("role=web");
  record.set_rollout("r-1");
  record.set_outcome("OK");
  const std::string table = AuditTable(records, TextStyle());
  EXPECT_THAT(table,
              testing::ContainsRegex("7 +1970.* ci-web +ipv4:10.0.0.7:40112 "
                                     "+CreateRollout +web .role=web. r-1 +OK"));
}

TEST(AccessText, AShortSecretIsWarnedOf) {
  v1::Secret secret;
  secret.set_name("pin");
  secret.set_version(2);
  EXPECT_EQ(SecretNotice(secret, 6), "secret pin is version 2\n");
  secret.add_apps("web");
  secret.add_apps("api");
  EXPECT_EQ(SecretNotice(secret, 6),
            "secret pin is version 2; it takes effect with the next reload of "
            "web, api: fleetctl reload web api\n");
  EXPECT_THAT(SecretNotice(secret, 5),
              HasSubstr("\nwarning: a value of less than 6 bytes"));
}

}  // namespace
}  // namespace fleet::cli
