#include "node_agent/dependency.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace fleet::agent {
namespace {

// Apps of one host by name.
class Dependency : public testing::Test {
 protected:
  AppState& App(const std::string& name, std::vector<std::string> depends_on) {
    AppState& app = apps_[name];
    auto spec = std::make_shared<AppSpec>();
    spec->name = name;
    spec->depends_on = std::move(depends_on);
    app.target.app = name;
    app.target.spec = spec;
    app.target.generation = 1;
    app.step.phase = StepPhase::kDone;
    app.slots[0].workers[1] = Worker{};
    app.slots[0].workers[1].available = true;
    return app;
  }
  std::string HeldBy(const std::string& name) {
    return agent::HeldBy(apps_.at(name), [this](const std::string& other) {
      auto app = apps_.find(other);
      return app == apps_.end() ? nullptr : &app->second;
    });
  }

  std::map<std::string, AppState> apps_;
};

TEST_F(Dependency, AnAvailableAppHoldsNobody) {
  App("db", {});
  App("web", {"db"});
  EXPECT_EQ(HeldBy("web"), "");
}

TEST_F(Dependency, AnAppWithASlotThatDoesNotServeHolds) {
  AppState& db = App("db", {});
  App("web", {"db"});
  Worker& worker = db.slots[0].workers[1];
  worker.available = false;
  EXPECT_EQ(HeldBy("web"), "db: db.0 is starting");
  db.slots[0].workers.clear();
  db.slots[0].phase = SlotPhase::kBackoff;
  db.slots[0].last_exit = "exit code 1";
  EXPECT_EQ(HeldBy("web"), "db: db.0 restarts after exit code 1");
  db.slots[0].phase = SlotPhase::kCrashLoop;
  EXPECT_EQ(HeldBy("web"), "db: db.0 is in a crash loop");
  db.slots[0].phase = SlotPhase::kExited;
  db.slots[0].last_failure = FailureKind::kExit;
  EXPECT_EQ(HeldBy("web"), "db: db.0 has ended: exit code 1");
}

TEST_F(Dependency, AJobThatHasEndedWellIsAvailable) {
  AppState& job = App("migrate", {});
  job.slots[0].workers.clear();
  job.slots[0].phase = SlotPhase::kExited;
  App("web", {"migrate"});
  EXPECT_EQ(HeldBy("web"), "");
}

TEST_F(Dependency, AllInstancesCount) {
  App("db", {}).target.instances = 2;
  App("web", {"db"});
  EXPECT_EQ(HeldBy("web"), "db: db.1 is not there yet");
}

TEST_F(Dependency, AnAppInAStepHoldsAlsoWhileItServes) {
  AppState& db = App("db", {});
  App("web", {"db"});
  db.step.phase = StepPhase::kApplying;
  db.step.reason = "db.0 is ready, must stay so";
  EXPECT_EQ(HeldBy("web"), "db: db.0 is ready, must stay so");
  db.step.phase = StepPhase::kFailed;  // And serves on as it was.
  EXPECT_EQ(HeldBy("web"), "");
}

TEST_F(Dependency, WhatIsNotHereOrWasStoppedIsNotWaitedFor) {
  App("web", {"db", "cache"});
  AppState& cache = App("cache", {});
  cache.slots.clear();
  cache.target.stopped = true;
  EXPECT_EQ(HeldBy("web"), "");
}

TEST_F(Dependency, AppsThatWaitForEachOtherDoNotWait) {
  for (AppState* app : {&App("a", {"b"}), &App("b", {"c"}), &App("c", {"a"})}) {
    app->slots.clear();
  }
  App("d", {"a"});
  EXPECT_EQ(HeldBy("a"), "");
  EXPECT_EQ(HeldBy("b"), "");
  EXPECT_EQ(HeldBy("d"), "a: a.0 is not there yet");
}

}  // namespace
}  // namespace fleet::agent
