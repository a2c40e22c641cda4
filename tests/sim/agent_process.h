// One life of a host's agent: the real policy over a simulated machine.
#ifndef FLEET_TESTS_SIM_AGENT_PROCESS_H_
#define FLEET_TESTS_SIM_AGENT_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "node_agent/agent_state.h"
#include "node_agent/controller_session.h"
#include "node_agent/desired_journal.h"
#include "proto/rpc/event_loop.h"
#include "tests/sim/connection.h"
#include "tests/sim/lifeline.h"
#include "tests/sim/link.h"
#include "tests/sim/machine.h"
#include "tests/sim/machine_hooks.h"
#include "tests/sim/machine_runtime.h"
#include "tests/sim/process_clock.h"

namespace fleet::sim {

// Everything of fleet-agent but its main, the keeper and the processes. Made
// when it starts, destroyed when it dies.
class AgentProcess : public agent::ControllerSession::Host {
 public:
  struct Ports {
    Timeline& timeline;
    Trace& trace;
    Machine& machine;
    Programs& programs;
    Link& link;
    Port& port;
    const ProcessClock& clock;
    // What it says of its host.
    const v1::Host& host;
  };

  AgentProcess(const Ports& ports, uint64_t seed);
  ~AgentProcess() override;
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Its machine dies with it: streams are not closed by anybody.
  void LosePower() { silently_ = true; }

  Lifeline& life() { return life_; }
  bool connected() const { return session_->welcomed(); }
  const agent::JournalContents& journal() const { return journal_->contents(); }

  // ControllerSession::Host.
  v1::Hello MakeHello() override;
  bool FillReport(bool full, v1::StateReport& report) override;
  v1::Metrics MakeMetrics() override;
  int64_t epoch() const override { return state_->epoch(); }
  v1::DesiredStateAck Accept(const v1::DesiredState& wanted) override;
  void RunCommand(const v1::Command&) override {}
  void OnWritable() override {}
  void OnSessionEnd() override {}

 private:
  absl::StatusOr<std::shared_ptr<agent::SessionStream>> Dial(
      agent::SessionStream::Listener& listener);

  Ports ports_;
  Lifeline life_;
  bool silently_ = false;
  EventLoop loop_;
  std::unique_ptr<agent::DesiredJournal> journal_;
  MachineRuntime runtime_;
  MachineHooks hooks_;
  std::unique_ptr<agent::AgentState> state_;
  std::unique_ptr<agent::ControllerSession> session_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace fleet::sim

#endif  // FLEET_TESTS_SIM_AGENT_PROCESS_H_
