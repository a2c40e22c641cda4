// Where the controller is.
#ifndef FLEET_CLI_CONTROLLER_ADDRESS_H_
#define FLEET_CLI_CONTROLLER_ADDRESS_H_

#include <functional>
#include <string>

namespace fleet::cli {

// The value of an environment variable, empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;

using FileExists = std::function<bool(const std::string& path)>;
bool PathExists(const std::string& path);

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
                                 const Environment& env,
                                 const FileExists& exists);

// Folders of the local fleet (XDG Base Directory Specification):
// $XDG_STATE_HOME/fleet or ~/.local/state/fleet.
std::string LocalStateFolder(const Environment& env);
// fleet/controller.sock in $XDG_RUNTIME_DIR, or else run/controller.sock in the
// state folder. Since not every session of a user has that variable, one that
// exists goes before one that does not, /run/user/UID included.
std::string LocalSocketPath(const Environment& env, const FileExists& exists);

}  // namespace fleet::cli

#endif  // FLEET_CLI_CONTROLLER_ADDRESS_H_
