// Metric gates that are answered over TLS, by servers that are to be trusted
// and by others, and a controller's machine without libcurl: on the real
// programs.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

// An app of one sleeping process, whose waves bake for a second under `gates`.
std::string AppUnder(const std::string& name, const std::string& gates) {
  return absl::StrCat("  - name: ", name,
                      "\n    script: /bin/sleep\n    args: infinity\n"
                      "    rollout:\n      min_ready_time: 0s\n"
                      "      bake_time: 1s\n      metric_gates:\n",
                      gates);
}

std::string Gate(const std::string& source, const std::string& url,
                 const std::string& more) {
  return absl::StrCat("        - {source: ", source, ", url: \"", url,
                      "\", max: 0.05, interval: 1s", more, "}\n");
}

class Gates : public testing::Test {
 protected:
  // A server for each kind of certificate, and a fleet whose controller trusts
  // one authority.
  Gates() {
    mkdtemp(folder_.data());
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout ca.key -out ca.pem -days 30 -subj /CN=ours");
    Issue("good", "IP:127.0.0.1", "2");
    Issue("expired", "IP:127.0.0.1", "-1");
    Issue("elsewhere", "DNS:elsewhere.example", "2");
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout strange.key -out strange.pem -days 2 -subj /CN=strange "
        "-addext subjectAltName=IP:127.0.0.1");
    StartServers();
    TestFleetOptions options;
    options.controller_flags = {"--gate-ca", folder_ + "/ca.pem"};
    fleet_ = std::make_unique<TestFleet>(options);
  }
  ~Gates() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Run(const std::string& command) {
    ProcessOptions options;
    options.argv = {"bash", "-c", command};
    options.cwd = folder_;
    const CommandResult r = RunCommand(options, folder_, kPatience);
    ASSERT_EQ(r.exit_code, 0) << command << "\n" << r.err;
  }
  void Issue(const std::string& name, const std::string& whose,
             const std::string& days) {
    Run(absl::StrCat(
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout ",
        name, ".key -out ", name, ".csr -subj /CN=", name,
        " && echo subjectAltName=", whose, " > ", name,
        ".ext && openssl x509 -req -in ", name, ".csr -out ", name,
        ".pem -CA ca.pem -CAkey ca.key -CAcreateserial -days ", days,
        " -extfile ", name, ".ext"));
  }
  void StartServers() {
    ProcessOptions options;
    options.argv = {"python3", AppPath("gate_server.py"),
                    folder_,   "good",
                    "expired", "elsewhere",
                    "strange"};
    options.stdout_file = folder_ + "/ports";
    options.stderr_file = folder_ + "/servers.err";
    servers_ = std::make_unique<ChildProcess>(options);
    const absl::Time end = absl::Now() + kPatience;
    while (ports_.size() < 4 && absl::Now() < end) {
      std::ifstream lines(folder_ + "/ports");
      std::string name;
      int port = 0;
      while (lines >> name >> port) ports_[name] = port;
    }
    ASSERT_EQ(ports_.size(), 4U) << ReadFile(folder_ + "/servers.err");
  }
  std::string Url(const std::string& server) const {
    return absl::StrCat("https://127.0.0.1:", ports_.at(server));
  }

  // Holds with METRIC for this reason, which `rollout status` tells.
  void ExpectHeld(const std::string& app, const std::string& why) {
    EXPECT_TRUE(fleet_->Eventually([&] {
      return absl::StrContains(
          fleet_->Ctl({"rollout", "status", app, "-o", "json"}).out,
          "HOLD_KIND_METRIC");
    })) << app;
    const std::string said = fleet_->MustCtl({"rollout", "status", app});
    EXPECT_TRUE(absl::StrContains(said, why)) << said;
    EXPECT_TRUE(absl::StrContains(said, Url(app))) << said;
  }

  std::string folder_ = "/tmp/fleet-gates-XXXXXX";
  std::map<std::string, int> ports_;
  std::unique_ptr<ChildProcess> servers_;
  std::unique_ptr<TestFleet> fleet_;
};

TEST_F(Gates, AreAnsweredOverTlsByWhoIsTrustedAndByNobodyElse) {
  const std::string file = fleet_->WriteApp(
      "fleet.yaml",
      absl::StrCat(
          "apps:\n",
          AppUnder("good",
                   Gate("http", Url("good") + "/rate", "") +
                       Gate("prometheus", Url("good"), ", query: errors")),
          AppUnder("strange", Gate("http", Url("strange") + "/rate", "")),
          AppUnder("elsewhere",
                   Gate("prometheus", Url("elsewhere"), ", query: errors")),
          AppUnder("expired", Gate("prometheus", Url("expired"),
                                   ", query: errors, no_data: fail"))));
  fleet_->MustCtl({"apply", file, "--no-wait"});
  fleet_->MustCtl({"rollout", "status", "good", "--wait"});
  const std::string whom =
      absl::StrCat("; trusted are the authorities of ", folder_, "/ca.pem");
  ExpectHeld("strange", "is signed by nobody who is trusted" + whom);
  ExpectHeld("elsewhere", "does not match target host name '127.0.0.1'");
  const CommandResult failed =
      fleet_->Ctl({"rollout", "status", "expired", "--wait"});
  EXPECT_EQ(failed.exit_code, 3) << failed.out;
  EXPECT_TRUE(absl::StrContains(failed.err, Url("expired"))) << failed.err;
  EXPECT_TRUE(absl::StrContains(failed.err, "certificate has expired" + whom))
      << failed.err;
}

TEST(GatesAlone, WhomNobodyCanTrustIsFoundOutAtTheStart) {
  std::string folder = "/tmp/fleet-gates-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  WriteFile(folder + "/ca.pem", "no certificate");
  ProcessOptions controller;
  controller.argv = {ProgramPath("fleet-controller"), "--state-dir", folder,
                     "--gate-ca", folder + "/ca.pem"};
  const CommandResult r = RunCommand(controller, folder, kPatience);
  EXPECT_GT(r.exit_code, 0);
  EXPECT_TRUE(absl::StrContains(r.err, "--gate-ca " + folder + "/ca.pem"))
      << r.err;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

TEST(GatesAlone, AreRefusedWhereThereIsNoLibcurl) {
  TestFleet fleet({.hosts = 1});
  // What the loader finds in place of it.
  for (const char* name : {"libcurl-gnutls.so.4", "libcurl.so.4"}) {
    WriteFile(fleet.dir() + "/" + name, "no library");
  }
  fleet.StopController();
  fleet.options().controller_env = {{"LD_LIBRARY_PATH", fleet.dir()}};
  fleet.StartController();
  fleet.AwaitConnected(1);
  const CommandResult refused = fleet.Ctl(
      {"apply",
       fleet.WriteApp(
           "fleet.yaml",
           "apps:\n" +
               AppUnder("web", Gate("http", "https://a.example", "")))});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(
      refused.err, "metric_gates: this controller cannot ask anybody: libcurl"))
      << refused.err;
  EXPECT_TRUE(absl::StrContains(refused.err, "apt-get install libcurl3-gnutls"))
      << refused.err;
  fleet.MustCtl(
      {"apply", fleet.WriteApp("fleet.yaml", "apps:\n" + AppUnder("web",
                                                                  "        - "
                                                                  "restarts "
                                                                  "<= 0\n"))});
}

}  // namespace
}  // namespace fleet::e2e
