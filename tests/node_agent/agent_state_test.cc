// The whole policy but the session, over a runtime that does what it is told.
#include "node_agent/agent_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/proto_time.h"
#include "tests/fakes/fake_worker_runtime.h"
#include "tests/node_agent/small_disk.h"

namespace fleet::agent {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class AgentStateTest : public testing::Test {
 protected:
  AgentStateTest() {
    std::string pattern = testing::TempDir() + "/agent-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    Boot(true);
  }
  ~AgentStateTest() override {
    state_.reset();
    std::filesystem::remove_all(dir_);
  }

  // A new agent process; `host_too`: with no worker left.
  void Boot(bool host_too) {
    std::map<WorkerId, FakeWorkerRuntime::FakeWorker> lived;
    if (runtime_ != nullptr && !host_too) lived = runtime_->workers();
    state_.reset();
    journal_.reset();
    loop_ = std::make_unique<EventLoop>(clock_);
    runtime_ = std::make_unique<FakeWorkerRuntime>(*loop_);
    runtime_->SetObliging(true);
    for (const auto& [id, worker] : lived) {
      runtime_->AddAdopted({worker.identity, 1, true});
    }
    journal_ = DesiredJournal::Open(dir_ + "/desired.journal").value();
    state_ = std::make_unique<AgentState>(*loop_, *runtime_, *journal_, 4);
    state_->Start(1);
    Settle();
  }

  // Not a torn end: whatever was there is unreadable.
  void DamageJournal() {
    const std::string path = dir_ + "/desired.journal";
    std::filesystem::resize_file(path, 60);
    std::FILE* file = std::fopen(path.c_str(), "r+");
    std::fputs("garbage", file);
    std::fclose(file);
  }

  // All that happens by itself without time passing.
  void Settle() {
    for (int i = 0; i < 50; ++i) loop_->RunOnce(absl::ZeroDuration());
  }
  void Pass(absl::Duration d) {
    clock_.Advance(d);
    Settle();
  }

  v1::AppTarget Target(const std::string& app, int64_t serial,
                       int64_t generation) {
    v1::AppTarget target;
    target.set_app(app);
    target.set_app_uid("uid-" + app);
    target.set_serial(serial);
    target.set_generation(generation);
    target.set_revision(generation);
    target.set_instances(2);
    v1::AppSpec& spec = *target.mutable_spec();
    spec.set_name(app);
    spec.set_script("/bin/true");
    spec.set_interpreter("none");
    spec.set_cwd("/");
    spec.set_instances(2);
    target.mutable_step()->set_strategy(v1::RELOAD_STRATEGY_SURGE);
    *target.mutable_step()->mutable_min_ready_time() =
        ToProtoDuration(absl::ZeroDuration());
    return target;
  }

  v1::DesiredStateAck Accept(const std::vector<v1::AppTarget>& targets,
                             bool full = false, int64_t epoch = 1) {
    v1::DesiredState state;
    state.set_nonce(99);
    state.set_epoch(epoch);
    state.set_full(full);
    for (const v1::AppTarget& target : targets) *state.add_targets() = target;
    v1::DesiredStateAck ack = state_->Accept(state);
    Settle();
    return ack;
  }

  v1::AppStatus Status(const std::string& app) {
    for (v1::AppStatus& status : state_->TakeAll()) {
      if (status.app() == app) return status;
    }
    return {};
  }

  FakeClock clock_;
  std::string dir_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<FakeWorkerRuntime> runtime_;
  std::unique_ptr<DesiredJournal> journal_;
  std::unique_ptr<AgentState> state_;
};

TEST_F(AgentStateTest, BringsUpWhatItAccepts) {
  v1::DesiredStateAck ack = Accept({Target("web", 1, 1)});
  EXPECT_EQ(ack.nonce(), 99);
  EXPECT_EQ(ack.code(), 0) << ack.message();
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  v1::AppStatus status = Status("web");
  EXPECT_EQ(status.serial(), 1);
  EXPECT_EQ(status.step().phase(), v1::STEP_PHASE_DONE) << status.DebugString();
  EXPECT_EQ(status.step().slots_done(), 2);
  ASSERT_EQ(status.instances_size(), 2);
  EXPECT_EQ(status.instances(0).state(), v1::INSTANCE_STATE_ONLINE);
  EXPECT_GT(status.instances(0).pid(), 0);
}

TEST_F(AgentStateTest, ReloadsToANewGeneration) {
  Accept({Target("web", 1, 1)});
  Accept({Target("web", 2, 2)});
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@2", "1@2"));
  EXPECT_EQ(runtime_->workers().size(), 2u);
  EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_DONE);
}

// Also when its main process had ended by itself before the order came.
TEST_F(AgentStateTest, IsNotStoppedWhileAnythingOfAWorkerLives) {
  v1::AppTarget target = Target("web", 1, 1);
  target.set_instances(1);
  target.mutable_spec()->set_instances(1);
  Accept({target});
  const WorkerId id = runtime_->workers().begin()->first;
  const auto running = [this] {
    std::vector<int64_t> pids;
    const v1::AppStatus status = Status("web");
    for (const v1::Instance& instance : status.instances()) {
      if (instance.pid() > 0) pids.push_back(instance.pid());
    }
    return pids;
  };
  runtime_->Exit(id, {WorkerExit::Kind::kSignaled, SIGSEGV, "SIGSEGV"});
  Settle();
  target.set_serial(2);
  target.set_run_state(v1::RUN_STATE_STOPPED);
  Accept({target});
  EXPECT_THAT(running(), ElementsAre(FakeWorkerRuntime::PidOf(id)));
  runtime_->Gone(id);
  Settle();
  EXPECT_THAT(running(), testing::IsEmpty());
  EXPECT_EQ(Status("web").instances(0).state(), v1::INSTANCE_STATE_STOPPED);
}

TEST_F(AgentStateTest, GivesEachWorkerAnIdOfItsOwnAcrossRestarts) {
  Accept({Target("web", 1, 1)});
  std::set<WorkerId> seen;
  for (int i = 0; i < 3; ++i) {
    for (const auto& [id, worker] : runtime_->workers()) {
      EXPECT_TRUE(seen.insert(id).second) << id;
    }
    Boot(true);
  }
}

TEST_F(AgentStateTest, ARestartedAgentTakesTheWorkersOver) {
  Accept({Target("web", 1, 1)});
  Boot(false);
  EXPECT_EQ(runtime_->starts(), 0);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_DONE);
  EXPECT_EQ(Status("web").step().slots_done(), 2);
}

TEST_F(AgentStateTest, ARebootedHostStartsItsAppsWithoutAController) {
  Accept({Target("web", 1, 1)});
  Boot(true);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
}

TEST_F(AgentStateTest, TellsWhatChangedOnce) {
  int notes = 0;
  state_->SetOnChange([&notes] { ++notes; });
  Accept({Target("web", 1, 1), Target("api", 1, 1)});
  EXPECT_EQ(notes, 1);
  AgentState::Changes changes = state_->TakeChanges();
  EXPECT_EQ(changes.apps.size(), 2u);
  EXPECT_TRUE(state_->TakeChanges().empty());
  WorkerId victim = runtime_->workers().begin()->first;
  runtime_->End(victim, {WorkerExit::Kind::kSignaled, 11, "SIGSEGV"});
  Settle();
  EXPECT_EQ(notes, 2);
  changes = state_->TakeChanges();
  ASSERT_EQ(changes.apps.size(), 1u);
  EXPECT_EQ(changes.apps[0].instances(0).last_exit(), "SIGSEGV");
  EXPECT_EQ(changes.apps[0].instances(0).restarts(), 1);
}

TEST_F(AgentStateTest, RemovesAnAppThatAFullStateDoesNotName) {
  Accept({Target("web", 1, 1), Target("api", 1, 1)});
  state_->TakeChanges();
  Accept({Target("api", 1, 1)}, true);
  EXPECT_TRUE(runtime_->Serving("web").empty());
  EXPECT_THAT(runtime_->released(), testing::Contains("uid-web"));
  EXPECT_THAT(state_->TakeChanges().removed_app_uids, ElementsAre("uid-web"));
  Boot(true);
  EXPECT_TRUE(runtime_->Serving("web").empty());
  EXPECT_EQ(runtime_->Serving("api").size(), 2u);
}

TEST_F(AgentStateTest, AnAppMadeAnewWaitsUntilTheOldOneIsGone) {
  Accept({Target("web", 1, 1)});
  runtime_->SetObliging(false);
  v1::AppTarget anew = Target("web", 1, 1);
  anew.set_app_uid("uid-2");
  EXPECT_EQ(Accept({anew}, true).code(), 0);
  EXPECT_TRUE(runtime_->Serving("web").empty());
  for (const auto& [id, worker] : runtime_->workers()) {
    runtime_->End(id, {WorkerExit::Kind::kSignaled, 15, "SIGTERM"});
  }
  Settle();
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
}

TEST_F(AgentStateTest, AnAppForgottenAndWantedAgainStarts) {
  Accept({Target("web", 1, 1)});
  Accept({}, true);
  EXPECT_EQ(Accept({Target("web", 2, 2)}).code(), 0);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@2", "1@2"));
}

TEST_F(AgentStateTest, RefusesALowerEpochAndGoesOn) {
  Accept({Target("web", 1, 1)}, false, 5);
  v1::DesiredStateAck ack = Accept({Target("web", 2, 2)}, true, 4);
  EXPECT_EQ(ack.code(),
            static_cast<int>(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Status("web").generation(), 1);
  EXPECT_EQ(state_->epoch(), 5);
}

TEST_F(AgentStateTest, AFullDiskRefusesTheTargetAndTheOldStateGoesOn) {
  Accept({Target("web", 1, 1)});
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {1, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  v1::DesiredStateAck ack = Accept({Target("web", 2, 2)});
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_NE(ack.code(), 0);
  EXPECT_THAT(ack.message(), HasSubstr("could not be saved and is refused"));
  EXPECT_THAT(ack.message(), HasSubstr("desired.journal"));
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  EXPECT_EQ(Status("web").generation(), 1);
  EXPECT_EQ(Accept({Target("web", 2, 2)}).code(), 0);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@2", "1@2"));
}

TEST_F(AgentStateTest, AResultThatCouldNotBeSavedIsSavedLater) {
  signal(SIGXFSZ, SIG_IGN);
  Accept({Target("web", 1, 1)});
  runtime_->SetObliging(false);
  Accept({Target("web", 2, 2)});
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {1, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  WorkerId next = runtime_->workers().rbegin()->first;
  runtime_->End(next, {WorkerExit::Kind::kExited, 1, "exit code 1"});
  Settle();
  EXPECT_THAT(Status("web").message(),
              AllOf(HasSubstr("could not be saved"), HasSubstr("File too")));
  setrlimit(RLIMIT_FSIZE, &old);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Status("web").message(), "");
  Boot(false);
  EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_FAILED);
  EXPECT_EQ(runtime_->starts(), 0);
}

TEST_F(AgentStateTest, OnAFullDiskCrashesAreMendedAndNothingIsDoneTwice) {
  SmallDisk disk(2 << 20);
  if (!disk.made()) GTEST_SKIP() << "needs root for a file system";
  state_.reset();
  std::filesystem::remove_all(dir_);
  dir_ = disk.dir();
  Boot(true);
  runtime_->SetObliging(false);
  Accept({Target("web", 1, 1)});
  // It fills up in the middle of a step.
  disk.Fill();
  for (WorkerId id : {1, 2}) runtime_->Ready(id);
  Settle();
  EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_DONE);
  EXPECT_EQ(Status("web").message(), "");
  v1::AppTarget next = Target("web", 2, 2);
  (*next.mutable_spec()->mutable_env())["FILLER"] = std::string(5000, 'x');
  EXPECT_THAT(Accept({next}).message(), HasSubstr("No space left on device"));
  for (int agent = 0; agent < 3; ++agent) {
    const WorkerId first = runtime_->workers().begin()->first;
    runtime_->End(first, {WorkerExit::Kind::kSignaled, 9, "SIGKILL"});
    Pass(absl::Seconds(1));
    EXPECT_EQ(runtime_->workers().count(first), 0U);
    EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
    Boot(false);
    EXPECT_EQ(runtime_->starts(), 0) << "agent " << agent;
    EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_DONE);
  }
  EXPECT_EQ(Status("web").instances(0).restarts() +
                Status("web").instances(1).restarts(),
            3);
  EXPECT_NE(Accept({next}).code(), 0);
  disk.Empty();
  EXPECT_EQ(Accept({next}).code(), 0);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@2", "1@2"));
}

TEST_F(AgentStateTest, SlotsThatCouldNotBeSavedAreSavedLater) {
  Accept({Target("web", 1, 1)});
  // As when the power is lost: slots are not synced.
  ASSERT_TRUE(journal_->SaveSlots("uid-web", {{0, 1}}).ok());
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {1, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  Boot(true);
  Pass(absl::Seconds(1));
  const auto& slots = journal_->contents().apps.at("uid-web").slots;
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  EXPECT_THAT(slots, ElementsAre(Pair(0, 1)));
  setrlimit(RLIMIT_FSIZE, &old);
  Pass(absl::Seconds(1));
  EXPECT_THAT(slots, ElementsAre(Pair(0, 1), Pair(1, 1)));
}

TEST_F(AgentStateTest, AnEndThatCouldNotBeSavedIsSavedLater) {
  Accept({Target("web", 1, 1)});
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit low = {1, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &low);
  runtime_->End(1, {WorkerExit::Kind::kExited, 1, "exit code 1"});
  Settle();
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  setrlimit(RLIMIT_FSIZE, &old);
  Pass(absl::Seconds(1));
  Boot(false);
  EXPECT_EQ(Status("web").instances(0).restarts(), 1);
}

TEST_F(AgentStateTest, AnAddressThatCannotBeOpenedFailsTheStep) {
  runtime_->SetSocketStatus(
      absl::AlreadyExistsError("tcp://0.0.0.0:3000: in use by nginx (pid 7)"));
  Accept({Target("web", 1, 1)});
  v1::AppStatus status = Status("web");
  EXPECT_EQ(status.step().failure(), v1::FAILURE_KIND_LISTEN);
  EXPECT_THAT(status.step().reason(), HasSubstr("in use by nginx (pid 7)"));
  EXPECT_EQ(runtime_->starts(), 0);
}

TEST_F(AgentStateTest, ASpecThatIsNotValidIsToldAsTheStepsFailure) {
  v1::AppTarget target = Target("web", 1, 1);
  target.mutable_spec()->clear_script();
  EXPECT_EQ(Accept({target}).code(), 0);
  EXPECT_EQ(Status("web").step().failure(), v1::FAILURE_KIND_SPEC);
  EXPECT_EQ(runtime_->starts(), 0);
}

TEST_F(AgentStateTest, WorkersOfADamagedJournalLiveOn) {
  Accept({Target("web", 1, 1)});
  DamageJournal();
  Boot(false);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  Accept({Target("web", 1, 1)}, true);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
  EXPECT_EQ(runtime_->starts(), 0);
  EXPECT_EQ(Status("web").step().phase(), v1::STEP_PHASE_DONE);
}

TEST_F(AgentStateTest, WorkersOfAnAppThatNobodyKnowsAreRemoved) {
  Accept({Target("web", 1, 1)});
  DamageJournal();
  Boot(false);
  Accept({Target("api", 1, 1)}, true);
  EXPECT_TRUE(runtime_->Serving("web").empty());
  EXPECT_EQ(runtime_->Serving("api").size(), 2u);
}

TEST_F(AgentStateTest, ShutsDownAndStartsAgainWhereItWas) {
  Accept({Target("web", 1, 1)});
  bool done = false;
  state_->ShutDown([&done] { done = true; });
  Settle();
  EXPECT_TRUE(done);
  EXPECT_TRUE(runtime_->workers().empty());
  Boot(true);
  EXPECT_THAT(runtime_->Serving("web"), UnorderedElementsAre("0@1", "1@1"));
}

TEST_F(AgentStateTest, ShutsDownWithinTheKillTimeout) {
  v1::AppTarget target = Target("web", 1, 1);
  *target.mutable_spec()->mutable_stop()->mutable_kill_timeout() =
      ToProtoDuration(absl::Seconds(2));
  Accept({target});
  runtime_->SetObliging(false);
  bool done = false;
  state_->ShutDown([&done] { done = true; });
  Settle();
  EXPECT_FALSE(done);
  Pass(absl::Seconds(2));
  EXPECT_TRUE(done);
}

TEST_F(AgentStateTest, SamplesAreInTheReports) {
  Accept({Target("web", 1, 1)});
  EXPECT_EQ(state_->Sample().size(), 2u);
  EXPECT_EQ(Status("web").instances(0).rss_bytes(), 1 << 20);
}

}  // namespace
}  // namespace fleet::agent
