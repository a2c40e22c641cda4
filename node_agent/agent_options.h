// fleet-agent's command line.
#ifndef FLEET_NODE_AGENT_AGENT_OPTIONS_H_
#define FLEET_NODE_AGENT_AGENT_OPTIONS_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace fleet::agent {

struct AgentOptions {
  std::string state_dir;
  // Empty: none; the host runs what its journal says.
  std::string controller;
  std::string host_name;
  // It was asked for, and is not the machine's own.
  bool host_name_given = false;
  // Join token of the first start; empty: none.
  std::string join_token;
  bool join_token_shown = false;  // On the command line. Main's.
  // Where apps listen that name no address of their own; empty: everywhere.
  std::string bind_address;
  std::map<std::string, std::string> labels;
  // File of what this host lets apps do; empty: everything.
  std::string policy;
  bool insecure = false;
  // Only says whether it would start.
  bool check = false;
  std::string log_level = "info";
};

// The exit code of a configuration that cannot work, however often it is tried
// (EX_CONFIG of sysexits.h); the keeper does not start the agent again.
inline constexpr int kExitConfig = 78;
// The keeper is to start the program anew at once; workers live on.
inline constexpr int kExitStartAnew = 79;

// nullopt: --help or --version was answered on stdout. INVALID_ARGUMENT says
// which flag is wrong. `default_host_name` is used without --host-name.
absl::StatusOr<std::optional<AgentOptions>> ParseAgentOptions(
    int argc, const char* const* argv, const std::string& default_host_name);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_AGENT_OPTIONS_H_
