#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands/app_waiter.h"
#include "tests/cli/command_scene.h"
#include "tests/cli/proto_text.h"

namespace fleet::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;

class InstanceOrdersTest : public CommandScene {
 protected:
  InstanceOrdersTest() {
    AddAnswer("host: 'host-1' instances: 2");
    AddAnswer("host: 'host-2' instances: 1");
  }
  void AddAnswer(const std::string& text) {
    *fake_.answers.Add() = FromText<v1::HostAnswer>(text);
  }
};

TEST_F(InstanceOrdersTest, ASignalByNameOrNumberInEitherOrder) {
  const Ran ran = Run("signal SIGUSR2 web");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "web: 3 workers on 2 hosts got SIGUSR2\n");
  EXPECT_THAT(fake_.Requests(),
              Contains("SignalApp {name: \"web\" signal: 12}"));
  Run("sendSignal web.1 hup --hosts host-1");
  EXPECT_THAT(fake_.Requests(), Contains("SignalApp {name: \"web\" slot: 1 "
                                         "hosts: \"host-1\" signal: 1}"));
  Run("signal 15 3");
  EXPECT_THAT(fake_.Requests(),
              Contains("SignalApp {name: \"web\" signal: 15}"));
  EXPECT_EQ(Run("signal SIGNONSENSE web").code, 2);
}

TEST_F(InstanceOrdersTest, AHostThatDidNotDoItIsAnError) {
  AddAnswer("host: 'host-3' code: 14 message: 'the host is not connected'");
  const Ran ran = Run("reset all");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("web on host-3: the host is not connected"));
  EXPECT_EQ(ran.out, "web: 3 workers on 2 hosts count their restarts from 0\n");
}

TEST_F(InstanceOrdersTest, AMessageIsAllTheWordsThatFollow) {
  EXPECT_EQ(Run("send web.0 hello there").code, 0);
  EXPECT_THAT(fake_.Requests(), Contains("SendToApp {name: \"web\" slot: 0 "
                                         "text: \"hello there\"}"));
  Run("send web -- --verbose");
  EXPECT_THAT(fake_.Requests(),
              Contains("SendToApp {name: \"web\" text: \"--verbose\"}"));
}

TEST_F(InstanceOrdersTest, AnswersAreThereForPrograms) {
  EXPECT_THAT(Run("signal HUP web -o json").out,
              HasSubstr("\"host\": \"host-1\""));
}

// One that has just been ordered has no pid yet, and may still get one.
TEST(AppWaiter, AStopWaitsForEveryWorkerThatIsKnown) {
  auto host = FromText<v1::HostApp>(
      "target_serial: 2 status { serial: 2 instances { worker_id: 7 } }");
  EXPECT_EQ(LacksStop(v1::App(), host), "1 workers are stopping");
  host.mutable_status()->mutable_instances(0)->clear_worker_id();
  EXPECT_EQ(LacksStop(v1::App(), host), "");
}

TEST(AppWaiter, ACrashLoopIsNoReasonNotToStop) {
  const auto host = FromText<v1::HostApp>(
      "target_serial: 2 status { serial: 1 "
      "instances { state: INSTANCE_STATE_CRASH_LOOP } }");
  EXPECT_NE(Started().failure(v1::App(), host), "");
  EXPECT_EQ(Stopped().failure(v1::App(), host), "");
  const auto refused = FromText<v1::HostApp>("refusal: 'no room'");
  EXPECT_NE(Stopped().failure(v1::App(), refused), "");
}

}  // namespace
}  // namespace fleet::cli
