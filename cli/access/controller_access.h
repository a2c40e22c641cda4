// How the controller is reached, and what is shown to it.
#ifndef FLEET_CLI_ACCESS_CONTROLLER_ACCESS_H_
#define FLEET_CLI_ACCESS_CONTROLLER_ACCESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/controller_address.h"

namespace fleet::cli {

struct ControllerAccess {
  std::string address;
  // Nothing was configured: the fleet of this user on this machine.
  bool local = false;
  // Bearer token; empty: none.
  std::string token;
  // The authority that is trusted, in PEM; empty: it is not known yet, and
  // `token` may carry its pin.
  std::string authority;
};

// What the user said on the command line; empty: nothing.
struct AccessFlags {
  std::string controller;
  std::string context;
};

// The first of: --controller, --context, FLEET_CONTROLLER, FLEET_CONTEXT, the
// current context, the socket of the local fleet. The token is FLEET_TOKEN, or
// the text of the file FLEET_TOKEN_FILE, or that of the context with this
// address. NOT_FOUND: there is no such context.
absl::StatusOr<ControllerAccess> FindAccess(const AccessFlags& flags,
                                            const Environment& env,
                                            const FileExists& exists);

// Fills in `authority` where it is not known, from the cache
// ($XDG_CACHE_HOME/fleet) or from the controller itself by the token's pin.
// Errors as FetchAuthority.
absl::Status LearnAuthority(ControllerAccess& access, const Environment& env);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ACCESS_CONTROLLER_ACCESS_H_
