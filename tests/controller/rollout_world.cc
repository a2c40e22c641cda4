#include "tests/controller/rollout_world.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

constexpr int kSlots = 4;

}  // namespace

void FakeAgent::Accept(const HostTarget& target) {
  // An agent refuses what is older, and does nothing for what it has.
  if (target.serial <= accepted.serial) return;
  bool replace = target.generation > accepted.generation;
  accepted = target;
  if (!replace) return;
  ++effects[target.generation];
  report = {};
  report.generation = target.generation;
  report.revision = target.revision;
  report.phase = StepReportPhase::kApplying;
  report.slots_total = kSlots;
}

void FakeAgent::Work() {
  if (report.phase == StepReportPhase::kApplying) {
    report.phase = StepReportPhase::kVerifying;
    report.slots_done = kSlots - 1;
  } else if (report.phase == StepReportPhase::kVerifying) {
    report.phase = StepReportPhase::kDone;
    report.slots_done = kSlots;
    running_revision = report.revision;
  }
}

void FakeAgent::Fail() {
  if (report.phase != StepReportPhase::kApplying &&
      report.phase != StepReportPhase::kVerifying) {
    return;
  }
  report.phase = StepReportPhase::kFailed;
  report.failure = FailureKind::kExit;
  report.reason = "exit code 1";
}

RolloutWorld::RolloutWorld(int hosts) : loop(clock) {
  spdlog::set_level(spdlog::level::off);
  for (int i = 1; i <= hosts; ++i) {
    HostTarget target;
    target.app = "web";
    target.app_uid = "a-1";
    target.host = absl::StrCat("host-", i);
    target.serial = 1;
    target.generation = 1;
    target.revision = 1;
    store.targets[target.host] = target;
    FakeAgent& agent = agents[target.host];
    agent.Accept(target);
    agent.report.phase = StepReportPhase::kDone;
  }
  store.app = {"web", "a-1", 1, 1};
}

RolloutWorld::~RolloutWorld() { driver.reset(); }

void RolloutWorld::Start() {
  store.Revive();
  targets_ = store.targets;
  driver = std::make_unique<RolloutDriver>(loop, store, *this, *this, ++starts_,
                                           options);
  absl::Status started = driver->Start();
  FLEET_CHECK(started.ok());
}

void RolloutWorld::Crash() {
  driver.reset();
  targets_.clear();
  reports_.clear();
  for (auto& [host, agent] : agents) agent.connected = false;
}

void RolloutWorld::Connect(const std::string& host) {
  FakeAgent& agent = agents.at(host);
  if (driver == nullptr || agent.removed || agent.connected) return;
  agent.connected = true;
  reports_[host] = agent.report;
  driver->OnHostChanged(host);
  // The agent's desired state comes after its first report.
  auto it = targets_.find(host);
  if (it != targets_.end()) Send(it->second);
}

void RolloutWorld::ConnectAll() {
  for (auto& [host, agent] : agents) Connect(host);
}

void RolloutWorld::Disconnect(const std::string& host) {
  if (!agents.at(host).connected) return;
  agents.at(host).connected = false;
  driver->OnHostChanged(host);
}

void RolloutWorld::Remove(const std::string& host) {
  agents.at(host).removed = true;
  agents.at(host).connected = false;
  if (driver != nullptr) driver->OnHostChanged(host);
}

void RolloutWorld::Work(const std::string& host) {
  agents.at(host).Work();
  Report(host);
}

void RolloutWorld::Fail(const std::string& host) {
  agents.at(host).Fail();
  Report(host);
}

void RolloutWorld::Report(const std::string& host) {
  const FakeAgent& agent = agents.at(host);
  if (!agent.connected || reports_[host] == agent.report) return;
  reports_[host] = agent.report;
  driver->OnHostAppChanged(host, "a-1");
}

void RolloutWorld::Turn() {
  for (int i = 0; i < 4; ++i) loop.RunOnce(absl::ZeroDuration());
}

void RolloutWorld::Pass(absl::Duration d) {
  clock.Advance(d);
  Turn();
}

void RolloutWorld::WorkUntilQuiet() {
  int64_t seen = -1;
  Turn();
  while (driver != nullptr && !store.dead() &&
         Now().state.last_seq != std::exchange(seen, Now().state.last_seq)) {
    for (auto& [host, agent] : agents) Work(host);
    Turn();
  }
}

NewRollout RolloutWorld::Deploy(int64_t revision) const {
  NewRollout request;
  request.app.name = "web";
  request.app.uid = "a-1";
  request.app.revision = revision;
  request.app.from_revision = store.app.proven_revision;
  request.app.proven_revision = store.app.proven_revision;
  request.app.generation = store.app.generation;
  request.kind = RolloutKind::kDeploy;
  request.actor = "ann";
  for (const auto& [host, agent] : agents) {
    if (!agent.removed) request.hosts.push_back(host);
  }
  return request;
}

Rollout RolloutWorld::Now() {
  absl::StatusOr<Rollout> rollout = driver->Get("web");
  FLEET_CHECK(rollout.ok());
  return *rollout;
}

std::string RolloutWorld::Steps() {
  Rollout rollout = Now();
  return absl::StrJoin(rollout.steps, " ",
                       [](std::string* out, const HostStep& step) {
                         out->append(Name(step.phase));
                       });
}

HostTarget RolloutWorld::NextTarget(const std::string& app,
                                    const std::string& app_uid,
                                    const TargetChange& change) const {
  HostTarget target;
  auto it = targets_.find(change.host);
  if (it != targets_.end()) target = it->second;
  FLEET_CHECK(change.generation > target.generation);
  target.app = app;
  target.app_uid = app_uid;
  target.host = change.host;
  target.generation = change.generation;
  target.revision = change.revision;
  target.step = change.step;
  ++target.serial;
  return target;
}

HostTarget RolloutWorld::NextTargetForHook(const std::string& /*app*/,
                                           const std::string& /*app_uid*/,
                                           const HookOrder& order) const {
  HostTarget target = targets_.at(order.host);
  target.once_hook = order;
  ++target.serial;
  return target;
}

std::vector<std::string> RolloutWorld::HostsOf(
    const std::string& app_uid) const {
  std::vector<std::string> hosts;
  for (const auto& [host, agent] : agents) {
    if (app_uid == "a-1" && !agent.removed) hosts.push_back(host);
  }
  return hosts;
}

std::string RolloutWorld::LabelOf(const std::string& host,
                                  const std::string& label) const {
  return label == "zone" ? host.substr(host.size() - 1) : "";
}

void RolloutWorld::OnCommitted(const RolloutCommit& commit) {
  for (const HostTarget& target : commit.targets) {
    targets_[target.host] = target;
    Send(target);
  }
}

void RolloutWorld::Send(const HostTarget& target) {
  FakeAgent& agent = agents.at(target.host);
  if (!agent.connected) return;
  // Nothing is sent that the store does not have.
  FLEET_CHECK(store.targets[target.host].serial == target.serial);
  if (target.serial > agent.accepted.serial) {
    sent.push_back(absl::StrCat(target.host, ":", target.generation));
  }
  agent.Accept(target);
  Report(target.host);
}

HostView RolloutWorld::View(const std::string& host,
                            const std::string& app_uid) const {
  HostView view;
  auto it = agents.find(host);
  if (it == agents.end() || it->second.removed) {
    view.removed = true;
    return view;
  }
  view.connected = it->second.connected;
  if (app_uid != "a-1") return view;
  auto report = reports_.find(host);
  if (report == reports_.end()) return view;
  view.report = report->second;
  view.instances_ready = kSlots;
  view.instances_total = kSlots;
  view.instances_available = kSlots;
  view.running_revision = it->second.running_revision;
  return view;
}

}  // namespace fleet::controller
