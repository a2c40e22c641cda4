#include "tests/controller/fleet_scene.h"

#include <gtest/gtest.h>

#include <utility>

#include "controller/store/migrations.h"
#include "proto/rpc/status.h"

namespace fleet::controller {

FakeAgent::FakeAgent(FleetScene& scene, std::string name, std::string uid)
    : host(std::move(name)), host_uid(std::move(uid)), scene_(scene) {
  hello.mutable_host()->set_name(host);
  hello.mutable_host()->set_host_uid(host_uid);
  caller.peer = "peer of " + host;
  hello.mutable_host()->set_cores(4);
  scene_.agents_.insert(this);
}

FakeAgent::~FakeAgent() {
  Disconnect();
  scene_.agents_.erase(this);
}

void FakeAgent::Beat() {
  v1::SessionRequest request;
  request.mutable_heartbeat();
  if (session_ != nullptr && beats) session_->OnMessage(request);
}

void FakeAgent::Connect() {
  Disconnect();
  inbox.clear();
  closed.reset();
  seq_ = 0;
  acked_ = 0;
  session_ = scene_.core().sessions.Open(*this);
  v1::SessionRequest request;
  *request.mutable_hello() = hello;
  Say(std::move(request));
}

void FakeAgent::Disconnect() {
  if (session_ != nullptr) {
    scene_.core().sessions.Forget(std::exchange(session_, nullptr));
    scene_.Run();
  }
}

void FakeAgent::Say(v1::SessionRequest request) {
  session_->OnMessage(request);
  scene_.Run();
}

bool FakeAgent::Send(v1::SessionResponse message) {
  if (!reads) return false;
  for (const v1::AppTarget& target : message.desired_state().targets()) {
    targets_[target.app()] = target;
  }
  inbox.push_back(std::move(message));
  return true;
}

void FakeAgent::AckAll() {
  for (; acked_ < inbox.size(); ++acked_) {
    if (inbox[acked_].has_desired_state()) {
      const int64_t nonce = inbox[acked_].desired_state().nonce();
      Ack(nonce, 0, "");
    }
  }
}

void FakeAgent::Ack(int64_t nonce, int code, const std::string& message) {
  v1::SessionRequest request;
  v1::DesiredStateAck& ack = *request.mutable_desired_state_ack();
  ack.set_nonce(nonce);
  ack.set_code(code);
  ack.set_message(message);
  Say(std::move(request));
}

v1::AppStatus FakeAgent::StatusOf(const v1::AppTarget& target) const {
  v1::AppStatus status;
  status.set_app(target.app());
  status.set_app_uid(target.app_uid());
  status.set_serial(target.serial());
  status.set_generation(target.generation());
  status.set_revision(target.revision());
  status.set_run_state(target.run_state());
  status.set_desired_instances(target.instances());
  status.mutable_step()->set_generation(target.generation());
  status.mutable_step()->set_slots_total(target.instances());
  return status;
}

void FakeAgent::ReportDone(const std::string& app) {
  const v1::AppTarget* target = Target(app);
  ASSERT_NE(target, nullptr) << host << " has no target for " << app;
  v1::AppStatus status = StatusOf(*target);
  status.mutable_step()->set_phase(v1::STEP_PHASE_DONE);
  status.mutable_step()->set_slots_done(target->instances());
  for (int slot = 0; slot < target->instances(); ++slot) {
    v1::Instance& instance = *status.add_instances();
    instance.set_slot(slot);
    instance.set_worker_id(100 + slot);
    instance.set_pid(1000 + slot);
    instance.set_generation(target->generation());
    instance.set_revision(target->revision());
    instance.set_state(v1::INSTANCE_STATE_ONLINE);
    instance.set_ready(true);
    instance.set_available(true);
  }
  Report(status);
}

void FakeAgent::ReportFailed(const std::string& app,
                             const std::string& reason) {
  const v1::AppTarget* target = Target(app);
  ASSERT_NE(target, nullptr) << host << " has no target for " << app;
  v1::AppStatus status = StatusOf(*target);
  status.mutable_step()->set_phase(v1::STEP_PHASE_FAILED);
  status.mutable_step()->set_failure(v1::FAILURE_KIND_EXIT);
  status.mutable_step()->set_reason(reason);
  Report(status);
}

void FakeAgent::Report(const v1::AppStatus& status) {
  v1::SessionRequest request;
  request.mutable_state_report()->set_seq(++seq_);
  *request.mutable_state_report()->add_apps() = status;
  Say(std::move(request));
}

void FakeAgent::ReportRemoved(const std::string& app_uid) {
  v1::SessionRequest request;
  request.mutable_state_report()->set_seq(++seq_);
  request.mutable_state_report()->add_removed_app_uids(app_uid);
  Say(std::move(request));
}

const v1::AppTarget* FakeAgent::Target(const std::string& app) const {
  auto found = targets_.find(app);
  return found == targets_.end() ? nullptr : &found->second;
}

std::vector<v1::DesiredState> FakeAgent::Desired() const {
  std::vector<v1::DesiredState> all;
  for (const v1::SessionResponse& response : inbox) {
    if (response.has_desired_state()) all.push_back(response.desired_state());
  }
  return all;
}

bool FakeAgent::Received(v1::SessionResponse::MessageCase message) const {
  for (const v1::SessionResponse& response : inbox) {
    if (response.message_case() == message) return true;
  }
  return false;
}

FleetScene::FleetScene() { Restart(); }

void FleetScene::Restart() {
  core_.reset();
  rollout_store_.reset();
  store_.reset();
  database_.reset();
  auto opened = SqliteDatabase::Open(folder_.File("controller.db"));
  FLEET_CHECK(opened.ok());
  database_ = *std::move(opened);
  FLEET_CHECK(Migrate(*database_, Migrations()).ok());
  store_ = std::make_unique<SqliteStore>(*database_);
  rollout_store_ = std::make_unique<SqliteRolloutStore>(*database_);
  auto epoch = store_->RaiseEpoch();
  FLEET_CHECK(epoch.ok());
  core_ = std::make_unique<FleetCore>(CorePorts{
      loop_, *store_, *rollout_store_, *epoch, static_cast<uint64_t>(*epoch)});
  FLEET_CHECK(core_->Load().ok());
}

void FleetScene::Run() {
  constexpr int kTurns = 10;
  for (int i = 0; i < kTurns; ++i) loop_.RunOnce(absl::ZeroDuration());
}

void FleetScene::Advance(absl::Duration time) {
  constexpr absl::Duration kStep = absl::Seconds(1);
  for (; time > absl::ZeroDuration(); time -= kStep) {
    clock_.Advance(std::min(time, kStep));
    for (FakeAgent* agent : agents_) agent->Beat();
    Run();
  }
}

std::unique_ptr<FakeAgent> FleetScene::Agent(const std::string& host) {
  auto agent = std::make_unique<FakeAgent>(*this, host, "uid of " + host);
  agent->Connect();
  agent->AckAll();
  return agent;
}

ApplyOrder FleetScene::Order(const AppSpec& spec) const {
  ApplyOrder order;
  order.specs = {spec};
  order.actor = "tester";
  return order;
}

ApplyOutcome FleetScene::Apply(const AppSpec& spec) {
  return Apply(Order(spec));
}

ApplyOutcome FleetScene::Apply(const ApplyOrder& order) {
  auto outcomes = core_->apply.Apply(order);
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  Run();
  return outcomes.ok() ? (*outcomes)[0] : ApplyOutcome();
}

Rollout FleetScene::NewestRollout(const std::string& app) {
  auto rollout = core_->driver.Get(app);
  EXPECT_TRUE(rollout.ok()) << rollout.status();
  return rollout.ok() ? *std::move(rollout) : Rollout();
}

const AppEntry& FleetScene::App(const std::string& name) {
  const AppEntry* app = core_->registry.FindByName(name);
  FLEET_CHECK(app != nullptr);
  return *app;
}

AppSpec SpecOf(const std::string& name) {
  AppSpec spec;
  spec.name = name;
  spec.script = "/srv/" + name + "/run.sh";
  spec.interpreter = "none";
  spec.cwd = "/srv/" + name;
  spec.instances = 2;
  return spec;
}

}  // namespace fleet::controller
