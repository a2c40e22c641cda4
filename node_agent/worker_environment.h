// The variables a worker starts with.
#ifndef FLEET_NODE_AGENT_WORKER_ENVIRONMENT_H_
#define FLEET_NODE_AGENT_WORKER_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "node_agent/env_file.h"
#include "node_agent/worker_user.h"
#include "proto/rpc/app_spec.h"

namespace fleet::agent {

struct EnvironmentInput {
  std::vector<std::string> inherited;  // "NAME=value".
  WorkerUser user;
  std::string host_name;
  std::string notify_path;
  int slot = 0;
  EnvFileVariables files;  // Of env_files.
};

// In rising precedence: inherited, the user's (HOME, USER, LOGNAME, SHELL),
// those of env_files, the spec's `env`, what the spec's other fields ask for
// (PORT, instance_var, increment_var), FLEET_*, NOTIFY_SOCKET and
// WATCHDOG_USEC. Sorted by name. Pure.
std::vector<std::string> MakeWorkerEnvironment(const AppSpec& spec,
                                               const EnvironmentInput& input);

// The value of `name` in such a list; empty when it is not there.
std::string FindVariable(const std::vector<std::string>& env,
                         const std::string& name);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_ENVIRONMENT_H_
