#include "tests/sim/controller_process.h"

#include "proto/rpc/status.h"

namespace fleet::sim {

ControllerProcess::~ControllerProcess() { Stop(/*silently=*/true); }

void ControllerProcess::Start() {
  FLEET_CHECK(!running());
  life_.Revive();
  ++life_number_;
  loop_ = std::make_unique<EventLoop>(ports_.clock);
  ports_.timeline.Add(loop_.get(), &ports_.clock);
  store_ =
      std::make_unique<MemoryStore>(ports_.disk, life_, ports_.store_observer);
  const int64_t epoch = store_->RaiseEpoch().value();
  ports_.trace.Note("controller", "STARTS, epoch ", epoch);
  controller::CorePorts ports{*loop_, *store_, *store_, epoch, random_.Next()};
  ports.driver.plan_interval = plan_interval_;
  prober_ = std::make_unique<SimGateProber>(ports_.gates, *loop_, life_);
  ports.driver.prober = prober_.get();
  core_ = std::make_unique<controller::FleetCore>(ports);
  FLEET_CHECK(core_->Load().ok());
}

void ControllerProcess::Stop(bool silently) {
  if (!running()) return;
  life_.Kill();
  ports_.trace.Note("controller", "DIES");
  for (const std::weak_ptr<Connection>& weak : connections_) {
    if (auto connection = weak.lock()) connection->ControllerDied(silently);
  }
  connections_.clear();
  dialled_.clear();
  core_.reset();
  prober_.reset();
  store_.reset();
  ports_.timeline.Remove(loop_.get());
  loop_.reset();
}

controller::AgentSession* ControllerProcess::Open(
    controller::AgentStream& stream) {
  std::erase_if(connections_, [](const auto& c) { return c.expired(); });
  auto& connection = static_cast<Connection&>(stream);
  connections_.push_back(connection.weak_from_this());
  dialled_.insert(connection.identity().peer);
  return core_->sessions.Open(stream);
}

void ControllerProcess::Forget(controller::AgentSession* session) {
  core_->sessions.Forget(session);
}

}  // namespace fleet::sim
