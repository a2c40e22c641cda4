// One-shot commands, over the real policy and a runtime that notes them.
#include "node_agent/command_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/fakes/fake_worker_runtime.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

int CodeOf(absl::StatusCode code) { return static_cast<int>(code); }

class CommandServiceTest : public testing::Test {
 protected:
  CommandServiceTest() {
    std::string pattern = testing::TempDir() + "/commands-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    runtime_.SetObliging(true);
    journal_ = DesiredJournal::Open(dir_ + "/desired.journal").value();
    state_ = std::make_unique<AgentState>(loop_, runtime_, *journal_, 4);
    state_->Start(1);
    commands_ = std::make_unique<CommandService>(*state_, runtime_, [] {
      return std::vector<HostCheck>{
          {"disk", CheckState::kProblem, "full", "make room"}};
    });
    commands_->SetSender(
        [this](v1::CommandResult result) { results_.push_back(result); });
    v1::DesiredState wanted;
    wanted.set_epoch(1);
    v1::AppTarget& target = *wanted.add_targets();
    target.set_app("web");
    target.set_app_uid("uid-web");
    target.set_serial(1);
    target.set_generation(1);
    target.set_revision(1);
    target.set_instances(2);
    target.mutable_spec()->set_name("web");
    target.mutable_spec()->set_script("/bin/true");
    target.mutable_spec()->set_interpreter("none");
    target.mutable_spec()->set_cwd("/");
    state_->Accept(wanted);
    Settle();
  }
  ~CommandServiceTest() override {
    state_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Settle() {
    for (int i = 0; i < 50; ++i) loop_.RunOnce(absl::ZeroDuration());
  }

  // To all of web, or to one of its instances.
  v1::InstanceChoice Web(int slot = -1) {
    v1::InstanceChoice choice;
    choice.set_app_uid("uid-web");
    if (slot >= 0) choice.set_slot(slot);
    return choice;
  }
  v1::CommandResult Run(v1::Command command) {
    command.set_id("c-1");
    commands_->Run(command);
    FLEET_CHECK(results_.size() == 1 && results_[0].id() == "c-1");
    v1::CommandResult result = results_[0];
    results_.clear();
    return result;
  }
  v1::CommandResult Signal(const v1::InstanceChoice& choice, int signal) {
    v1::Command command;
    *command.mutable_signal()->mutable_instances() = choice;
    command.mutable_signal()->set_signal(signal);
    return Run(command);
  }

  FakeClock clock_;
  EventLoop loop_{clock_};
  FakeWorkerRuntime runtime_{loop_};
  std::string dir_;
  std::unique_ptr<DesiredJournal> journal_;
  std::unique_ptr<AgentState> state_;
  std::unique_ptr<CommandService> commands_;
  std::vector<v1::CommandResult> results_;
};

TEST_F(CommandServiceTest, ASignalGoesToEveryWorkerOrToOne) {
  v1::CommandResult all = Signal(Web(), SIGUSR2);
  EXPECT_EQ(all.code(), 0) << all.message();
  EXPECT_EQ(all.instances(), 2);
  EXPECT_EQ(Signal(Web(1), SIGHUP).instances(), 1);
  EXPECT_THAT(runtime_.told(),
              ElementsAre("0 signal 12", "1 signal 12", "1 signal 1"));
}

TEST_F(CommandServiceTest, WhatIsNotHereIsSaid) {
  v1::InstanceChoice other;
  other.set_app_uid("uid-other");
  EXPECT_EQ(Signal(other, SIGHUP).code(), CodeOf(absl::StatusCode::kNotFound));
  v1::CommandResult seventh = Signal(Web(7), SIGHUP);
  EXPECT_EQ(seventh.code(), CodeOf(absl::StatusCode::kNotFound));
  EXPECT_THAT(seventh.message(), HasSubstr("web has 2 instances"));
  EXPECT_EQ(Signal(Web(), 0).code(),
            CodeOf(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Signal(Web(), 65).code(),
            CodeOf(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(runtime_.told(), IsEmpty());
}

TEST_F(CommandServiceTest, AStoppedAppHasNobodyToSignal) {
  state_->ShutDown([] {});
  Settle();
  v1::CommandResult result = Signal(Web(), SIGHUP);
  EXPECT_EQ(result.code(), CodeOf(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(result.message(), HasSubstr("no worker of web runs here"));
}

TEST_F(CommandServiceTest, AMessageGoesToEachWorkerAndARefusalIsPassedOn) {
  v1::Command command;
  *command.mutable_send()->mutable_instances() = Web();
  command.mutable_send()->set_text("hello");
  EXPECT_EQ(Run(command).instances(), 2);
  EXPECT_THAT(runtime_.told(), ElementsAre("0 hello", "1 hello"));
  runtime_.SetSendStatus(absl::FailedPreconditionError("takes no messages"));
  v1::CommandResult refused = Run(command);
  EXPECT_EQ(refused.code(), CodeOf(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(refused.message(), "takes no messages");
}

TEST_F(CommandServiceTest, AResetCountsRestartsAnew) {
  const auto restarts = [this] {
    int64_t sum = 0;
    for (const v1::AppStatus& app : state_->TakeAll()) {
      for (const v1::Instance& i : app.instances()) sum += i.restarts();
    }
    return sum;
  };
  clock_.Advance(absl::Seconds(10));
  runtime_.End(runtime_.workers().begin()->first,
               {WorkerExit::Kind::kExited, 1, "exit code 1"});
  Settle();
  clock_.Advance(absl::Seconds(10));
  Settle();
  EXPECT_EQ(restarts(), 1);
  v1::Command command;
  *command.mutable_reset()->mutable_instances() = Web();
  EXPECT_EQ(Run(command).instances(), 2);
  EXPECT_EQ(restarts(), 0);
}

TEST_F(CommandServiceTest, OneInstanceIsRestartedAndItsOldWorkerNamed) {
  clock_.Advance(absl::Seconds(10));  // The first step has ended.
  Settle();
  const WorkerId old = std::next(runtime_.workers().begin())->first;
  v1::Command command;
  *command.mutable_restart()->mutable_instances() = Web(1);
  v1::CommandResult result = Run(command);
  ASSERT_EQ(result.workers_size(), 1) << result.message();
  EXPECT_EQ(result.workers(0).worker_id(), old);
  EXPECT_EQ(result.instances(), 1);
  Settle();
  EXPECT_FALSE(runtime_.workers().contains(old));
  EXPECT_THAT(runtime_.Serving("web"), ElementsAre("0@1", "1@1"));
  *command.mutable_restart()->mutable_instances() = Web();
  EXPECT_EQ(Run(command).code(), CodeOf(absl::StatusCode::kInvalidArgument));
}

TEST_F(CommandServiceTest, ATriggerIsAnsweredWhenAllHaveReplied) {
  v1::Command command;
  command.set_id("c-1");
  *command.mutable_trigger()->mutable_instances() = Web();
  command.mutable_trigger()->set_action("clear cache");
  runtime_.SetActionResult(R"({"cleared":3})");
  commands_->Run(command);
  EXPECT_THAT(results_, IsEmpty());
  Settle();
  ASSERT_EQ(results_.size(), 1u);
  ASSERT_EQ(results_[0].replies_size(), 2);
  EXPECT_EQ(results_[0].replies(1).slot(), 1);
  EXPECT_EQ(results_[0].replies(1).value(), R"({"cleared":3})");
  results_.clear();
  runtime_.SetActionResult(absl::DeadlineExceededError("not in time"));
  commands_->Run(command);
  Settle();
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].code(), 0);
  EXPECT_EQ(results_[0].replies(0).code(),
            CodeOf(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(results_[0].replies(0).message(), "not in time");
  results_.clear();
  // There is nobody to ask.
  *command.mutable_trigger()->mutable_instances() = Web(7);
  EXPECT_EQ(Run(command).code(), CodeOf(absl::StatusCode::kNotFound));
}

TEST_F(CommandServiceTest, FactsAndChecksAreThereForWhoAsks) {
  v1::Command command;
  *command.mutable_inspect()->mutable_instances() = Web(1);
  v1::CommandResult inspected = Run(command);
  ASSERT_EQ(inspected.workers_size(), 1) << inspected.message();
  EXPECT_EQ(inspected.workers(0).slot(), 1);
  EXPECT_EQ(inspected.workers(0).facts(0).name(), "pid");
  EXPECT_EQ(inspected.workers(0).facts(0).value(),
            std::to_string(inspected.workers(0).pid()));
  command.mutable_check();
  v1::CommandResult checked = Run(command);
  EXPECT_EQ(checked.code(), 0);
  EXPECT_EQ(checked.checks(0).state(), v1::CHECK_STATE_PROBLEM);
  EXPECT_EQ(checked.checks(0).advice(), "make room");
}

TEST_F(CommandServiceTest, ACommandOfANewerControllerIsUnknown) {
  EXPECT_EQ(Run({}).code(), CodeOf(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace fleet::agent
