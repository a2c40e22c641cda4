// Bad input ends in a clear error at the place where the user looks, and what
// ran before goes on.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

// One fleet for all: none of these may disturb it.
class BadSpec : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    fleet_ = new TestFleet();
    fleet_->MustCtl(
        {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
    pids_ = fleet_->Pids("web", "host-1");
  }
  static void TearDownTestSuite() {
    delete fleet_;
    fleet_ = nullptr;
  }
  void TearDown() override {
    EXPECT_EQ(fleet_->Pids("web", "host-1"), pids_) << "web was disturbed";
    EXPECT_EQ(HttpGet(fleet_->Target(1, 3000)).body, "v1");
  }

  // Applies a file; its text must be refused with `exit_code` and an error
  // that holds every one of `parts`.
  static void ExpectRefused(const std::string& name, const std::string& text,
                            int exit_code,
                            const std::vector<std::string>& parts) {
    CommandResult r = fleet_->Ctl(
        {"apply", fleet_->WriteApp(name, text), "--ready-deadline", "20s"});
    EXPECT_EQ(r.exit_code, exit_code) << r.out << r.err;
    for (const std::string& part : parts) {
      EXPECT_NE(r.err.find(part), std::string::npos)
          << "no '" << part << "' in:\n"
          << r.err;
    }
  }

  static TestFleet* fleet_;
  static std::vector<pid_t> pids_;
};

TestFleet* BadSpec::fleet_ = nullptr;
std::vector<pid_t> BadSpec::pids_;

TEST_F(BadSpec, UnknownKeyNamesTheLineAndTheNearestKey) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: a\n    script: a.js\n"
                "    instancs: 2\n",
                1, {"fleet.yaml:4", "instancs", "instances"});
}

TEST_F(BadSpec, WrongTypeSaysWhatIsExpected) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: a\n    script: a.js\n"
                "    instances: many\n",
                1, {"fleet.yaml:4", "instances", "many"});
}

TEST_F(BadSpec, MissingScriptIsNamedWithItsHost) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: gone\n    script: /nowhere/gone.js\n", 3,
                {"gone", "/nowhere/gone.js", "host-1"});
}

TEST_F(BadSpec, MissingInterpreterIsNamed) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: odd\n    script: " + AppPath("web.js") +
                    "\n    interpreter: no-such-interpreter\n",
                3, {"odd", "no-such-interpreter", "PATH"});
}

TEST_F(BadSpec, MissingUserIsNamed) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: who\n    script: " + AppPath("web.js") +
                    "\n    user: no-such-user\n",
                3, {"who", "no-such-user"});
}

TEST_F(BadSpec, AddressOfAnotherAppNamesThatApp) {
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: rival\n    script: " + AppPath("web.js") +
                    "\n    listen: ['tcp://0.0.0.0:3000']\n",
                3, {"rival", ":3000", "web"});
}

TEST_F(BadSpec, AddressOfAStrangerIsInUse) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(3001);
  inet_pton(AF_INET, fleet_->Address(1).c_str(), &a.sin_addr);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ExpectRefused("fleet.yaml",
                "apps:\n  - name: late\n    script: " + AppPath("web.js") +
                    "\n    listen: ['tcp://0.0.0.0:3001']\n",
                3, {"late", ":3001", "in use", std::to_string(getpid())});
  close(fd);
}

TEST_F(BadSpec, BrokenEcosystemFileShowsNodesMessage) {
  ExpectRefused("ecosystem.config.js", "module.exports = { apps: [ {\n  name",
                1, {"ecosystem.config.js", "SyntaxError"});
}

TEST_F(BadSpec, EcosystemFileThatThrowsShowsTheError) {
  ExpectRefused("ecosystem.config.js", "\nthrow new Error('no luck today');", 1,
                {"ecosystem.config.js:2", "no luck today"});
}

TEST_F(BadSpec, NodeNotInstalledIsSaidByName) {
  CommandResult r = fleet_->Ctl({"apply", AppPath("ecosystem.config.js")},
                                {{"PATH", "/nonexistent"}});
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.err.find("node"), std::string::npos) << r.err;
}

TEST_F(BadSpec, UnknownHostListsTheKnownOnes) {
  CommandResult r = fleet_->Ctl({"reload", "web", "--hosts", "host-9"});
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.err.find("host-9"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("host-1"), std::string::npos) << r.err;
}

TEST_F(BadSpec, UnknownAppIsNamed) {
  CommandResult r = fleet_->Ctl({"reload", "wbe"});
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.err.find("wbe"), std::string::npos) << r.err;
}

TEST_F(BadSpec, UnknownFlagIsAUsageError) {
  EXPECT_EQ(fleet_->Ctl({"reload", "web", "--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(fleet_->Ctl({"no-such-command"}).exit_code, 2);
}

}  // namespace
}  // namespace fleet::e2e
