// What this machine is.
#ifndef FLEET_NODE_AGENT_HOST_FACTS_H_
#define FLEET_NODE_AGENT_HOST_FACTS_H_

#include <cstdint>
#include <string>

namespace fleet::agent {

struct HostFacts {
  std::string host_name;  // The kernel's, without its domain.
  std::string kernel;     // "Linux 6.1.0-13-amd64"
  std::string boot_id;
  // Cores that this process may use.
  int cores = 1;
  int64_t memory_bytes = 0;
};

// Any thread. What cannot be found out is left empty.
HostFacts ReadHostFacts();

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_FACTS_H_
