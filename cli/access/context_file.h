// The fleets that a user has logged in to.
#ifndef FLEET_CLI_ACCESS_CONTEXT_FILE_H_
#define FLEET_CLI_ACCESS_CONTEXT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/controller_address.h"

namespace fleet::cli {

struct FleetContext {
  std::string name;
  std::string address;
  std::string token;
  // Certificate of the authority, in PEM.
  std::string authority = {};
  // In place of `token`: the file that holds it, read at every command; or a
  // certificate and its key, in PEM.
  std::string token_file = {};
  std::string certificate = {};
  std::string key = {};
};

struct FleetContexts {
  std::vector<FleetContext> all;  // By name.
  // Used when nothing else is named; may be empty.
  std::string current;

  // nullptr: there is none.
  const FleetContext* Find(const std::string& name) const;
  // Replaces the one of the name.
  void Put(FleetContext context);
  // False: there is none.
  bool Remove(const std::string& name);
};

// $XDG_CONFIG_HOME/fleet or ~/.config/fleet.
std::string ConfigFolder(const Environment& env);

// contexts.json in the folder, mode 0600, since it holds tokens. None yet: an
// empty list. INVALID_ARGUMENT when it cannot be understood.
absl::StatusOr<FleetContexts> ReadContexts(const std::string& folder);
// Makes the folder (mode 0700).
absl::Status WriteContexts(const std::string& folder,
                           const FleetContexts& contexts);

}  // namespace fleet::cli

#endif  // FLEET_CLI_ACCESS_CONTEXT_FILE_H_
