#include "controller/store/sqlite_store.h"

#include <gtest/gtest.h>

#include <string>

#include "controller/rollout_ports.h"
#include "controller/store/migrations.h"
#include "controller/store/sqlite_rollout_store.h"
#include "proto/rpc/status.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

AppRecord WebApp() {
  AppRecord app;
  app.name = "web";
  app.uid = "a-1";
  app.spec.name = "web";
  app.spec.script = "/srv/web/app.js";
  app.spec.env = {{"A", "1"}, {"B", "2"}};
  ApplyDefaults(app.spec);
  app.revision = 2;
  app.proven_revision = 1;
  app.generation = 5;
  app.placement = {"host-1", "role=web"};
  app.version = 9;
  app.create_time = absl::FromUnixSeconds(1700000000);
  app.update_time = absl::FromUnixSeconds(1700000001);
  return app;
}

HostTarget WebTarget(const std::string& host) {
  HostTarget target;
  target.app = "web";
  target.app_uid = "a-1";
  target.host = host;
  target.serial = 3;
  target.generation = 5;
  target.revision = 2;
  target.run_state = RunState::kStopped;
  target.instances = -1;
  target.step.strategy = ReloadStrategy::kStopFirst;
  target.step.min_ready_time = absl::Milliseconds(1500);
  target.step.ready_deadline = absl::Seconds(7);
  target.step.max_flaps = 4;
  target.start_nonce = 2;
  target.slot_orders[1] = {true, 0};
  target.slot_orders[3] = {false, 7};
  return target;
}

StoreChange WebChange() {
  StoreChange change;
  change.apps.push_back(WebApp());
  change.revisions.push_back(
      {"a-1", {2, "abc", WebApp().spec, absl::FromUnixSeconds(1700000000)}});
  change.targets.push_back(WebTarget("host-1"));
  HostRecord host;
  host.name = "host-1";
  host.host_uid = "u-1";
  host.labels = {{"role", "web"}};
  host.cores = 8;
  host.last_seen = absl::FromUnixSeconds(1700000002);
  change.hosts.push_back(host);
  return change;
}

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { Open(); }

  void Open() {
    database_.reset();
    auto opened = SqliteDatabase::Open(folder_.File("test.db"));
    FLEET_CHECK(opened.ok());
    database_ = *std::move(opened);
    FLEET_CHECK(Migrate(*database_, Migrations()).ok());
    store_ = std::make_unique<SqliteStore>(*database_);
    rollouts_ = std::make_unique<SqliteRolloutStore>(*database_);
  }

  StoredFleet Load() {
    auto fleet = store_->Load();
    EXPECT_TRUE(fleet.ok()) << fleet.status();
    return fleet.ok() ? *std::move(fleet) : StoredFleet();
  }

  RolloutCommit Rollout(const std::string& uid, bool active) {
    RolloutCommit commit;
    commit.rollouts.push_back({uid, "web", "", active, 0, "{}"});
    return commit;
  }

  TempFolder folder_;
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteRolloutStore> rollouts_;
};

TEST_F(SqliteStoreTest, EverythingComesBackAfterReopening) {
  ASSERT_TRUE(store_->Save(WebChange()).ok());
  Open();
  StoredFleet fleet = Load();
  ASSERT_EQ(fleet.apps.size(), 1u);
  const AppRecord& app = fleet.apps[0];
  EXPECT_EQ(app.name, "web");
  EXPECT_EQ(app.placement, (std::vector<std::string>{"host-1", "role=web"}));
  EXPECT_EQ(app.generation, 5);
  EXPECT_EQ(app.version, 9);
  EXPECT_FALSE(app.deleted);
  EXPECT_TRUE(DiffAppSpecs(app.spec, WebApp().spec).empty());
  EXPECT_EQ(app.update_time, WebApp().update_time);
  ASSERT_EQ(fleet.revisions.size(), 1u);
  EXPECT_EQ(fleet.revisions[0].revision.hash, "abc");
  EXPECT_EQ(fleet.revisions[0].revision.spec.script, "/srv/web/app.js");
  ASSERT_EQ(fleet.hosts.size(), 1u);
  EXPECT_EQ(fleet.hosts[0], WebChange().hosts[0]);
}

TEST_F(SqliteStoreTest, TheIdOfADeletedAppIsNotGivenAgain) {
  StoreChange change = WebChange();
  change.apps[0].id = 6;
  ASSERT_TRUE(store_->Save(change).ok());
  StoreChange gone;
  gone.gone_targets.push_back({"a-1", "host-1"});
  gone.gone_app_uids.push_back("a-1");
  ASSERT_TRUE(store_->Save(gone).ok());
  Open();
  EXPECT_EQ(store_->Load()->next_app_id, 7);
}

TEST_F(SqliteStoreTest, TargetsKeepEveryField) {
  ASSERT_TRUE(store_->Save(WebChange()).ok());
  StoredFleet fleet = Load();
  ASSERT_EQ(fleet.targets.size(), 1u);
  const HostTarget& target = fleet.targets[0];
  const HostTarget want = WebTarget("host-1");
  EXPECT_EQ(target.app, want.app);
  EXPECT_EQ(target.host, want.host);
  EXPECT_EQ(target.serial, want.serial);
  EXPECT_EQ(target.generation, want.generation);
  EXPECT_EQ(target.revision, want.revision);
  EXPECT_EQ(target.run_state, want.run_state);
  EXPECT_EQ(target.instances, want.instances);
  EXPECT_EQ(target.removed, want.removed);
  EXPECT_EQ(target.step, want.step);
  EXPECT_EQ(target.start_nonce, want.start_nonce);
  EXPECT_EQ(target.slot_orders, want.slot_orders);
}

TEST_F(SqliteStoreTest, SaveIsAllOrNothing) {
  StoreChange change = WebChange();
  change.targets[0].app_uid = "a-of-nobody";
  EXPECT_EQ(ReasonOf(store_->Save(change)).reason, "STORE_FAILED");
  StoredFleet fleet = Load();
  EXPECT_TRUE(fleet.apps.empty());
  EXPECT_TRUE(fleet.hosts.empty());
}

TEST_F(SqliteStoreTest, WhatIsGoneIsGone) {
  ASSERT_TRUE(store_->Save(WebChange()).ok());
  StoreChange change;
  change.gone_targets.push_back({"a-1", "host-1"});
  change.gone_app_uids.emplace_back("a-1");
  change.gone_hosts.emplace_back("host-1");
  ASSERT_TRUE(store_->Save(change).ok());
  StoredFleet fleet = Load();
  EXPECT_TRUE(fleet.apps.empty());
  EXPECT_TRUE(fleet.revisions.empty());
  EXPECT_TRUE(fleet.targets.empty());
  EXPECT_TRUE(fleet.hosts.empty());
}

TEST_F(SqliteStoreTest, NameOfADeletedAppMayBeTakenAnew) {
  StoreChange change = WebChange();
  change.apps[0].deleted = true;
  ASSERT_TRUE(store_->Save(change).ok());
  StoreChange anew;
  anew.apps.push_back(WebApp());
  anew.apps[0].uid = "a-2";
  EXPECT_TRUE(store_->Save(anew).ok());
  anew.apps[0].uid = "a-3";
  EXPECT_FALSE(store_->Save(anew).ok());
}

TEST_F(SqliteStoreTest, EpochRisesWithEachStart) {
  EXPECT_EQ(*store_->RaiseEpoch(), 1);
  EXPECT_EQ(*store_->RaiseEpoch(), 2);
  Open();
  EXPECT_EQ(*store_->RaiseEpoch(), 3);
}

TEST_F(SqliteStoreTest, OnlyTheNewestAnswersAreKept) {
  absl::Status status = database_->Transaction([&]() -> absl::Status {
    for (int i = 0; i < kMaxAnswers + 5; ++i) {
      StoreChange change;
      change.answer = Answer{"id-" + std::to_string(i), "/m", "body"};
      RETURN_IF_ERROR(store_->Save(change));
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE((*store_->FindAnswer("id-4")).has_value());
  auto answer = *store_->FindAnswer("id-5");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->method, "/m");
  EXPECT_EQ(answer->body, "body");
}

TEST_F(SqliteStoreTest, CommitWritesRolloutStepsEventsTargetsAndCounters) {
  ASSERT_TRUE(store_->Save(WebChange()).ok());
  RolloutCommit commit = Rollout("r-1", true);
  commit.steps = {{"r-1", 0, "s0"}, {"r-1", 1, "s1"}};
  commit.events = {{"r-1", 1, "e1"}, {"r-1", 2, "e2"}};
  commit.targets = {WebTarget("host-2")};
  commit.app = AppAdvance{"web", "a-1", 6, 0};
  ASSERT_TRUE(rollouts_->Commit(commit).ok());
  EXPECT_EQ((*rollouts_->ActiveRollouts()).size(), 1u);
  auto steps = *rollouts_->RolloutSteps("r-1");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].body, "s1");
  auto events = *rollouts_->RolloutEvents("r-1", 1, 10);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].body, "e2");
  StoredFleet fleet = Load();
  EXPECT_EQ(fleet.targets.size(), 2u);
  EXPECT_EQ(fleet.apps[0].generation, 6);
  EXPECT_EQ(fleet.apps[0].proven_revision, 1);
}

TEST_F(SqliteStoreTest, NewRolloutTakesThePlaceOfTheActiveOneInOneCommit) {
  ASSERT_TRUE(rollouts_->Commit(Rollout("r-1", true)).ok());
  EXPECT_FALSE(rollouts_->Commit(Rollout("r-2", true)).ok());
  RolloutCommit commit = Rollout("r-2", true);
  commit.rollouts.push_back({"r-1", "web", "", false, 0, "{}"});
  ASSERT_TRUE(rollouts_->Commit(commit).ok());
  auto active = *rollouts_->ActiveRollouts();
  ASSERT_EQ(active.size(), 1u);
  EXPECT_EQ(active[0].uid, "r-2");
  EXPECT_EQ((*rollouts_->NewestRolloutOf("web"))->uid, "r-2");
}

TEST_F(SqliteStoreTest, WhatAlsoSaveRefusesUndoesTheCommit) {
  RolloutCommit commit = Rollout("r-1", true);
  commit.also_save = [&]() -> absl::Status {
    RETURN_IF_ERROR(store_->Save(WebChange()));
    return absl::AbortedError("no");
  };
  EXPECT_EQ(rollouts_->Commit(commit).code(), absl::StatusCode::kAborted);
  EXPECT_FALSE((*rollouts_->RolloutByUid("r-1")).has_value());
  EXPECT_TRUE(Load().apps.empty());
}

TEST_F(SqliteStoreTest, RequestIdsFindTheirRollout) {
  RolloutCommit commit = Rollout("r-1", true);
  commit.rollouts[0].request_id = "q";
  ASSERT_TRUE(rollouts_->Commit(commit).ok());
  EXPECT_EQ((*rollouts_->RolloutByRequest("q"))->uid, "r-1");
  EXPECT_FALSE((*rollouts_->RolloutByRequest("other")).has_value());
}

TEST_F(SqliteStoreTest, RolloutsAreListedNewestFirstInPages) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(
        rollouts_->Commit(Rollout("r-" + std::to_string(i), false)).ok());
  }
  auto first = *rollouts_->ListRollouts("web", false, 0, 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].uid, "r-5");
  auto second = *rollouts_->ListRollouts("", false, first.back().ordinal, 10);
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(second[0].uid, "r-3");
  EXPECT_TRUE((*rollouts_->ListRollouts("web", true, 0, 10)).empty());
  EXPECT_TRUE((*rollouts_->ListRollouts("other", false, 0, 10)).empty());
}

TEST_F(SqliteStoreTest, OldEndedRolloutsAreForgottenWithTheirRows) {
  ASSERT_TRUE(database_
                  ->Transaction([&]() -> absl::Status {
                    for (int i = 0; i < 205; ++i) {
                      RolloutCommit commit =
                          Rollout("r-" + std::to_string(i), false);
                      commit.steps = {{commit.rollouts[0].uid, 0, "s"}};
                      RETURN_IF_ERROR(rollouts_->Commit(commit));
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(rollouts_->Commit(Rollout("r-new", true)).ok());
  EXPECT_FALSE((*rollouts_->RolloutByUid("r-4")).has_value());
  EXPECT_TRUE((*rollouts_->RolloutSteps("r-4")).empty());
  EXPECT_TRUE((*rollouts_->RolloutByUid("r-5")).has_value());
  EXPECT_TRUE((*rollouts_->RolloutByUid("r-new")).has_value());
}

TEST_F(SqliteStoreTest, EventsAreForgottenUpToASequenceNumber) {
  RolloutCommit commit = Rollout("r-1", true);
  commit.events = {{"r-1", 1, "e1"}, {"r-1", 2, "e2"}, {"r-1", 3, "e3"}};
  ASSERT_TRUE(rollouts_->Commit(commit).ok());
  commit.events.clear();
  commit.forget_events_through = 2;
  ASSERT_TRUE(rollouts_->Commit(commit).ok());
  auto events = *rollouts_->RolloutEvents("r-1", 0, 10);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].seq, 3);
}

}  // namespace
}  // namespace fleet::controller
