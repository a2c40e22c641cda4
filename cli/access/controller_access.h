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
  std::string token = {};
  // The authority that is trusted, in PEM; empty: it is not known yet, and
  // `token` may carry its pin.
  std::string authority = {};
  // The pin, where it does not stand in the token; empty: none.
  std::string pin = {};
  // A user's certificate and key, in PEM; empty: none. A token goes before.
  std::string certificate = {};
  std::string key = {};
};

// What the user said on the command line; empty: nothing.
struct AccessFlags {
  std::string controller;
  std::string context;
  std::string token_file = {};
};

// The first of: --controller, --context, FLEET_CONTROLLER, FLEET_CONTEXT, the
// current context, the socket of the local fleet. The token is the text of
// --token-file, or FLEET_TOKEN, or the text of the file FLEET_TOKEN_FILE, or
// that of the context with this address. FLEET_CERT and FLEET_KEY name the
// files of a certificate, FLEET_CA_PIN and FLEET_CA the authority. NOT_FOUND:
// there is no such context, or no such file.
absl::StatusOr<ControllerAccess> FindAccess(const AccessFlags& flags,
                                            const Environment& env,
                                            const FileExists& exists);

// A user's certificate from its two files, with the authority that stands
// behind it in the first, if there is one. INVALID_ARGUMENT: they do not fit.
absl::Status TakeCertificate(const std::string& certificate_file,
                             const std::string& key_file,
                             ControllerAccess& access);

// Fills in `authority` where it is not known, from the cache
// ($XDG_CACHE_HOME/fleet) or from the controller itself by the pin. Errors as
// FetchAuthority; INVALID_ARGUMENT: there is something to show and no pin.
absl::Status LearnAuthority(ControllerAccess& access, const Environment& env);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ACCESS_CONTROLLER_ACCESS_H_
