// The fleet of one user on one machine: a controller and an agent in the
// background, over a Unix socket.
#ifndef FLEET_CLI_LOCAL_LOCAL_FLEET_H_
#define FLEET_CLI_LOCAL_LOCAL_FLEET_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/controller_address.h"
#include "cli/fleet_client.h"
#include "proto/rpc/event_loop.h"

namespace fleet::cli {

// Loop thread only. Everything it starts is in a session of its own and goes
// on when fleetctl ends.
class LocalFleet {
 public:
  // The controller is, or will be, at `socket_path`.
  LocalFleet(const Environment& env, const std::string& socket_path);

  // Starts what does not run of controller and agent, and waits (at most 30 s)
  // until the host is connected. One fleetctl at a time does so. Returns what
  // it did, in a line; empty when all ran already.
  //
  // NOT_FOUND: a program is missing. FAILED_PRECONDITION: one of them ended at
  // once; the message has the last lines of its log.
  absl::StatusOr<std::string> Up(FleetClient& client, EventLoop& loop);

  // Ends keeper (and so agent and workers), then controller, and waits until
  // they are gone, at most 2 min each. Returns what it did, in a line.
  absl::StatusOr<std::string> Down();

  // By the locks that they hold.
  bool ControllerRuns() const;
  bool AgentRuns() const;

 private:
  absl::Status StartController();
  absl::Status StartAgent();
  // What ran on when keeper and agent had both been killed.
  absl::Status StopRest() const;
  absl::Status AwaitHost(FleetClient& client, EventLoop& loop) const;

  std::string ControllerFolder() const { return state_folder_ + "/controller"; }
  std::string AgentFolder() const { return state_folder_ + "/agent"; }
  std::string ControllerLog() const {
    return state_folder_ + "/controller.log";
  }
  std::string AgentLog() const { return state_folder_ + "/agent.log"; }

  Environment env_;
  std::string state_folder_;
  std::string socket_path_;
};

}  // namespace fleet::cli

#endif  // FLEET_CLI_LOCAL_LOCAL_FLEET_H_
