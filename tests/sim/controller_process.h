// One life after the other of the controller: its real core over a store in
// memory.
#ifndef FLEET_TESTS_SIM_CONTROLLER_PROCESS_H_
#define FLEET_TESTS_SIM_CONTROLLER_PROCESS_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/fleet_core.h"
#include "proto/rpc/event_loop.h"
#include "tests/sim/connection.h"
#include "tests/sim/gate_servers.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/process_clock.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace fleet::sim {

// Everything of fleet-controller but its main, gRPC and SQLite.
class ControllerProcess : public Port {
 public:
  // Told of what it is about to send.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void OnSend(const std::string& host,
                        const v1::SessionResponse& message) = 0;
  };

  struct Ports {
    Timeline& timeline;
    Trace& trace;
    FleetDisk& disk;
    MemoryStore::Observer& store_observer;
    Observer& observer;
    GateServers& gates;
    const ProcessClock& clock;
  };

  ControllerProcess(const Ports& ports, Random random)
      : ports_(ports), random_(random) {}
  ~ControllerProcess() override;

  void Start();
  // `silently`: its machine dies, and nobody closes its streams.
  void Stop(bool silently);

  // From the next start on: DriverOptions::plan_interval.
  void SetPlanInterval(absl::Duration interval) { plan_interval_ = interval; }

  bool running() const { return core_ != nullptr; }
  controller::FleetCore& core() { return *core_; }
  MemoryStore& store() { return *store_; }
  int64_t epoch() const { return running() ? core_->epoch : 0; }
  // The host has called this life of it.
  bool Dialled(const std::string& host) const {
    return dialled_.contains(host);
  }

  // Port.
  controller::AgentSession* Open(controller::AgentStream& stream) override;
  void Forget(controller::AgentSession* session) override;
  int64_t life() const override { return running() ? life_number_ : 0; }
  Lifeline& lifeline() override { return life_; }
  void OnSend(const std::string& host,
              const v1::SessionResponse& message) override {
    ports_.observer.OnSend(host, message);
  }

 private:
  Ports ports_;
  Random random_;
  Lifeline life_;
  int64_t life_number_ = 0;
  absl::Duration plan_interval_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<MemoryStore> store_;
  std::unique_ptr<SimGateProber> prober_;
  std::unique_ptr<controller::FleetCore> core_;
  std::set<std::string> dialled_;
  // Ends of streams that it has; connections live in their links.
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_CONTROLLER_PROCESS_H_
