// A rollout in a fleet where everything happens at random: crashes of the
// controller at any commit, a full disk, hosts that leave, fail, return and
// are removed, and people who pause, resume, retry, abort and supersede.
//
// FLEET_SEED=n replays one seed; FLEET_SEEDS=n runs so many (default 100).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/rollout_rows.h"
#include "proto/rpc/status.h"
#include "tests/controller/rollout_world.h"

namespace fleet::controller {
namespace {

using Fault = FakeRolloutStore::Fault;

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

// Looks at every commit before it is kept, and at what came before it.
class Watchdog {
 public:
  explicit Watchdog(RolloutWorld& world) : world_(world) {}

  void Check(const RolloutCommit& commit) {
    for (const RolloutEventRow& row : commit.events) {
      absl::StatusOr<RolloutEvent> event = FromRow(row);
      ASSERT_TRUE(event.ok());
      CheckEvent(row.uid, *event);
    }
    for (const RolloutStepRow& row : commit.steps) {
      absl::StatusOr<HostStep> step = FromRow(row);
      ASSERT_TRUE(step.ok());
      CheckStep(row.uid, row.index, *step);
    }
    for (const RolloutRow& row : commit.rollouts) {
      absl::StatusOr<RolloutSummary> summary = FromRow(row);
      ASSERT_TRUE(summary.ok());
      CheckRollout(summary->rollout);
    }
    CheckTargets(commit);
    ASSERT_LE(std::count_if(rollouts_.begin(), rollouts_.end(),
                            [](const auto& r) {
                              return !Terminal(r.second.state.phase);
                            }),
              1)
        << "two active rollouts of one app";
  }

 private:
  void CheckEvent(const std::string& uid, const RolloutEvent& event) {
    ASSERT_EQ(event.seq, ++last_seq_[uid]) << "a gap in the events";
    if (event.host.empty()) return;
    HostStepPhase& phase = told_[{uid, event.host}];
    // One that was skipped until it is back is removed.
    const bool given_up = phase == HostStepPhase::kSkipped &&
                          event.host_phase == HostStepPhase::kSkipped &&
                          event.message == "removed from the fleet";
    ASSERT_TRUE(given_up || LegalTransition(phase, event.host_phase))
        << Name(phase) << " to " << Name(event.host_phase);
    phase = event.host_phase;
  }

  void CheckStep(const std::string& uid, int64_t index, const HostStep& step) {
    HostStepPhase& told = told_[{uid, step.host}];
    // Hosts that were never touched are not told of one by one at the end.
    if (told == HostStepPhase::kPending && step.skip == SkipReason::kEnded) {
      told = HostStepPhase::kSkipped;
    }
    ASSERT_EQ(told, step.phase) << "a change without an event";
    auto [it, added] = steps_[uid].try_emplace(index, step);
    HostStep& before = it->second;
    ASSERT_EQ(before.host, step.host);
    ASSERT_GE(step.generation, before.generation);
    ASSERT_GE(step.attempt, before.attempt);
    before = step;
  }

  void CheckRollout(const Rollout& rollout) {
    auto [it, added] = rollouts_.try_emplace(rollout.uid, rollout);
    Rollout& before = it->second;
    if (!added) {
      ASSERT_FALSE(Terminal(before.state.phase)) << "a rollout that had ended";
      ASSERT_GE(rollout.state.failures, before.state.failures);
      ASSERT_GE(rollout.state.generation, before.state.generation);
    }
    before = rollout;
    int in_flight = 0;
    for (const auto& [index, step] : steps_[rollout.uid]) {
      in_flight += InFlight(step.phase) ? 1 : 0;
    }
    ASSERT_LE(in_flight, rollout.policy.max_parallel);
    if (rollout.state.phase == RolloutPhase::kSucceeded) CheckSuccess(rollout);
  }

  void CheckSuccess(const Rollout& rollout) {
    for (const auto& [index, step] : steps_[rollout.uid]) {
      if (step.phase == HostStepPhase::kSkipped) continue;
      ASSERT_EQ(step.phase, HostStepPhase::kDone);
      const FakeAgent& agent = world_.agents.at(step.host);
      ASSERT_EQ(agent.running_revision, rollout.to_revision) << step.host;
      ASSERT_EQ(agent.report.phase, StepReportPhase::kDone) << step.host;
    }
  }

  void CheckTargets(const RolloutCommit& commit) {
    for (const HostTarget& target : commit.targets) {
      const Rollout& rollout = rollouts_.at(commit.rollouts.at(0).uid);
      const HostTarget& before = world_.store.targets[target.host];
      ASSERT_EQ(target.serial, before.serial + 1);
      ASSERT_GT(target.generation, before.generation);
      ASSERT_TRUE(rollout.state.holds.empty()) << "admitted while held";
      ASSERT_FALSE(rollout.state.aborting) << "admitted while aborting";
      if (rollout.state.phase == RolloutPhase::kSucceeded) continue;
      ASSERT_EQ(rollout.state.phase, RolloutPhase::kRolling);
      ASSERT_LE(rollout.state.failures - rollout.state.forgiven,
                rollout.policy.max_failures);
      ASSERT_EQ(PhaseOf(rollout.uid, target.host), HostStepPhase::kAdmitted)
          << "a target without a slot";
    }
  }

  HostStepPhase PhaseOf(const std::string& uid, const std::string& host) {
    for (const auto& [index, step] : steps_[uid]) {
      if (step.host == host) return step.phase;
    }
    return HostStepPhase::kPending;
  }

  RolloutWorld& world_;
  std::map<std::string, Rollout> rollouts_;
  std::map<std::string, std::map<int64_t, HostStep>> steps_;
  std::map<std::pair<std::string, std::string>, HostStepPhase> told_;
  std::map<std::string, int64_t> last_seq_;
};

class Story {
 public:
  explicit Story(uint64_t seed)
      : random_(seed), world_(2 + Roll(6)), watchdog_(world_) {
    world_.store.SetCheck(
        [this](const RolloutCommit& commit) { watchdog_.Check(commit); });
    world_.Start();
  }

  void Run() {
    int events = 30 + Roll(150);
    for (int i = 0; i < events && !::testing::Test::HasFailure(); ++i) {
      SomethingHappens();
      Settle();
    }
    if (!::testing::Test::HasFailure()) FaultsStop();
  }

 private:
  int Roll(int n) {
    return std::uniform_int_distribution<int>(0, n - 1)(random_);
  }
  std::string AnyHost() { return absl::StrCat("host-", 1 + Roll(Hosts())); }
  int Hosts() const { return static_cast<int>(world_.agents.size()); }

  void Settle() {
    world_.Turn();
    if (world_.store.dead()) RestartController();
    Watch();
  }

  void RestartController() {
    world_.Restart();
    for (auto& [host, agent] : world_.agents) {
      if (Roll(4) != 0) world_.Connect(host);
    }
    world_.Turn();
  }

  void SomethingHappens() {
    int what = Roll(100);
    std::string host = AnyHost();
    if (what < 40) return world_.Work(host);
    if (what < 44) return world_.Fail(host);
    if (what < 54) return world_.Connect(host);
    if (what < 58) return world_.Disconnect(host);
    if (what < 59) return RemoveOne(host);
    if (what < 66) return world_.Pass(absl::Seconds(Roll(90)));
    if (what < 68) return RestartController();
    if (what < 72) return BreakTheStore();
    if (what < 74) return world_.store.FailAlways(Roll(3) == 0);
    SomebodyActs();
  }

  void RemoveOne(const std::string& host) {
    if (Roll(Hosts()) == 0) world_.Remove(host);
  }

  void BreakTheStore() {
    constexpr Fault kFaults[] = {Fault::kFails, Fault::kDiesBefore,
                                 Fault::kDiesAfter};
    world_.store.FailAt(world_.store.commits() + 1 + Roll(4), kFaults[Roll(3)]);
  }

  void SomebodyActs() {
    switch (Roll(8)) {
      case 0:
        return Ignore(world_.driver->Pause({"web", "", "ann", ""}));
      case 1:
      case 2:
        return Ignore(world_.driver->Resume({"web", "", "ann", ""}));
      case 3:
        return Ignore(world_.driver->Retry({"web", "", "ann", ""}));
      case 4:
        return Roll(4) == 0
                   ? Ignore(world_.driver->Abort({"web", "", "ann", ""}))
                   : void();
      default:
        return Deploy();
    }
  }

  void Ignore(const absl::StatusOr<Rollout>& result) {
    if (result.ok()) return;
    ASSERT_FALSE(ReasonOf(result.status()).reason.empty()) << result.status();
  }

  // The same request again, now and then: the same rollout.
  void Deploy() {
    if (last_request_.has_value() && Roll(3) == 0) {
      absl::StatusOr<Rollout> again = world_.driver->Create(*last_request_);
      if (!again.ok()) return;
      if (last_uid_.empty()) last_uid_ = again->uid;
      ASSERT_EQ(again->uid, last_uid_);
      return;
    }
    NewRollout request = world_.Deploy(++revision_);
    request.request_id = absl::StrCat("request-", revision_);
    request.supersede = Roll(4) == 0;
    request.policy.max_parallel = absl::StrCat(1 + Roll(3));
    request.policy.max_failures = absl::StrCat(Roll(2));
    if (Roll(3) == 0) request.policy.on_failure = OnFailure::kAbort;
    request.policy.progress_deadline = absl::Seconds(60 + Roll(600));
    absl::StatusOr<Rollout> made = world_.driver->Create(request);
    bool refused = ReasonOf(made.status()).reason == "ROLLOUT_IN_PROGRESS" ||
                   ReasonOf(made.status()).reason == "NO_HOST_MATCHES";
    if (refused) return;
    last_request_ = request;
    last_uid_ = made.ok() ? made->uid : "";
  }

  // A client that follows the newest rollout across everything.
  void Watch() {
    if (world_.driver == nullptr) return;
    absl::StatusOr<Rollout> rollout = world_.driver->Get("web");
    if (!rollout.ok()) return;
    absl::StatusOr<RolloutChanges> changes =
        world_.driver->ChangesSince(rollout->uid, seen_[rollout->uid], 7);
    if (!changes.ok()) return;
    ASSERT_FALSE(changes->reset);
    for (const RolloutEvent& event : changes->events) {
      ASSERT_EQ(event.seq, ++seen_[rollout->uid]);
    }
  }

  void CheckAgents() {
    for (const auto& [host, agent] : world_.agents) {
      for (const auto& [generation, times] : agent.effects) {
        ASSERT_EQ(times, 1) << host << " generation " << generation;
      }
    }
  }

  // Once faults stop, the rollout ends or says what it waits for.
  void FaultsStop() {
    world_.store.FailAlways(false);
    world_.store.FailAt(0, Fault::kNone);
    Settle();
    // Some hosts never return.
    for (auto& [host, agent] : world_.agents) {
      if (Roll(4) != 0) world_.Connect(host);
    }
    if (!world_.driver->Get("web").ok()) return;
    for (int i = 0; i < 30 && !EndedOrHeld(); ++i) {
      world_.Pass(absl::Seconds(60));
      world_.WorkUntilQuiet();
      Watch();
    }
    CheckAgents();
    ASSERT_TRUE(EndedOrHeld()) << world_.Steps();
    ASSERT_FALSE(world_.Now().state.message.empty());
  }

  bool EndedOrHeld() {
    Rollout rollout = world_.Now();
    return Terminal(rollout.state.phase) || !rollout.state.holds.empty();
  }

  std::mt19937_64 random_;
  RolloutWorld world_;
  Watchdog watchdog_;
  int64_t revision_ = 1;
  std::optional<NewRollout> last_request_;
  std::string last_uid_;
  std::map<std::string, int64_t> seen_;
};

TEST(RolloutInvariantsTest, HoldWhateverHappens) {
  int64_t only = FromEnvironment("FLEET_SEED", -1);
  int64_t first = only >= 0 ? only : 0;
  int64_t last = only >= 0 ? only : FromEnvironment("FLEET_SEEDS", 100) - 1;
  for (int64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE(absl::StrCat("replay with FLEET_SEED=", seed));
    Story(static_cast<uint64_t>(seed)).Run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace fleet::controller
