// Starts a keeper for this agent.
#ifndef FLEET_NODE_AGENT_KEEPER_LAUNCHER_H_
#define FLEET_NODE_AGENT_KEEPER_LAUNCHER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fleet::agent {

// The keeper it starts takes this very process for its agent, and is in a
// session of its own. One at a time; one that ends (another keeper was there
// first) is reaped by the next call.
//
// KeeperConnection owns it. Loop thread only.
class KeeperLauncher {
 public:
  // `agent_argv` empty: this process's own command line.
  KeeperLauncher(std::string keeper_binary, std::string state_dir,
                 std::vector<std::string> agent_argv);

  // Starts one unless the last one still runs.
  absl::Status Launch();

 private:
  bool Running();

  const std::string keeper_binary_;
  const std::string state_dir_;
  std::vector<std::string> agent_argv_;
  pid_t pid_ = 0;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_KEEPER_LAUNCHER_H_
