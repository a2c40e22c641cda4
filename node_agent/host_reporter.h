// Answers the session's questions about this host.
#ifndef FLEET_NODE_AGENT_HOST_REPORTER_H_
#define FLEET_NODE_AGENT_HOST_REPORTER_H_

#include <string>

#include "fleet/v1/agent_service.pb.h"
#include "node_agent/agent_state.h"
#include "node_agent/command_service.h"
#include "node_agent/controller_session.h"
#include "node_agent/keeper_client.h"
#include "node_agent/log_tail_service.h"
#include "node_agent/process_sampler.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {

// Joins the session with the apps, the samples and the logs. Loop thread only;
// all it is given outlives it.
class HostReporter : public ControllerSession::Host {
 public:
  // `host` has everything that stays the same while the agent lives.
  HostReporter(const Clock& clock, v1::Host host, AgentState& state,
               LogTailService& tails, CommandService& commands,
               const KeeperClient& keeper);

  v1::Hello MakeHello() override;
  bool FillReport(bool full, v1::StateReport& report) override;
  v1::Metrics MakeMetrics() override;
  int64_t epoch() const override { return state_.epoch(); }
  v1::DesiredStateAck Accept(const v1::DesiredState& wanted) override;
  void RunCommand(const v1::Command& command) override;
  void OnWritable() override;
  void OnSessionEnd() override;

 private:
  const Clock& clock_;
  v1::Host host_;
  const std::string run_id_;
  AgentState& state_;
  LogTailService& tails_;
  CommandService& commands_;
  const KeeperClient& keeper_;
  ProcessSampler sampler_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_REPORTER_H_
