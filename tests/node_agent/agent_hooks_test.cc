// Hooks across deaths of the agent: what its journal makes sure of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "node_agent/agent_state.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/proto_time.h"
#include "tests/fakes/fake_hook_runtime.h"
#include "tests/fakes/fake_worker_runtime.h"

namespace fleet::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AgentHooksTest : public testing::Test {
 protected:
  AgentHooksTest() {
    std::string pattern = testing::TempDir() + "/agent-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    Boot();
  }
  ~AgentHooksTest() override {
    state_.reset();
    std::filesystem::remove_all(dir_);
  }

  // A new agent process on a host without workers. What ran a hook lives on.
  void Boot() {
    state_.reset();
    journal_.reset();
    loop_ = std::make_unique<EventLoop>(clock_);
    runtime_ = std::make_unique<FakeWorkerRuntime>(*loop_);
    runtime_->SetObliging(true);
    journal_ = DesiredJournal::Open(dir_ + "/desired.journal").value();
    state_ = std::make_unique<AgentState>(*loop_, *runtime_, *journal_, 4);
    state_->SetHookRuntime(&hooks_);
    state_->Start(1);
    Settle();
  }
  void Settle() {
    for (int i = 0; i < 50; ++i) loop_->RunOnce(absl::ZeroDuration());
  }

  v1::AppTarget Target(int64_t generation) {
    v1::AppTarget target;
    target.set_app("web");
    target.set_app_uid("uid-web");
    target.set_serial(generation + 1);
    target.set_generation(generation);
    target.set_revision(generation);
    target.set_instances(1);
    v1::AppSpec& spec = *target.mutable_spec();
    spec.set_name("web");
    spec.set_script("/bin/true");
    spec.set_interpreter("none");
    spec.set_cwd("/");
    spec.set_instances(1);
    v1::StepPolicy& step = *target.mutable_step();
    step.set_rollout("r-1");
    step.mutable_pre_reload()->set_command("git pull");
    *step.mutable_min_ready_time() = ToProtoDuration(absl::ZeroDuration());
    return target;
  }
  v1::AppTarget OnlyHook() {
    v1::AppTarget target;
    target.set_app("web");
    target.set_app_uid("uid-web");
    target.set_serial(1);
    v1::OnceHook& hook = *target.mutable_once_hook();
    hook.set_id("r-1.pre_rollout.1");
    hook.set_name("pre_rollout");
    hook.mutable_hook()->set_command("./migrate");
    *hook.mutable_spec() = Target(1).spec();
    hook.set_revision(1);
    return target;
  }
  v1::DesiredStateAck Accept(const v1::AppTarget& target) {
    v1::DesiredState state;
    state.set_epoch(1);
    *state.add_targets() = target;
    v1::DesiredStateAck ack = state_->Accept(state);
    Settle();
    return ack;
  }
  v1::AppStatus Status() { return state_->TakeAll().at(0); }

  FakeClock clock_;
  std::string dir_;
  FakeHookRuntime hooks_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<FakeWorkerRuntime> runtime_;
  std::unique_ptr<DesiredJournal> journal_;
  std::unique_ptr<AgentState> state_;
};

TEST_F(AgentHooksTest, HookThatOutlivesTheAgentIsNotRunAgain) {
  Accept(Target(1));
  ASSERT_THAT(hooks_.running,
              ElementsAre(HookKey{"uid-web", "r-1.pre_reload.1"}));
  EXPECT_EQ(Status().hooks(0).phase(), v1::HOOK_PHASE_RUNNING);
  Boot();
  EXPECT_EQ(hooks_.orders.size(), 1u);
  EXPECT_TRUE(runtime_->workers().empty());
  hooks_.End({true, "exit code 0 after 2s", {"pulled"}});
  Settle();
  EXPECT_EQ(runtime_->workers().size(), 1u);
  Boot();
  EXPECT_EQ(hooks_.orders.size(), 1u);
  const v1::HookResult hook = Status().hooks(0);
  EXPECT_EQ(hook.phase(), v1::HOOK_PHASE_DONE);
  EXPECT_EQ(hook.name(), "pre_reload");
  EXPECT_EQ(hook.reason(), "exit code 0 after 2s");
  EXPECT_THAT(hook.output(), ElementsAre("pulled"));
  EXPECT_TRUE(hook.has_end_time());
}

TEST_F(AgentHooksTest, HookWhoseEndNobodySawHasFailedAndSaysSo) {
  Accept(Target(1));
  hooks_.running.clear();  // The host has lost its power.
  Boot();
  EXPECT_EQ(hooks_.orders.size(), 1u) << "run again";
  EXPECT_TRUE(runtime_->workers().empty());
  const v1::AppStatus status = Status();
  EXPECT_EQ(status.step().phase(), v1::STEP_PHASE_FAILED);
  EXPECT_EQ(status.step().failure(), v1::FAILURE_KIND_HOOK);
  EXPECT_THAT(status.step().reason(), HasSubstr("its outcome is not known"));
  Boot();
  EXPECT_EQ(Status().step().phase(), v1::STEP_PHASE_FAILED);
  EXPECT_EQ(hooks_.orders.size(), 1u);
}

TEST_F(AgentHooksTest, OnceHookComesToAHostThatHasNothingOfTheApp) {
  EXPECT_EQ(Accept(OnlyHook()).code(), 0);
  ASSERT_EQ(hooks_.orders.size(), 1u);
  EXPECT_EQ(hooks_.orders[0].hook.command, "./migrate");
  EXPECT_EQ(hooks_.orders[0].revision, 1);
  Boot();
  EXPECT_EQ(hooks_.orders.size(), 1u);
  hooks_.End({true, "exit code 0", {}});
  Settle();
  EXPECT_EQ(Status().hooks(0).phase(), v1::HOOK_PHASE_DONE);
  EXPECT_EQ(Status().step().phase(), v1::STEP_PHASE_UNSPECIFIED);
  EXPECT_TRUE(runtime_->workers().empty());
  EXPECT_EQ(Accept(Target(1)).code(), 0);
  EXPECT_EQ(hooks_.orders.size(), 2u);
}

TEST_F(AgentHooksTest, ATargetWithoutGenerationAndHookIsRefused) {
  v1::AppTarget target = OnlyHook();
  target.clear_once_hook();
  EXPECT_NE(Accept(target).code(), 0);
}

TEST_F(AgentHooksTest, HookWhoseSpecCannotBeCarriedOutIsNotRun) {
  v1::AppTarget target = OnlyHook();
  (*target.mutable_once_hook()->mutable_spec()->mutable_secrets())["KEY"] =
      "db-password";
  Accept(target);
  EXPECT_TRUE(hooks_.orders.empty());
  EXPECT_EQ(Status().hooks(0).phase(), v1::HOOK_PHASE_FAILED);
  EXPECT_THAT(Status().hooks(0).reason(),
              HasSubstr("not run: env KEY: secret db-password has no value"));
}

}  // namespace
}  // namespace fleet::agent
