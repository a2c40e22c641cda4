// How much a rollout writes to the store: bounded per host, and what happens at
// about the same time in one transaction.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/controller/rollout_world.h"

namespace fleet::controller {
namespace {

// Rows of a rollout under way, and the transactions they came in.
struct Writes {
  int commits = 0;
  int heads = 0;
  int steps = 0;
  int events = 0;
  int targets = 0;
};

class RolloutWritesTest : public ::testing::Test {
 protected:
  static constexpr int kHosts = 100;

  RolloutWritesTest() : world(kHosts) {
    // As in a real controller.
    world.options.plan_interval = absl::Milliseconds(5);
    world.Start();
    world.ConnectAll();
    world.Pass(DriverOptions().resync_window);
  }

  void Deploy(const std::string& max_parallel) {
    NewRollout request = world.Deploy(2);
    request.policy.max_parallel = max_parallel;
    ASSERT_TRUE(world.driver->Create(request).ok());
    // The creation itself writes a row for each host.
    world.store.SetCheck([this](const RolloutCommit& commit) {
      ++writes.commits;
      writes.heads += static_cast<int>(commit.rollouts.size());
      writes.steps += static_cast<int>(commit.steps.size());
      writes.events += static_cast<int>(commit.events.size());
      writes.targets += static_cast<int>(commit.targets.size());
    });
    world.Pass(absl::Milliseconds(10));
  }

  // All hosts work and report, `apart` after each other.
  void WorkToTheEnd(absl::Duration apart) {
    while (world.Now().state.phase == RolloutPhase::kRolling) {
      for (auto& [host, agent] : world.agents) {
        world.Work(host);
        world.Pass(apart);
      }
      world.Pass(absl::Milliseconds(10));
    }
    EXPECT_EQ(world.Now().state.phase, RolloutPhase::kSucceeded);
  }

  void ExpectRowsAreBounded() {
    // ADMITTED, APPLYING, VERIFYING, DONE; one target; and the rollout's own
    // events, which are few.
    EXPECT_LE(writes.steps, 4 * kHosts);
    EXPECT_LE(writes.events, 4 * kHosts + 10);
    EXPECT_EQ(writes.targets, kHosts);
    EXPECT_EQ(writes.heads, writes.commits);
  }

  RolloutWorld world;
  Writes writes;
};

TEST_F(RolloutWritesTest, AHostsStepIsAtMostFourRowsAndFourEvents) {
  Deploy("1");
  WorkToTheEnd(absl::ZeroDuration());
  ExpectRowsAreBounded();
  // A step of one host at a time is four transactions at the most: its end is
  // the next one's admission.
  EXPECT_LE(writes.commits, 4 * kHosts + 2);
}

TEST_F(RolloutWritesTest, WhatManyHostsSayAtOnceIsOneTransaction) {
  Deploy("50");
  WorkToTheEnd(absl::ZeroDuration());
  ExpectRowsAreBounded();
  // Two batches of fifty: each admitted, applying, verifying and done together.
  EXPECT_LE(writes.commits, 10);
}

TEST_F(RolloutWritesTest, WhatComesWithinAPlanIntervalIsOneTransaction) {
  Deploy("50");
  // Fifty reports in 50 ms are ten plans, not fifty.
  WorkToTheEnd(absl::Milliseconds(1));
  ExpectRowsAreBounded();
  EXPECT_LE(writes.commits, 100);
}

TEST_F(RolloutWritesTest, NothingIsWrittenWhileNothingChanges) {
  Deploy("1");
  const int before = writes.commits;
  // A clock that is saved now and then, so that a crash takes little of it.
  for (int i = 0; i < 120; ++i) world.Pass(absl::Seconds(1));
  EXPECT_LE(writes.commits - before, 4);
  EXPECT_EQ(writes.steps, 2);  // ADMITTED and APPLYING, before.
}

}  // namespace
}  // namespace fleet::controller
