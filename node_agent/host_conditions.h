// Looks at this host for HostChecks.
#ifndef FLEET_NODE_AGENT_HOST_CONDITIONS_H_
#define FLEET_NODE_AGENT_HOST_CONDITIONS_H_

#include <string>

#include "node_agent/host_checks.h"

namespace fleet::agent {

// Costs some milliseconds, among them one sync of a small file in
// `state_folder`: for who asks, not for every report. What the caller alone
// knows (journal_damage, versions) is left empty.
HostConditions ReadHostConditions(const std::string& state_folder);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_HOST_CONDITIONS_H_
