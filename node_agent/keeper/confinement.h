// What is taken from a process before it runs its program, and what it may use.
#ifndef FLEET_NODE_AGENT_KEEPER_CONFINEMENT_H_
#define FLEET_NODE_AGENT_KEEPER_CONFINEMENT_H_

#include <sys/types.h>

#include <cstddef>

#include "node_agent/keeper/confinement_wire.h"

namespace fleet::keeper {

// The part of a Spawn message after kConfined. Pointers stay the caller's.
struct ConfinementSpec {
  Confinement fixed;
  Rlimit rlimits[kMaxRlimits];
  const char* cgroups[kMaxCgroups];  // Files cgroup.procs.
  const char* read_only[kMaxReadOnlyPaths];
};

// Both run in the child, which shares the keeper's memory: system calls alone,
// nothing is allocated. They return nullptr, or what failed; errno says why. As
// far as a step needs privileges, the child must still have them: Confine comes
// before it changes its ids, ConfineAsUser after that.
const char* Confine(const ConfinementSpec& spec, bool changes_ids);
const char* ConfineAsUser(const ConfinementSpec& spec);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_CONFINEMENT_H_
