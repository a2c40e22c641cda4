#include "controller/host_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/app_commands.h"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/status.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostCommandsTest : public testing::Test {
 protected:
  HostCommandsTest()
      : one_(scene_.Agent("host-1")), two_(scene_.Agent("host-2")) {
    scene_.Apply(SpecOf("web"));
  }

  AppCommands& commands() { return scene_.core().app_commands; }

  // The answers once they are there, as "host code instances".
  AppCommands::Done Note() {
    return [this](const AppCommands::Answers& answers) {
      ++calls_;
      for (const v1::HostAnswer& answer : answers) {
        answers_.push_back(absl::StrCat(answer.host(), " ", answer.code(), " ",
                                        answer.instances()));
        messages_.push_back(answer.message());
      }
    };
  }

  const v1::Command* LastCommand(const FakeAgent& agent) {
    const v1::Command* last = nullptr;
    for (const v1::SessionResponse& response : agent.inbox) {
      if (response.has_command()) last = &response.command();
    }
    return last;
  }

  void Answer(FakeAgent& agent, int code, int instances) {
    v1::SessionRequest request;
    v1::CommandResult& result = *request.mutable_command_result();
    result.set_id(LastCommand(agent)->id());
    result.set_code(code);
    result.set_instances(instances);
    agent.Say(request);
  }

  // Agents that end answer what was still asked of them.
  int calls_ = 0;
  std::vector<std::string> answers_;
  std::vector<std::string> messages_;
  FleetScene scene_;
  std::unique_ptr<FakeAgent> one_;
  std::unique_ptr<FakeAgent> two_;
};

TEST_F(HostCommandsTest, ASignalIsAnsweredWhenAllHostsHave) {
  ASSERT_TRUE(commands().Signal({"web", 1, ""}, 10, Note()).ok());
  const v1::Command* command = LastCommand(*one_);
  ASSERT_NE(command, nullptr);
  EXPECT_EQ(command->signal().signal(), 10);
  EXPECT_EQ(command->signal().instances().slot(), 1);
  EXPECT_EQ(command->signal().instances().app_uid(),
            scene_.App("web").record.uid);
  EXPECT_EQ(FromProto(command->expire_time()),
            scene_.clock().WallNow() + HostCommands::kLimit);
  EXPECT_NE(command->id(), LastCommand(*two_)->id());
  Answer(*two_, 0, 1);
  EXPECT_EQ(calls_, 0);
  Answer(*one_, 5, 0);
  EXPECT_THAT(answers_, ElementsAre("host-1 5 0", "host-2 0 1"));
  EXPECT_EQ(calls_, 1);
}

TEST_F(HostCommandsTest, HostsNarrowAndUnknownNamesAreRefused) {
  ASSERT_TRUE(
      commands().Send({"web", std::nullopt, "host-2"}, "hi", Note()).ok());
  EXPECT_EQ(LastCommand(*one_), nullptr);
  EXPECT_EQ(LastCommand(*two_)->send().text(), "hi");
  EXPECT_FALSE(LastCommand(*two_)->send().instances().has_slot());
  EXPECT_EQ(
      ReasonOf(commands().Reset({"wbe", std::nullopt, ""}, Note())).reason,
      "APP_NOT_FOUND");
  EXPECT_EQ(
      ReasonOf(commands().Reset({"web", std::nullopt, "x"}, Note())).reason,
      "NO_HOST_MATCHES");
  EXPECT_EQ(commands().Signal({"web", std::nullopt, ""}, 65, Note()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      commands()
          .Send({"web", std::nullopt, ""}, std::string(70000, 'x'), Note())
          .code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(calls_, 0);
}

TEST_F(HostCommandsTest, AHostThatIsAwayOrSilentIsSaid) {
  one_->Disconnect();
  ASSERT_TRUE(commands().Reset({"web", std::nullopt, ""}, Note()).ok());
  scene_.Run();
  EXPECT_EQ(calls_, 0);
  scene_.Advance(HostCommands::kLimit);
  EXPECT_THAT(answers_, ElementsAre("host-1 14 0", "host-2 4 0"));
  EXPECT_THAT(messages_[1], HasSubstr("did not answer in time"));
  // Too late, and for nobody.
  Answer(*two_, 0, 2);
  EXPECT_EQ(calls_, 1);
}

TEST_F(HostCommandsTest, AllHostsAwayIsAnsweredToo) {
  one_->Disconnect();
  two_->Disconnect();
  ASSERT_TRUE(commands().Reset({"web", std::nullopt, ""}, Note()).ok());
  EXPECT_EQ(calls_, 0);
  scene_.Run();
  EXPECT_THAT(answers_, ElementsAre("host-1 14 0", "host-2 14 0"));
}

TEST_F(HostCommandsTest, AHostLostMeanwhileIsNotWaitedFor) {
  ASSERT_TRUE(commands().Reset({"web", std::nullopt, ""}, Note()).ok());
  Answer(*one_, 0, 2);
  two_->Disconnect();
  EXPECT_THAT(answers_, ElementsAre("host-1 0 2", "host-2 14 0"));
  EXPECT_THAT(messages_[1], HasSubstr("is not known"));
}

TEST_F(HostCommandsTest, WhatWasSeenOfWorkersIsPassedOn) {
  std::string seen;
  ASSERT_TRUE(commands()
                  .Inspect({"web", 0, "host-1"},
                           [&](const AppCommands::Answers& answers) {
                             seen = answers[0].workers(0).facts(0).value();
                           })
                  .ok());
  EXPECT_EQ(LastCommand(*one_)->inspect().instances().slot(), 0);
  v1::SessionRequest request;
  v1::CommandResult& result = *request.mutable_command_result();
  result.set_id(LastCommand(*one_)->id());
  result.add_workers()->add_facts()->set_value("47 MB");
  one_->Say(request);
  EXPECT_EQ(seen, "47 MB");
}

TEST_F(HostCommandsTest, AnAnswerOfAnotherHostDoesNotCount) {
  ASSERT_TRUE(commands().Reset({"web", std::nullopt, ""}, Note()).ok());
  v1::SessionRequest request;
  request.mutable_command_result()->set_id(LastCommand(*one_)->id());
  two_->Say(request);
  Answer(*two_, 0, 2);
  EXPECT_EQ(calls_, 0);
  Answer(*one_, 0, 2);
  EXPECT_EQ(calls_, 1);
}

TEST_F(HostCommandsTest, AnActionMayTakeAsLongAsItIsGiven) {
  v1::TriggerAppRequest request;
  request.set_action("gc");
  request.set_parameter("now");
  request.mutable_timeout()->set_seconds(20);
  ASSERT_TRUE(commands().Trigger({"web", 1, ""}, request, Note()).ok());
  const v1::Command* command = LastCommand(*one_);
  ASSERT_NE(command, nullptr);
  EXPECT_EQ(command->trigger().action(), "gc");
  EXPECT_EQ(command->trigger().parameter(), "now");
  EXPECT_EQ(command->trigger().instances().slot(), 1);
  EXPECT_EQ(command->trigger().timeout().seconds(), 20);
  EXPECT_GT(FromProto(command->expire_time()),
            scene_.clock().WallNow() + absl::Seconds(20));
  for (const int seconds : {0, 21}) {
    request.mutable_timeout()->set_seconds(seconds);
    EXPECT_EQ(commands().Trigger({"web", 1, ""}, request, Note()).code(),
              absl::StatusCode::kInvalidArgument);
  }
  request.clear_timeout();
  request.set_action(std::string(300, 'x'));
  EXPECT_EQ(commands().Trigger({"web", 1, ""}, request, Note()).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(HostCommandsTest, LogFilesAreNamedAsLogsAre) {
  ASSERT_TRUE(commands().FlushLogs({"web", 1, "host-1"}, Note()).ok());
  EXPECT_EQ(LastCommand(*one_)->empty_logs().apps(0), "web.1");
  EXPECT_EQ(LastCommand(*two_), nullptr);
  ASSERT_TRUE(commands().ReopenLogs({"web", {}, ""}, Note()).ok());
  EXPECT_EQ(LastCommand(*two_)->reopen_logs().apps(0), "web");
}

TEST_F(HostCommandsTest, ARestartAsksOnlyHostsThatHaveNotJustStartedIt) {
  ASSERT_TRUE(commands()
                  .Restart({"web", 1, ""}, v1::RELOAD_STRATEGY_STOP_FIRST,
                           {"host-2"}, Note())
                  .ok());
  EXPECT_EQ(LastCommand(*two_), nullptr);
  EXPECT_EQ(LastCommand(*one_)->restart().strategy(),
            v1::RELOAD_STRATEGY_STOP_FIRST);
  Answer(*one_, 0, 1);
  EXPECT_THAT(answers_, ElementsAre("host-1 0 1", "host-2 0 1"));
}

}  // namespace
}  // namespace fleet::controller
