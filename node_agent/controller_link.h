// What joins the agent's parts to its controller: the session, the renewal of
// the certificate it is authenticated by, and what is sent over it unasked.
#ifndef FLEET_NODE_AGENT_CONTROLLER_LINK_H_
#define FLEET_NODE_AGENT_CONTROLLER_LINK_H_

#include <memory>

#include "absl/status/statusor.h"
#include "node_agent/agent_options.h"
#include "node_agent/agent_state.h"
#include "node_agent/certificate_renewal.h"
#include "node_agent/command_service.h"
#include "node_agent/controller_session.h"
#include "node_agent/host_identity.h"
#include "node_agent/host_reporter.h"
#include "node_agent/log_tail_service.h"
#include "node_agent/start_pages.h"
#include "proto/rpc/event_loop.h"

namespace fleet::agent {

// Used on the loop's thread only. All that it is made of must outlive it.
class ControllerLink {
 public:
  explicit ControllerLink(EventLoop& loop) : release_(loop) {}

  // `options.controller` must not be empty; `identity` is nullptr where no TLS
  // is used. Connects nothing yet. InvalidArgument: the address is none.
  static absl::StatusOr<std::unique_ptr<ControllerLink>> Create(
      EventLoop& loop, const AgentOptions& options, HostIdentity* identity,
      HostReporter& reporter);

  // What happens to these from now on is sent over the session.
  void Serve(AgentState& state, LogTailService& tails,
             CommandService& commands);

  ControllerSession& session() { return *session_; }

 private:
  SettledRelease release_;
  std::unique_ptr<ControllerSession> session_;
  std::unique_ptr<CertificateRenewal> renewal_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_CONTROLLER_LINK_H_
