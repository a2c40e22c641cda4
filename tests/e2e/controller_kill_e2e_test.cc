// The controller is killed each time that it has saved something new of a
// rollout, and started again: the rollout ends as it would have, nothing is
// done twice, nobody who watches misses anything, and no request is lost.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/event_tail.h"
#include "tests/e2e/test_fleet.h"

namespace fleet::e2e {
namespace {

constexpr int kPort = 3000;
constexpr int kHosts = 2;
constexpr int kInstances = 2;

class ControllerKill : public testing::Test {
 protected:
  ControllerKill() : fleet_({.hosts = kHosts}) {
    script_ = fleet_.WriteApp(
        "web.js",
        "require('fs').appendFileSync(process.env.STARTS, 'v' + "
        "process.env.VERSION + '\\n');\n"
        "require('" +
            AppPath("web.js") + "');\n");
    WriteFile(starts_file(), "");
    fleet_.MustCtl({"apply", Spec(script_, "1", "10s")});
    for (int i = 1; i <= kHosts; ++i) {
      pids_.push_back(fleet_.Pids("web", fleet_.HostName(i)));
    }
    std::vector<HttpLoad::Target> targets = {fleet_.Target(1, kPort),
                                             fleet_.Target(2, kPort)};
    load_ = std::make_unique<HttpLoad>(targets, LoadMode::kClose, 1,
                                       absl::Milliseconds(5));
    EXPECT_TRUE(load_->AwaitServed(20, kPatience));
  }

  std::string starts_file() const { return fleet_.dir() + "/starts"; }

  std::string Spec(const std::string& script, const std::string& version,
                   const std::string& listen_timeout) {
    return fleet_.WriteApp(
        "fleet.yaml",
        absl::StrCat("apps:\n  - name: web\n    script: ", script,
                     "\n    exec_mode: cluster\n    instances: ", kInstances,
                     "\n    wait_ready: true\n    stop_signal: SIGINT\n"
                     "    listen_timeout: ",
                     listen_timeout, "\n    env: {VERSION: '", version,
                     "', STARTS: '", starts_file(), "'}\n",
                     "    rollout: {min_ready_time: 1s}\n"));
  }

  // How often a worker of that version was started, on all hosts.
  int Starts(const std::string& version) const {
    const std::string text = ReadFile(starts_file());
    int count = 0;
    for (size_t at = 0; (at = text.find(version + "\n", at)) != text.npos;
         ++at) {
      ++count;
    }
    return count;
  }

  nlohmann::json Rollout() {
    CommandResult r = fleet_.Ctl({"rollout", "status", "web", "-o", "json"});
    auto parsed = nlohmann::json::parse(r.out, nullptr, false);
    return parsed.is_discarded() ? nlohmann::json::object() : parsed;
  }

  void Restart() {
    fleet_.KillController();
    fleet_.StartController();
  }

  // "ROLLING host-1 DONE host-2 APPLYING MANUAL_GATE"; empty: not known.
  std::string State() {
    const nlohmann::json rollout = Rollout();
    if (!rollout.contains("phase")) return "";
    auto text = [](const nlohmann::json& of, const char* key) {
      const std::string name = of.value(key, "");
      for (const char* prefix :
           {"ROLLOUT_PHASE_", "HOST_STEP_PHASE_", "HOLD_KIND_"}) {
        if (absl::StartsWith(name, prefix)) return name.substr(strlen(prefix));
      }
      return name;
    };
    std::string state = text(rollout, "phase");
    for (const auto& step : rollout["steps"]) {
      absl::StrAppend(&state, " ", text(step, "host"), " ",
                      text(step, "phase"));
    }
    for (const auto& hold : rollout["holds"]) {
      // That is the restart's own doing.
      const std::string kind = text(hold, "kind");
      if (kind != "LEADERLESS") absl::StrAppend(&state, " ", kind);
    }
    return state;
  }

  // Kills the controller in each state of the rollout that it has not been
  // killed in, until `client`, which follows the rollout, ends. Its exit code.
  int KillInEachState(ChildProcess& client) {
    const absl::Time end = absl::Now() + 3 * kPatience;
    std::optional<int> code;
    while (!code.has_value() && absl::Now() < end) {
      code = client.Wait(absl::Milliseconds(5));
      const std::string state = code.has_value() ? "" : State();
      if (state.empty() || !killed_in_.insert(state).second) continue;
      Restart();
      if (absl::StrContains(state, "MANUAL_GATE")) {
        fleet_.MustCtl({"rollout", "promote", "web", "--no-wait"});
      }
    }
    return code.value_or(-1);
  }

  bool KilledIn(const std::string& part) const {
    return std::any_of(
        killed_in_.begin(), killed_in_.end(),
        [&](const std::string& s) { return absl::StrContains(s, part); });
  }

  void ExpectNoRequestLost() {
    EXPECT_TRUE(load_->AwaitServed(20, kPatience));
    const LoadCounts counts = load_->Stop();
    EXPECT_EQ(counts.failed, 0) << nlohmann::json(counts.reasons).dump();
  }

  TestFleet fleet_;
  std::string script_;
  std::vector<std::vector<pid_t>> pids_;  // Of version 1, by host.
  std::unique_ptr<HttpLoad> load_;
  std::set<std::string> killed_in_;
};

TEST_F(ControllerKill, AtEveryPhaseOfARolloutThatSucceeds) {
  // The first host is told and does not answer: ADMITTED is the newest event.
  const pid_t agent = fleet_.AgentPid(1);
  ::kill(agent, SIGSTOP);
  auto apply = fleet_.StartCtl(
      {"apply", Spec(script_, "2", "10s"), "--order", "name", "--canary", "1",
       "--bake", "2s", "--promote", "manual", "-o", "json"},
      "apply");
  const EventTail told(fleet_.dir() + "/apply.out");
  ASSERT_TRUE(fleet_.Eventually([&] {
    const std::vector<SeenEvent> events = told.Read();
    return !events.empty() && events.back().what == "ROLLING host-1 ADMITTED";
  }));
  // Somebody else looks on.
  auto watch = fleet_.StartCtl(
      {"rollout", "watch", Rollout().value("uid", ""), "-o", "json"}, "watch");
  const EventTail watched(fleet_.dir() + "/watch.out");
  ASSERT_TRUE(fleet_.Eventually([&] { return !watched.Read().empty(); }));
  killed_in_.insert(State());
  Restart();
  ::kill(agent, SIGCONT);
  EXPECT_EQ(KillInEachState(*apply), 0)
      << ReadFile(fleet_.dir() + "/apply.err");
  EXPECT_EQ(watch->Wait(kPatience).value_or(-1), 0)
      << ReadFile(fleet_.dir() + "/watch.err");
  for (const char* what :
       {"host-1 ADMITTED", "host-1 APPLYING", "host-1 VERIFYING", "BAKING",
        "MANUAL_GATE", "host-2 APPLYING", "host-2 VERIFYING"}) {
    EXPECT_TRUE(KilledIn(what)) << what;
  }
  Restart();
  EXPECT_EQ(Rollout().value("phase", ""), "ROLLOUT_PHASE_SUCCEEDED");
  EXPECT_EQ(told.Gap(), "");
  EXPECT_EQ(watched.Gap(), "");
  EXPECT_EQ(told.Read().size(), watched.Read().size());
  EXPECT_EQ(Starts("v2"), kHosts * kInstances) << ReadFile(starts_file());
  EXPECT_EQ(Starts("v1"), kHosts * kInstances);
  for (int i = 1; i <= kHosts; ++i) {
    EXPECT_EQ(HttpGet(fleet_.Target(i, kPort)).body, "v2");
  }
  ExpectNoRequestLost();
}

TEST_F(ControllerKill, AtEveryPhaseOfARolloutThatIsTurnedBack) {
  // Good on the first host, and not on the second one.
  const std::string script = fleet_.WriteApp(
      "half.js",
      "if (require('fs').existsSync(process.env.STARTS + '.bad')) {\n"
      "  require('fs').appendFileSync(process.env.STARTS, 'bad\\n');\n"
      "  setInterval(() => {}, 1000);\n"
      "} else {\n  require('" +
          script_ + "');\n}\n");
  auto apply = fleet_.StartCtl(
      {"apply", Spec(script, "2", "4s"), "--order", "name", "--canary", "1",
       "--promote", "manual", "--on-failure", "rollback", "-o", "json"},
      "apply");
  const EventTail told(fleet_.dir() + "/apply.out");
  ASSERT_TRUE(fleet_.Eventually([&] {
    const std::vector<SeenEvent> events = told.Read();
    return !events.empty() &&
           absl::StrContains(events.back().message, "waits to be promoted");
  }));
  WriteFile(starts_file() + ".bad", "");
  EXPECT_EQ(KillInEachState(*apply), 3)
      << ReadFile(fleet_.dir() + "/apply.err");
  for (const char* what :
       {"MANUAL_GATE", "host-2 APPLYING", "host-1 REVERTING"}) {
    EXPECT_TRUE(KilledIn(what)) << what;
  }
  Restart();
  EXPECT_EQ(Rollout().value("phase", ""), "ROLLOUT_PHASE_ROLLED_BACK");
  EXPECT_EQ(told.Gap(), "");
  // Back and forth once on the first host; the second one's were never
  // touched, and what did not get ready was started once.
  EXPECT_EQ(Starts("v2"), kInstances) << ReadFile(starts_file());
  EXPECT_EQ(Starts("v1"), (kHosts + 1) * kInstances);
  EXPECT_EQ(Starts("bad"), 1);
  EXPECT_TRUE(fleet_.Eventually(
      [&] { return fleet_.Pids("web", "host-2") == pids_[1]; }));
  for (int i = 1; i <= kHosts; ++i) {
    EXPECT_EQ(HttpGet(fleet_.Target(i, kPort)).body, "v1");
  }
  ExpectNoRequestLost();
}

}  // namespace
}  // namespace fleet::e2e
