// fleet-controller's command line.
#ifndef FLEET_CONTROLLER_OPTIONS_H_
#define FLEET_CONTROLLER_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/rpc/address.h"

namespace fleet::controller {

struct Options {
  // Absolute or relative folder; made (mode 0700) when it is not there.
  std::string state_dir;
  // Never empty once parsed.
  std::vector<Address> listen;
  // Plaintext TCP on loopback addresses.
  bool insecure = false;
  // A certificate authority that the user brings; both or none.
  std::string authority_certificate;
  std::string authority_key;
  // Empty: no other issuer's tokens are accepted.
  std::string issuers_file;
  // By what HTTPS metric gates are checked; empty: the system's authorities.
  std::string gate_authority;
  absl::Duration host_certificate_ttl = absl::Hours(24);
  absl::Duration server_certificate_ttl = absl::Hours(30 * 24);
  std::string log_level = "info";
  // Gets a line once the controller listens; -1: none.
  int ready_fd = -1;
  bool help = false;
  bool version = false;
};

// INVALID_ARGUMENT says which option is wrong and what would be right.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& args);

// Whether some port speaks TLS.
bool UsesTls(const Options& options);

// What --help prints.
std::string HelpText();

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_OPTIONS_H_
