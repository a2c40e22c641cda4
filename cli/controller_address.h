// Where the controller is.
#ifndef FLEET_CLI_CONTROLLER_ADDRESS_H_
#define FLEET_CLI_CONTROLLER_ADDRESS_H_

#include <functional>
#include <string>

namespace fleet::cli {

// The value of an environment variable, empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;

// The process's own.
std::string ProcessEnvironment(const std::string& name);

struct ControllerAddress {
  std::string text;
  // Nothing was configured: the fleet of this user on this machine, which may
  // be started when it is not there.
  bool local = false;
};

// --controller, else FLEET_CONTROLLER, else the socket of the local fleet.
ControllerAddress FindController(const std::string& flag,
                                 const Environment& env);

// Folders of the local fleet (XDG Base Directory Specification):
// $XDG_STATE_HOME/fleet or ~/.local/state/fleet.
std::string LocalStateFolder(const Environment& env);
// $XDG_RUNTIME_DIR/fleet/controller.sock, or run/controller.sock in the state
// folder.
std::string LocalSocketPath(const Environment& env);

}  // namespace fleet::cli

#endif  // FLEET_CLI_CONTROLLER_ADDRESS_H_
