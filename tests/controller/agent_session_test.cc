#include "controller/agent_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

class AgentSessionTest : public testing::Test {
 protected:
  const KnownHost& Host(const std::string& name) {
    return scene_.core().hosts.hosts().at(name);
  }

  v1::SessionRequest Delta(int64_t seq) {
    v1::SessionRequest request;
    request.mutable_state_report()->set_seq(seq);
    v1::AppStatus& app = *request.mutable_state_report()->add_apps();
    app.set_app("web");
    app.set_app_uid("a-1");
    app.set_serial(seq);
    return request;
  }

  int64_t ObservedSerial() {
    const ObservedApp* app = scene_.core().state.Find("host-1", "a-1");
    return app == nullptr ? 0 : app->status.serial();
  }

  FleetScene scene_;
};

TEST_F(AgentSessionTest, HelloIsAnsweredWithWelcomeAndTheFullState) {
  auto agent = scene_.Agent("host-1");
  ASSERT_EQ(agent->inbox.size(), 2u);
  EXPECT_EQ(agent->inbox[0].welcome().epoch(), 1);
  EXPECT_FALSE(agent->inbox[0].welcome().session_id().empty());
  EXPECT_EQ(agent->inbox[0].welcome().heartbeat_period().seconds(), 5);
  EXPECT_TRUE(agent->inbox[1].desired_state().full());
  EXPECT_EQ(agent->inbox[1].desired_state().epoch(), 1);
  EXPECT_TRUE(Host("host-1").connected);
}

TEST_F(AgentSessionTest, FirstMessageMustBeHello) {
  FakeAgent agent(scene_, "host-1", "uid");
  AgentSession* session = scene_.core().sessions.Open(agent);
  session->OnMessage(Delta(1));
  ASSERT_TRUE(agent.closed.has_value());
  EXPECT_EQ(agent.closed->code(), absl::StatusCode::kFailedPrecondition);
  scene_.core().sessions.Forget(session);
}

TEST_F(AgentSessionTest, SecondHelloEndsTheSession) {
  auto agent = scene_.Agent("host-1");
  v1::SessionRequest request;
  *request.mutable_hello() = agent->hello;
  agent->Say(request);
  EXPECT_EQ(agent->closed->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Host("host-1").connected);
}

TEST_F(AgentSessionTest, BadHostNameIsRefused) {
  for (const char* name : {"", "all", "a b", "-x", "über"}) {
    FakeAgent agent(scene_, name, "uid");
    agent.Connect();
    ASSERT_TRUE(agent.closed.has_value()) << name;
    EXPECT_EQ(agent.closed->code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(scene_.core().hosts.hosts().empty());
}

TEST_F(AgentSessionTest, HostThatObeyedANewerControllerIsRefused) {
  FakeAgent agent(scene_, "host-1", "uid");
  agent.hello.set_epoch(7);
  agent.Connect();
  ASSERT_TRUE(agent.closed.has_value());
  EXPECT_EQ(agent.closed->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(agent.closed->message()), HasSubstr("epoch 7"));
}

TEST_F(AgentSessionTest, SecondMachineOfTheSameNameIsRefusedAndShown) {
  auto first = scene_.Agent("host-1");
  FakeAgent second(scene_, "host-1", "another uid");
  second.Connect();
  ASSERT_TRUE(second.closed.has_value());
  EXPECT_EQ(second.closed->code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.closed->message()),
              HasSubstr("two machines claim the host name host-1"));
  EXPECT_FALSE(first->closed.has_value());
  v1::Host shown = scene_.core().view.Host(Host("host-1"));
  EXPECT_EQ(shown.state(), v1::HOST_STATE_CONFLICT);
  EXPECT_THAT(shown.reason(), HasSubstr("host_uid another"));
  EXPECT_THAT(shown.reason(), HasSubstr("host_uid uid of h"));
  scene_.Advance(absl::Seconds(61));
  EXPECT_EQ(scene_.core().view.Host(Host("host-1")).state(),
            v1::HOST_STATE_CONNECTED);
}

TEST_F(AgentSessionTest, CloneWithACopiedStateFolderIsRefused) {
  FakeAgent first(scene_, "host-1", "uid");
  first.hello.mutable_host()->set_boot_id("boot-1");
  first.Connect();
  FakeAgent clone(scene_, "host-1", "uid");
  clone.hello.mutable_host()->set_boot_id("boot-2");
  clone.Connect();
  ASSERT_TRUE(clone.closed.has_value());
  EXPECT_EQ(clone.closed->code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(first.closed.has_value());
}

// Containers of one machine are of one boot. An agent that was restarted is
// another process, and the one before it does not come back.
TEST_F(AgentSessionTest, ProcessThatComesBackAfterItWasReplacedIsAClone) {
  auto agent = [this](const std::string& run_id) {
    auto made = std::make_unique<FakeAgent>(scene_, "host-1", "uid");
    made->hello.mutable_host()->set_boot_id("boot-1");
    made->hello.set_agent_run_id(run_id);
    made->Connect();
    return made;
  };
  auto first = agent("run-1");
  auto second = agent("run-2");
  EXPECT_TRUE(first->closed.has_value());
  EXPECT_FALSE(second->closed.has_value());
  auto first_again = agent("run-1");
  ASSERT_TRUE(first_again->closed.has_value());
  EXPECT_EQ(first_again->closed->code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(first_again->closed->message()),
              HasSubstr("copies of one state folder"));
  EXPECT_FALSE(second->closed.has_value());
  // A lost connection is no second process, and a third one may come.
  auto second_again = agent("run-2");
  EXPECT_FALSE(second_again->closed.has_value());
  auto third = agent("run-3");
  EXPECT_FALSE(third->closed.has_value());
  EXPECT_TRUE(agent("run-2")->closed.has_value());
  // Nobody else is there: then it is the host's.
  third->Disconnect();
  EXPECT_FALSE(agent("run-1")->closed.has_value());
}

TEST_F(AgentSessionTest, MachineThatWasBootedReplacesItsSilentSession) {
  FakeAgent before(scene_, "host-1", "uid");
  before.hello.mutable_host()->set_boot_id("boot-1");
  before.Connect();
  before.beats = false;
  scene_.Advance(absl::Seconds(8));
  FakeAgent after(scene_, "host-1", "uid");
  after.hello.mutable_host()->set_boot_id("boot-2");
  after.Connect();
  EXPECT_FALSE(after.closed.has_value());
  EXPECT_TRUE(before.closed.has_value());
}

TEST_F(AgentSessionTest, MachineMayTakeANameWhoseHolderIsGone) {
  scene_.Agent("host-1")->Disconnect();
  FakeAgent other(scene_, "host-1", "another uid");
  other.Connect();
  EXPECT_FALSE(other.closed.has_value());
  EXPECT_EQ(Host("host-1").record.host_uid, "another uid");
}

TEST_F(AgentSessionTest, NewSessionOfTheSameMachineReplacesTheOld) {
  auto old = scene_.Agent("host-1");
  auto anew = scene_.Agent("host-1");
  ASSERT_TRUE(old->closed.has_value());
  EXPECT_EQ(old->closed->code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(anew->closed.has_value());
  old->Disconnect();
  EXPECT_TRUE(Host("host-1").connected);
  EXPECT_EQ(scene_.core().hosts.connected_count(), 1);
}

TEST_F(AgentSessionTest, SilentHostIsGivenUpAfterThreePeriods) {
  auto agent = scene_.Agent("host-1");
  agent->beats = false;
  scene_.Advance(absl::Seconds(14));
  EXPECT_FALSE(agent->closed.has_value());
  EXPECT_TRUE(agent->Received(v1::SessionResponse::kHeartbeat));
  scene_.Advance(absl::Seconds(2));
  ASSERT_TRUE(agent->closed.has_value());
  EXPECT_EQ(agent->closed->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(Host("host-1").connected);
}

TEST_F(AgentSessionTest, WallClockJumpGivesNobodyUp) {
  auto agent = scene_.Agent("host-1");
  scene_.clock().JumpWall(absl::Hours(24));
  scene_.Advance(absl::Seconds(2));
  EXPECT_FALSE(agent->closed.has_value());
}

TEST_F(AgentSessionTest, StreamWithoutHelloIsEnded) {
  FakeAgent agent(scene_, "host-1", "uid");
  AgentSession* session = scene_.core().sessions.Open(agent);
  scene_.Advance(absl::Seconds(16));
  ASSERT_TRUE(agent.closed.has_value());
  scene_.core().sessions.Forget(session);
}

TEST_F(AgentSessionTest, GapInReportsAsksForAResyncOnce) {
  auto agent = scene_.Agent("host-1");
  agent->Say(Delta(1));
  EXPECT_EQ(ObservedSerial(), 1);
  agent->Say(Delta(3));
  EXPECT_TRUE(agent->Received(v1::SessionResponse::kResync));
  EXPECT_EQ(ObservedSerial(), 1);
  const size_t told = agent->inbox.size();
  agent->Say(Delta(4));
  EXPECT_EQ(agent->inbox.size(), told);
  v1::SessionRequest full = Delta(5);
  full.mutable_state_report()->set_full(true);
  agent->Say(full);
  EXPECT_EQ(ObservedSerial(), 5);
  agent->Say(Delta(6));
  EXPECT_EQ(ObservedSerial(), 6);
}

TEST_F(AgentSessionTest, HeartbeatShowsThatTheLastReportWasLost) {
  auto agent = scene_.Agent("host-1");
  agent->Say(Delta(1));
  v1::SessionRequest beat;
  beat.mutable_heartbeat()->set_report_seq(1);
  agent->Say(beat);
  EXPECT_FALSE(agent->Received(v1::SessionResponse::kResync));
  beat.mutable_heartbeat()->set_report_seq(2);
  agent->Say(beat);
  EXPECT_TRUE(agent->Received(v1::SessionResponse::kResync));
  const size_t told = agent->inbox.size();
  agent->Say(beat);
  EXPECT_EQ(agent->inbox.size(), told);
  v1::SessionRequest full = Delta(3);
  full.mutable_state_report()->set_full(true);
  agent->Say(full);
  EXPECT_EQ(ObservedSerial(), 3);
}

TEST_F(AgentSessionTest, FullReportForgetsWhatItDoesNotName) {
  auto agent = scene_.Agent("host-1");
  agent->Say(Delta(1));
  v1::SessionRequest full;
  full.mutable_state_report()->set_seq(2);
  full.mutable_state_report()->set_full(true);
  agent->Say(full);
  EXPECT_EQ(ObservedSerial(), 0);
}

// A stolen agent's words are kept by the controller, and are in lists.
TEST_F(AgentSessionTest, WhatAHostSaysHasALimit) {
  FakeAgent talker(scene_, "host-2", "uid");
  talker.hello.mutable_host()->set_kernel(std::string(20'000, 'x'));
  talker.Connect();
  ASSERT_TRUE(talker.closed.has_value());
  EXPECT_TRUE(absl::IsInvalidArgument(*talker.closed)) << *talker.closed;
  EXPECT_EQ(scene_.core().hosts.Find("host-2"), nullptr);

  FleetState& state = scene_.core().state;
  v1::AppStatus status;
  const auto set = [&](int app, size_t bytes) {
    status.set_app_uid(absl::StrCat("a-", app));
    status.set_message(std::string(bytes, 'x'));
    return state.Set("host-3", status);
  };
  EXPECT_FALSE(set(0, 1 << 20));
  EXPECT_EQ(state.Find("host-3", "a-0"), nullptr);
  constexpr size_t kBytes = 1'000'000;
  int kept = 0;
  while (kept < 100 && set(kept, kBytes)) ++kept;
  EXPECT_EQ(kept, 16);
  // Room is made by less, and by what is gone.
  EXPECT_TRUE(set(0, kBytes));
  EXPECT_TRUE(set(0, 10));
  EXPECT_TRUE(set(16, kBytes));
  EXPECT_FALSE(set(17, kBytes));
  state.Remove("host-3", "a-3");
  EXPECT_TRUE(set(17, kBytes));
  state.SetAll("host-3", {});
  EXPECT_TRUE(set(18, kBytes));

  v1::HostUsage usage;
  usage.set_problem("none");
  state.SetUsage("host-3", usage);
  usage.set_problem(std::string(20'000, 'x'));
  state.SetUsage("host-3", usage);
  EXPECT_EQ(state.UsageOf("host-3")->problem(), "none");
}

TEST_F(AgentSessionTest, WhatAHostSaidLastIsKeptWhileItIsAway) {
  auto agent = scene_.Agent("host-1");
  agent->Say(Delta(1));
  agent->Disconnect();
  EXPECT_EQ(ObservedSerial(), 1);
  EXPECT_FALSE(scene_.core().state.View("host-1", "a-1").connected);
}

TEST_F(AgentSessionTest, TheInstanceThatIsWorstOffIsKnown) {
  auto agent = scene_.Agent("host-1");
  const auto trouble = [&](int64_t seq, auto fill) {
    v1::SessionRequest report = Delta(seq);
    for (int slot = 0; slot < 3; ++slot) {
      v1::Instance& instance =
          *report.mutable_state_report()->mutable_apps(0)->add_instances();
      instance.set_slot(slot);
      instance.set_ready(true);
      instance.mutable_start_time()->set_seconds(100 + slot);
      fill(slot, instance);
    }
    agent->Say(report);
    return scene_.core().state.View("host-1", "a-1").trouble;
  };
  EXPECT_EQ(trouble(1, [](int, v1::Instance&) {}), InstanceTrouble());
  // All are ready: the youngest of those that have replaced another.
  EXPECT_EQ(trouble(2,
                    [](int slot, v1::Instance& instance) {
                      if (slot < 2) instance.set_last_exit("exit code 1");
                    })
                .slot,
            1);
  const InstanceTrouble down = trouble(3, [](int slot, v1::Instance& instance) {
    instance.set_last_exit("exit code 2");
    if (slot == 2) return;
    instance.set_ready(false);
    instance.set_reason("is starting");
    instance.add_stderr_tail("no DB");
    if (slot == 0) instance.set_state(v1::INSTANCE_STATE_STOPPING);
  });
  EXPECT_EQ(down,
            (InstanceTrouble{1, "exit code 2", "is starting", {"no DB"}}));
}

TEST_F(AgentSessionTest, SamplesAreSeenInTheInstances) {
  auto agent = scene_.Agent("host-1");
  v1::SessionRequest report = Delta(1);
  report.mutable_state_report()
      ->mutable_apps(0)
      ->add_instances()
      ->set_worker_id(42);
  agent->Say(report);
  v1::SessionRequest metrics;
  metrics.mutable_metrics()->mutable_usage()->set_load1(0.5);
  v1::InstanceSample& sample = *metrics.mutable_metrics()->add_samples();
  sample.set_worker_id(42);
  sample.set_app_uid("a-1");
  sample.set_rss_bytes(1 << 20);
  agent->Say(metrics);
  EXPECT_EQ(scene_.core()
                .state.Find("host-1", "a-1")
                ->status.instances(0)
                .rss_bytes(),
            1 << 20);
  EXPECT_EQ(scene_.core().view.Host(Host("host-1")).usage().load1(), 0.5);
}

TEST_F(AgentSessionTest, ChangesOfOneTurnGoInOneMessage) {
  auto agent = scene_.Agent("host-1");
  agent->AckAll();
  scene_.Apply(SpecOf("web"));
  scene_.Apply(SpecOf("db"));
  agent->AckAll();
  const size_t before = agent->Desired().size();
  ASSERT_TRUE(scene_.core().orders.Stop({"web", "", {}, ""}).ok());
  ASSERT_TRUE(scene_.core().orders.Stop({"db", "", {}, ""}).ok());
  scene_.Run();
  ASSERT_EQ(agent->Desired().size(), before + 1);
  EXPECT_EQ(agent->Desired().back().targets_size(), 2);
  EXPECT_FALSE(agent->Desired().back().full());
}

TEST_F(AgentSessionTest, OneDesiredStateAtATimeAndTheLatestWins) {
  auto agent = scene_.Agent("host-1");
  agent->AckAll();
  scene_.Apply(SpecOf("web"));
  agent->AckAll();
  const size_t before = agent->Desired().size();
  ASSERT_TRUE(scene_.core().orders.Scale({"web", "", {}, ""}, 3, false).ok());
  scene_.Run();
  ASSERT_TRUE(scene_.core().orders.Scale({"web", "", {}, ""}, 4, false).ok());
  ASSERT_TRUE(scene_.core().orders.Scale({"web", "", {}, ""}, 5, false).ok());
  scene_.Run();
  ASSERT_EQ(agent->Desired().size(), before + 1);
  agent->AckAll();
  ASSERT_EQ(agent->Desired().size(), before + 2);
  EXPECT_EQ(agent->Desired().back().targets(0).instances(), 5);
}

TEST_F(AgentSessionTest, RefusedTargetFailsTheHostAndIsShown) {
  auto agent = scene_.Agent("host-1");
  agent->AckAll();
  scene_.Apply(SpecOf("web"));
  agent->Ack(agent->Desired().back().nonce(), 3, "no user www-data here");
  Rollout rollout = scene_.NewestRollout("web");
  EXPECT_EQ(rollout.steps[0].phase, HostStepPhase::kFailed);
  EXPECT_THAT(rollout.steps[0].reason, HasSubstr("no user www-data here"));
  v1::App shown = scene_.core().view.App(scene_.App("web"), {});
  EXPECT_THAT(shown.hosts(0).refusal(), HasSubstr("no user www-data here"));
}

TEST_F(AgentSessionTest, TargetThatHadNoRoomOnTheHostIsOfferedAgain) {
  auto agent = scene_.Agent("host-1");
  agent->AckAll();
  scene_.Apply(SpecOf("web"));
  agent->AckAll();
  agent->ReportDone("web");
  ASSERT_TRUE(scene_.core().orders.Start({"web", "", {}, ""}).ok());
  scene_.Run();
  const size_t before = agent->Desired().size();
  agent->Ack(agent->Desired().back().nonce(), 8, "disk full");
  v1::App shown = scene_.core().view.App(scene_.App("web"), {});
  EXPECT_THAT(shown.hosts(0).refusal(), HasSubstr("disk full"));
  scene_.Advance(absl::Seconds(9));
  EXPECT_EQ(agent->Desired().size(), before);
  scene_.Advance(absl::Seconds(3));
  ASSERT_EQ(agent->Desired().size(), before + 1);
  agent->Ack(agent->Desired().back().nonce(), 0, "");
  shown = scene_.core().view.App(scene_.App("web"), {});
  EXPECT_EQ(shown.hosts(0).refusal(), "");
  scene_.Advance(absl::Seconds(30));
  EXPECT_EQ(agent->Desired().size(), before + 1);
}

TEST_F(AgentSessionTest, RefusedMessageOfManyTargetsIsSentOneByOne) {
  FakeAgent agent(scene_, "host-1", "uid");
  agent.Connect();
  agent.AckAll();
  scene_.Apply(SpecOf("web"));
  scene_.Apply(SpecOf("db"));
  agent.AckAll();
  ASSERT_TRUE(scene_.core().orders.Stop({"web", "", {}, ""}).ok());
  ASSERT_TRUE(scene_.core().orders.Stop({"db", "", {}, ""}).ok());
  scene_.Run();
  ASSERT_EQ(agent.Desired().back().targets_size(), 2);
  const size_t before = agent.Desired().size();
  agent.Ack(agent.Desired().back().nonce(), 3, "one of them");
  ASSERT_EQ(agent.Desired().size(), before + 1);
  EXPECT_EQ(agent.Desired().back().targets_size(), 1);
  agent.Ack(agent.Desired().back().nonce(), 3, "this one");
  ASSERT_EQ(agent.Desired().size(), before + 2);
  EXPECT_EQ(agent.Desired().back().targets_size(), 1);
  agent.Ack(agent.Desired().back().nonce(), 0, "");
  EXPECT_EQ(agent.Desired().size(), before + 2);
}

TEST_F(AgentSessionTest, AgentThatDoesNotReadIsEvicted) {
  auto agent = scene_.Agent("host-1");
  agent->AckAll();
  agent->reads = false;
  scene_.Apply(SpecOf("web"));
  ASSERT_TRUE(agent->closed.has_value());
  EXPECT_EQ(agent->closed->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(Host("host-1").connected);
}

TEST_F(AgentSessionTest, TooManyHellosAtOnceAreSentAway) {
  std::vector<std::unique_ptr<FakeAgent>> agents;
  int refused = 0;
  for (int i = 0; i < 450; ++i) {
    agents.push_back(std::make_unique<FakeAgent>(
        scene_, "host-" + std::to_string(i), "uid-" + std::to_string(i)));
    agents.back()->Connect();
    if (agents.back()->closed.has_value()) ++refused;
  }
  EXPECT_EQ(refused, 50);
  EXPECT_EQ(agents.back()->closed->code(), absl::StatusCode::kUnavailable);
  scene_.clock().Advance(absl::Seconds(1));
  agents.back()->Connect();
  EXPECT_FALSE(agents.back()->closed.has_value());
}

TEST_F(AgentSessionTest, GoAwayIsTheLastWord) {
  auto agent = scene_.Agent("host-1");
  scene_.core().sessions.GoAway("bye");
  EXPECT_TRUE(agent->Received(v1::SessionResponse::kGoAway));
  ASSERT_TRUE(agent->closed.has_value());
  EXPECT_EQ(agent->closed->code(), absl::StatusCode::kUnavailable);
  FakeAgent late(scene_, "host-2", "uid");
  EXPECT_EQ(scene_.core().sessions.Open(late), nullptr);
}

TEST_F(AgentSessionTest, StoreThatFailsKeepsKnownHostsServed) {
  auto agent = scene_.Agent("host-1");
  ASSERT_TRUE(scene_.database().Execute("PRAGMA query_only = 1").ok());
  agent->Disconnect();
  agent->Connect();
  EXPECT_FALSE(agent->closed.has_value());
  FakeAgent other(scene_, "host-2", "uid");
  other.Connect();
  ASSERT_TRUE(other.closed.has_value());
  ASSERT_TRUE(scene_.database().Execute("PRAGMA query_only = 0").ok());
  other.Connect();
  EXPECT_FALSE(other.closed.has_value());
}

}  // namespace
}  // namespace fleet::controller
