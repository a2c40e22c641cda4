// For programs that hold keys, tokens and secrets.
#ifndef FLEET_PROTO_RPC_PRIVATE_MEMORY_H_
#define FLEET_PROTO_RPC_PRIVATE_MEMORY_H_

namespace fleet {

// From now on this process leaves no core file, and only root can read its
// memory or attach a debugger (PR_SET_DUMPABLE, prctl(2)). Programs that it
// starts are not concerned: execve(2) undoes it. So their limit of core files
// is what it was, which RLIMIT_CORE would not leave it. Called by main, first.
void KeepMemoryPrivate();

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_PRIVATE_MEMORY_H_
