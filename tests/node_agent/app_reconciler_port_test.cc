// A port that goes from a program to the agent, and back (exec_mode).
#include <gtest/gtest.h>

#include "tests/node_agent/reconcile_scene.h"

namespace fleet::agent {
namespace {

using Orders = ReconcileScene::Orders;

constexpr absl::Duration kPortSoak = absl::Seconds(3);

class PortOwner : public testing::Test {
 protected:
  PortOwner() { scene_.target().step.strategy = ReloadStrategy::kStopFirst; }
  ReconcileScene scene_;
};

TEST_F(PortOwner, AProgramGoesBeforeOthersListenThere) {
  scene_.spec().exec_mode = ExecMode::kFork;
  scene_.target().instances = 1;
  scene_.Settle();
  scene_.spec().exec_mode = ExecMode::kCluster;
  scene_.target().instances = 2;
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 0@1"}));
  EXPECT_EQ(scene_.Gone(0, 1), (Orders{"start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kPortSoak), (Orders{"start 1@2"}));
  scene_.Ready(1, 2);
  EXPECT_EQ(scene_.Pass(kPortSoak), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

TEST_F(PortOwner, SocketsAreClosedBeforeAProgramOpensItsPort) {
  scene_.spec().exec_mode = ExecMode::kCluster;
  scene_.Settle();
  scene_.spec().exec_mode = ExecMode::kFork;
  scene_.target().instances = 1;
  EXPECT_EQ(scene_.NextGeneration(), (Orders{"stop 1@1", "stop 0@1"}));
  EXPECT_EQ(scene_.Gone(0, 1), Orders{}) << "slot 1 listens there too";
  EXPECT_EQ(scene_.Gone(1, 1), (Orders{"release 1", "release 0", "start 0@2"}));
  scene_.Ready(0, 2);
  EXPECT_EQ(scene_.Pass(kPortSoak), (Orders{"save"}));
  EXPECT_EQ(scene_.step().phase, StepPhase::kDone);
}

}  // namespace
}  // namespace fleet::agent
