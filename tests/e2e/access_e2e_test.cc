// Who gets in, who does not, and what nobody is shown: on the real programs,
// over TLS.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/test_fleet.h"
#include "tests/rpc/core_files.h"
#include "tests/rpc/temp_folder.h"

namespace fleet::e2e {
namespace {

// Its own in each run: other tests may run on this machine.
std::string Planted() { return absl::StrCat("planted-", getpid(), "-secret"); }

class Access : public testing::Test {
 protected:
  Access() : fleet_(Options()) {}

  static TestFleetOptions Options() {
    TestFleetOptions options;
    options.tls = true;
    return options;
  }
  void StartWeb() {
    fleet_.MustCtl(
        {"start", AppPath("ecosystem.config.js"), "--min-ready-time", "0"});
  }
  std::string Token(std::vector<std::string> args) {
    args.insert(args.begin(), {"token", "create"});
    std::string token = fleet_.MustCtl(args);
    token.erase(token.find_last_not_of('\n') + 1);
    return token;
  }
  // fleetctl from elsewhere, with a token alone; "": as whoever has logged in.
  ProcessOptions From(const std::string& token,
                      const std::vector<std::string>& args) {
    ProcessOptions options;
    options.argv = {ProgramPath("fleetctl")};
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    options.env = {{"FLEET_CONTROLLER", fleet_.tls_address()},
                   {"FLEET_TOKEN", token},
                   {"HOME", fleet_.dir() + "/home"},
                   {"XDG_CACHE_HOME", ""},
                   {"XDG_CONFIG_HOME", ""}};
    options.cwd = fleet_.dir();
    return options;
  }
  CommandResult As(const std::string& token,
                   const std::vector<std::string>& args) {
    return RunCommand(From(token, args), fleet_.dir(), 3 * kPatience);
  }
  // A stream that has begun: it has shown what it is about.
  std::unique_ptr<ChildProcess> Follow(const std::string& token,
                                       const std::vector<std::string>& args,
                                       const std::string& sign) {
    ProcessOptions options = From(token, args);
    options.stdout_file = fleet_.dir() + "/" + args[0] + ".out";
    options.stderr_file = fleet_.dir() + "/" + args[0] + ".err";
    unlink(options.stdout_file.c_str());
    unlink(options.stderr_file.c_str());
    auto process = std::make_unique<ChildProcess>(options);
    EXPECT_TRUE(fleet_.Eventually([&] {
      return absl::StrContains(ReadFile(options.stdout_file), sign) ||
             absl::StrContains(ReadFile(options.stderr_file), sign);
    })) << args[0];
    return process;
  }
  std::string ErrorOf(const std::string& command) {
    return ReadFile(fleet_.dir() + "/" + command + ".err");
  }
  CommandResult Shell(const std::string& command) {
    ProcessOptions options;
    options.argv = {"bash", "-c", command};
    options.cwd = fleet_.dir();
    return RunCommand(options, fleet_.dir(), kPatience);
  }

  int Sessions() {
    return static_cast<int>(
        std::vector<std::string>(
            absl::StrSplit(ReadFile(fleet_.HostLog(1)), ": session "))
            .size());
  }
  // Aborts the agent, the keeper and the controller; others take their places.
  void CrashAll() {
    // A keeper is followed by another as long as there is an agent.
    const int before = Sessions();
    kill(fleet_.AgentPid(1), SIGABRT);
    EXPECT_TRUE(fleet_.Eventually([&] { return Sessions() > before; }));
    const pid_t keeper = fleet_.KeeperPid(1);
    kill(keeper, SIGABRT);
    EXPECT_EQ(fleet_.keeper(1).Wait(kPatience).value_or(0), 128 + SIGABRT);
    EXPECT_TRUE(fleet_.Eventually(
        [&] { return fleet_.CurrentKeeperPid(1) != keeper; }));
    fleet_.controller().Signal(SIGABRT);
    EXPECT_EQ(fleet_.controller().Wait(kPatience).value_or(0), 128 + SIGABRT);
    fleet_.StartController();
    fleet_.AwaitConnected(1);
  }
  // In each file of the fleet, and in what a crash leaves behind.
  void ExpectInNoFile(const std::string& text) {
    for (const std::string& folder : {fleet_.dir(), cwd_.File("")}) {
      for (const auto& entry :
           std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        EXPECT_EQ(ReadFile(entry.path()).find(text), std::string::npos)
            << entry.path();
      }
    }
  }

  // Where the programs run, and may leave core files.
  TempFolder cwd_;
  CoreFiles cores_{cwd_.File("")};
  TestFleet fleet_;
};

TEST_F(Access, RolesAndLimitsHoldOverTls) {
  StartWeb();
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
  // It does not even see that there is such an app.
  CommandResult unseen = As(other, {"reload", "web"});
  EXPECT_NE(unseen.exit_code, 0);
  EXPECT_TRUE(absl::StrContains(unseen.err, "no app \"web\"")) << unseen.err;
  const std::string ci =
      Token({"ci-web", "--role", "deployer", "--apps", "web*", "--ttl", "1h"});
  CommandResult reload = As(ci, {"reload", "web", "--min-ready-time", "0"});
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

TEST_F(Access, AUserComesWithACertificateAndIsCutOffWhenItIsRevoked) {
  StartWeb();
  // The key is made where the user is; the admin sees the request alone.
  CommandResult asked = As("", {"user", "request", "anna"});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  WriteFile(fleet_.dir() + "/anna.csr", asked.out);
  EXPECT_EQ(Shell("stat -c %a anna.key").out, "600\n");
  WriteFile(
      fleet_.dir() + "/anna.pem",
      fleet_.MustCtl({"user", "cert", "anna", "--role", "operator", "--apps",
                      "web*", "--csr", fleet_.dir() + "/anna.csr"}));
  CommandResult login = As("", {"login", fleet_.tls_address(), "--cert",
                                "anna.pem", "--key", "anna.key"});
  ASSERT_EQ(login.exit_code, 0) << login.err;
  EXPECT_TRUE(absl::StrContains(login.err, "user anna, operator of apps web*"))
      << login.err;
  EXPECT_EQ(Shell("stat -c %a home/.config/fleet/contexts.json").out, "600\n");
  EXPECT_EQ(As("", {"reload", "web", "--min-ready-time", "0"}).exit_code, 0);
  CommandResult denied = As("", {"rollback", "web"});
  EXPECT_EQ(denied.exit_code, 4);
  EXPECT_TRUE(absl::StrContains(denied.err, "user anna has role operator"))
      << denied.err;
  EXPECT_TRUE(absl::StrContains(fleet_.MustCtl({"user", "ls"}), "anna"));
  EXPECT_TRUE(absl::StrContains(
      fleet_.MustCtl({"audit", "--actor", "user anna"}), "CreateRollout"));

  auto logs = Follow("", {"logs", "web", "-f"}, "listening");
  fleet_.MustCtl({"user", "revoke", "anna"});
  EXPECT_NE(logs->Wait(kPatience).value_or(0), 0);
  EXPECT_TRUE(absl::StrContains(ErrorOf("logs"), "revoked or has expired"))
      << ErrorOf("logs");
  CommandResult after = As("", {"ls"});
  EXPECT_EQ(after.exit_code, 4);
  EXPECT_TRUE(absl::StrContains(after.err, "certificate of user anna"))
      << after.err;
}

TEST_F(Access, StreamsEndWithTheirToken) {
  StartWeb();
  const std::string eva = Token({"eva", "--role", "viewer"});
  auto logs = Follow(eva, {"logs", "web", "-f"}, "listening");
  // A rollout that lasts: its new workers must be ready for a minute.
  auto reload =
      fleet_.StartCtl({"reload", "web", "--min-ready-time", "60s"}, "slow");
  EXPECT_TRUE(fleet_.Eventually([&] {
    return absl::StrContains(fleet_.Ctl({"rollout", "ls", "-o", "json"}).out,
                             "ROLLOUT_PHASE_ROLLING");
  }));
  auto watch = Follow(eva, {"rollout", "watch", "web", "-o", "json"}, "{");
  fleet_.MustCtl({"token", "revoke", "eva"});
  EXPECT_NE(logs->Wait(kPatience).value_or(0), 0);
  EXPECT_NE(watch->Wait(kPatience).value_or(0), 0);
  EXPECT_TRUE(absl::StrContains(ErrorOf("logs"), "revoked or has expired"))
      << ErrorOf("logs");
  EXPECT_TRUE(absl::StrContains(ErrorOf("rollout"), "revoked or has expired"))
      << ErrorOf("rollout");
  // Who came with a certificate, likewise.
  fleet_.MustCtl({"user", "cert", "anna", "--role", "viewer"});
  ASSERT_EQ(As("", {"login", fleet_.tls_address(), "--cert",
                    cwd_.File("anna.pem"), "--key", cwd_.File("anna.key")})
                .exit_code,
            0);
  watch = Follow("", {"rollout", "watch", "web", "-o", "json"}, "{");
  fleet_.MustCtl({"user", "revoke", "anna"});
  EXPECT_NE(watch->Wait(kPatience).value_or(0), 0);
  EXPECT_TRUE(absl::StrContains(ErrorOf("rollout"), "revoked or has expired"))
      << ErrorOf("rollout");
  fleet_.MustCtl({"rollout", "abort", "web"});

  // By the clock, as well.
  const std::string brief =
      Token({"brief", "--role", "viewer", "--ttl", "10s"});
  auto tail = Follow(brief, {"logs", "web", "-f"}, "listening");
  EXPECT_NE(tail->Wait(kPatience).value_or(0), 0);
  EXPECT_EQ(As(brief, {"ls"}).exit_code, 4);
}

TEST_F(Access, ARevokedHostIsCutOffAndItsWorkersGoOn) {
  StartWeb();
  const std::vector<pid_t> pids = fleet_.Pids("web", "host-1");
  EXPECT_EQ(fleet_.Ctl({"hosts", "revoke", "hots-1"}).exit_code, 1);
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
  // Another agent with the same certificate fares no better.
  const pid_t agent = fleet_.AgentPid(1);
  kill(agent, SIGKILL);
  EXPECT_TRUE(fleet_.Eventually([&] {
    const pid_t next = fleet_.AgentPid(1);
    return next > 0 && next != agent &&
           absl::StrContains(ReadFile(fleet_.HostLog(1)), "revoked");
  }));
  EXPECT_TRUE(absl::StrContains(fleet_.Ctl({"hosts", "-o", "json"}).out,
                                "HOST_STATE_DISCONNECTED"));
}

TEST_F(Access, AHostsCertificateOpensNothingElse) {
  const std::string tls = fleet_.HostDir(1) + "/tls/";
  CommandResult r =
      As("", {"login", fleet_.tls_address(), "--cert", tls + "host.pem",
              "--key", tls + "host.key", "--ca", tls + "ca.pem"});
  EXPECT_EQ(r.exit_code, 4);
  EXPECT_TRUE(absl::StrContains(r.err, "host host-1 has role agent")) << r.err;
  // It is on record who joined, and not only from where.
  EXPECT_TRUE(
      absl::StrContains(fleet_.MustCtl({"audit", "--actor", "host host-1"}),
                        "EnrollHost  host-1"));
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
  ASSERT_EQ(Shell(absl::StrCat("printf %s ", Planted(), " | ",
                               ProgramPath("fleetctl"), " --controller ",
                               fleet_.controller_address(),
                               " secret set db-password"))
                .exit_code,
            0);
  fleet_.WriteApp("loud.sh", "echo \"worker has $DB_PASSWORD\" >&2\nexit 3\n");
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
  CommandResult applied = fleet_.Ctl({"apply", file, "--min-ready-time", "0"});
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(HttpGet(fleet_.Target(1, 3000)).body,
            absl::StrCat(Planted().size()));

  // What a hook and a worker print of it is told without it. (Their own logs
  // are theirs: here they keep none.)
  std::string shown;
  for (const auto& [app, hook] :
       {std::pair("hook", "'echo hook has $DB_PASSWORD; exit 7'"),
        std::pair("worker", "'true'")}) {
    CommandResult loud = fleet_.Ctl(
        {"apply",
         fleet_.WriteApp(
             "loud.yaml",
             absl::StrCat("apps:\n  - name: ", app,
                          "\n    script: loud.sh\n    interpreter: sh\n"
                          "    disable_logs: true\n    max_restarts: 1\n"
                          "    env:\n      DB_PASSWORD: {secret: db-password}\n"
                          "    rollout:\n      hooks: {pre_reload: ",
                          hook, "}\n"))});
    EXPECT_EQ(loud.exit_code, 3) << loud.err;
    EXPECT_TRUE(absl::StrContains(loud.err, absl::StrCat(app, " has ***")))
        << loud.err;
    shown += loud.out + loud.err;
  }
  // A token is no better kept in mind than a secret.
  const std::string token = Token({"eva", "--role", "viewer"});
  EXPECT_EQ(As(token, {"ls"}).exit_code, 0);

  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"show", "secretive", "-o", "json"},
           {"show", "worker", "-o", "json"},
           {"rollout", "status", "hook", "-o", "json"},
           {"rollout", "history", "hook", "-o", "json"},
           {"rollout", "status", "worker", "-o", "json"},
           {"env", "secretive"},
           {"export"},
           {"secret", "ls", "-o", "json"},
           {"audit", "-o", "json"},
           {"logs", "secretive"}}) {
    CommandResult r = fleet_.Ctl(args);
    shown += r.out + r.err;
  }
  // A worker that dies of an abort, and says so.
  const std::vector<pid_t> pids = fleet_.Pids("secretive", "host-1");
  ASSERT_EQ(pids.size(), 1u);
  kill(pids[0], SIGABRT);
  EXPECT_TRUE(fleet_.Eventually([&] {
    CommandResult r = fleet_.Ctl({"show", "secretive"});
    shown += r.out;
    const std::vector<pid_t> now = fleet_.Pids("secretive", "host-1");
    return now.size() == 1 && now[0] != pids[0];
  }));
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"jlist"},
           {"show", "secretive"},
           {"rollout", "ls", "-o", "json"},
           {"rollout", "status", "secretive", "-o", "json"},
           {"doctor", "-o", "json"},
           {"hosts", "-o", "json"},
           {"logs", "secretive", "--lines", "1000"}}) {
    CommandResult r = fleet_.Ctl(args);
    shown += r.out + r.err;
  }
  EXPECT_EQ(shown.find(Planted()), std::string::npos);
  // No process shows it in its arguments, and only the worker in its
  // environment.
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string path = entry.path();
    if (path.find_first_not_of("0123456789", 6) != std::string::npos) continue;
    const std::string command = ReadFile(path + "/cmdline");
    EXPECT_EQ(command.find(Planted()), std::string::npos);
    // The token with which the host has joined.
    if (absl::StrContains(command, fleet_.dir())) {
      EXPECT_EQ(command.find("fleet_join_"), std::string::npos) << command;
    }
    const std::string comm = ReadFile(path + "/comm");
    if (comm.starts_with("fleet")) {
      EXPECT_EQ(ReadFile(path + "/environ").find(Planted()), std::string::npos);
    }
  }
  CrashAll();
  ExpectInNoFile(Planted());
  ExpectInNoFile(token.substr(0, token.rfind('_')));

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
