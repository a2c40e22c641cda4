// What the kernel says of a worker now, for `fleetctl show`.
#ifndef FLEET_NODE_AGENT_WORKER_FACTS_H_
#define FLEET_NODE_AGENT_WORKER_FACTS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace fleet::agent {

// A word and what there is to say, for a person.
struct Fact {
  std::string name;
  std::string value;
};

// Of the main process `pid` and its tree (`tree`, with it): command, folder,
// user, processes, threads, open files, memory, limits in force, cgroup and
// its limits, priorities, what it may not do. Observed, not what was asked
// for; what cannot be read is left out. Costs up to a millisecond, and PSS is
// read of small processes only (at most 256 MiB): for who asks.
std::vector<Fact> ReadWorkerFacts(pid_t pid, const std::vector<pid_t>& tree);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_WORKER_FACTS_H_
