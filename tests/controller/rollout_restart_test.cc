// The controller dies at every commit of a rollout, before it and after it,
// and a new one goes on: nothing is lost, nothing happens twice.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/controller/rollout_world.h"

namespace fleet::controller {
namespace {

using Fault = FakeRolloutStore::Fault;

// Runs `story`, which ends with the world quiet; returns how many commits it
// took.
int CommitsOf(const std::function<void(RolloutWorld&)>& story) {
  RolloutWorld world(3);
  world.Start();
  world.ConnectAll();
  story(world);
  return world.store.commits();
}

void GoOnAfterACrash(RolloutWorld& world) {
  if (!world.store.dead()) return;
  world.Restart();
  world.ConnectAll();
  world.Turn();
}

// What clients do when a call fails: they repeat it.
void CreateOnce(RolloutWorld& world, bool supersede = false) {
  NewRollout request = world.Deploy(supersede ? 3 : 2);
  request.request_id = absl::StrCat("request-", request.app.revision);
  request.supersede = supersede;
  if (world.driver->Create(request).ok()) return;
  GoOnAfterACrash(world);
  ASSERT_TRUE(world.driver->Create(request).ok());
}

void FinishDespiteACrash(RolloutWorld& world) {
  world.WorkUntilQuiet();
  GoOnAfterACrash(world);
  world.WorkUntilQuiet();
}

void Deploys(RolloutWorld& world) {
  CreateOnce(world);
  FinishDespiteACrash(world);
}

void DeploysAndIsSuperseded(RolloutWorld& world) {
  CreateOnce(world);
  world.Turn();
  GoOnAfterACrash(world);
  CreateOnce(world, true);
  FinishDespiteACrash(world);
}

class RolloutRestartTest : public ::testing::TestWithParam<Fault> {
 protected:
  void CheckAtEveryCommit(const std::function<void(RolloutWorld&)>& story,
                          int64_t revision) {
    int commits = CommitsOf(story);
    ASSERT_GT(commits, 5);
    for (int at = 1; at <= commits; ++at) {
      SCOPED_TRACE(absl::StrCat("dies at commit ", at));
      RolloutWorld world(3);
      world.store.FailAt(at, GetParam());
      world.Start();
      world.ConnectAll();
      story(world);
      Rollout rollout = world.Now();
      EXPECT_EQ(rollout.state.phase, RolloutPhase::kSucceeded)
          << rollout.state.message;
      EXPECT_EQ(rollout.state.failures, 0);
      for (const auto& [host, agent] : world.agents) {
        EXPECT_EQ(agent.running_revision, revision) << host;
        for (const auto& [generation, times] : agent.effects) {
          EXPECT_EQ(times, 1) << host << " generation " << generation;
        }
      }
      absl::StatusOr<RolloutChanges> changes =
          world.driver->ChangesSince(rollout.uid, 0, 1000);
      ASSERT_TRUE(changes.ok());
      EXPECT_EQ(static_cast<int64_t>(changes->events.size()),
                rollout.state.last_seq);
    }
  }
};

TEST_P(RolloutRestartTest, GoesOnWithADeploy) {
  CheckAtEveryCommit(Deploys, 2);
}

TEST_P(RolloutRestartTest, GoesOnWithASupersedingDeploy) {
  CheckAtEveryCommit(DeploysAndIsSuperseded, 3);
}

INSTANTIATE_TEST_SUITE_P(Faults, RolloutRestartTest,
                         ::testing::Values(Fault::kDiesBefore,
                                           Fault::kDiesAfter),
                         [](const auto& info) {
                           return info.param == Fault::kDiesBefore ? "Before"
                                                                   : "After";
                         });

}  // namespace
}  // namespace fleet::controller
