#include "tests/sim/agent_process.h"

#include <utility>

#include "proto/rpc/status.h"

namespace fleet::sim {
namespace {

// Hosts of this fleet have that many.
constexpr int kCores = 4;

}  // namespace

AgentProcess::AgentProcess(const Ports& ports, uint64_t seed)
    : ports_(ports),
      loop_(ports.clock),
      runtime_(ports.machine, ports.programs, ports.timeline, life_),
      hooks_(ports.machine.hooks(), life_) {
  ports_.timeline.Add(&loop_, &ports_.clock);
  ports_.trace.Note(ports_.machine.name(), "AGENT STARTS");
  auto journal = agent::DesiredJournal::Open(
      std::make_unique<MemoryJournalFile>(ports_.machine.disk(), life_));
  FLEET_CHECK(journal.ok());
  journal_ = *std::move(journal);
  // What it could not write down it goes by all the same.
  journal_->BeginBoot(ports_.host.boot_id()).IgnoreError();
  state_ =
      std::make_unique<agent::AgentState>(loop_, runtime_, *journal_, kCores);
  agent::ControllerSession::Options options;
  options.connect = [this](agent::SessionStream::Listener& listener) {
    return Dial(listener);
  };
  options.controller = "controller";
  options.seed = seed;
  session_ = std::make_unique<agent::ControllerSession>(loop_, *this,
                                                        std::move(options));
  state_->SetHookRuntime(&hooks_);
  state_->SetOnChange([this] { session_->OnChange(); });
  state_->Start(1);
  session_->Start();
}

AgentProcess::~AgentProcess() {
  life_.Kill();
  ports_.trace.Note(ports_.machine.name(), "AGENT DIES");
  if (connection_ != nullptr) connection_->AgentDied(silently_);
  session_.reset();
  state_.reset();
  ports_.timeline.Remove(&loop_);
}

absl::StatusOr<std::shared_ptr<agent::SessionStream>> AgentProcess::Dial(
    agent::SessionStream::Listener& listener) {
  connection_ = std::make_shared<Connection>(
      ports_.link, ports_.port, ports_.trace,
      Connection::Agent{ports_.machine.name(), &listener, &life_});
  ports_.link.Add(connection_);
  return connection_->AgentEnd();
}

v1::Hello AgentProcess::MakeHello() {
  v1::Hello hello;
  *hello.mutable_host() = ports_.host;
  hello.set_epoch(state_->epoch());
  for (v1::AppStatus& app : state_->TakeAll()) {
    *hello.add_apps() = std::move(app);
  }
  return hello;
}

bool AgentProcess::FillReport(bool full, v1::StateReport& report) {
  if (full) {
    for (v1::AppStatus& app : state_->TakeAll()) {
      *report.add_apps() = std::move(app);
    }
    return true;
  }
  agent::AgentState::Changes changes = state_->TakeChanges();
  for (v1::AppStatus& app : changes.apps) *report.add_apps() = std::move(app);
  for (std::string& uid : changes.removed_app_uids) {
    report.add_removed_app_uids(std::move(uid));
  }
  return !changes.empty();
}

v1::Metrics AgentProcess::MakeMetrics() {
  v1::Metrics metrics;
  for (v1::InstanceSample& sample : state_->Sample()) {
    *metrics.add_samples() = std::move(sample);
  }
  return metrics;
}

v1::DesiredStateAck AgentProcess::Accept(const v1::DesiredState& wanted) {
  return state_->Accept(wanted);
}

}  // namespace fleet::sim
