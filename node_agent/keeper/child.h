// Starts a process the cheap way: the child borrows the keeper's memory until
// it executes its program.
#ifndef FLEET_NODE_AGENT_KEEPER_CHILD_H_
#define FLEET_NODE_AGENT_KEEPER_CHILD_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "node_agent/keeper/confinement.h"
#include "node_agent/keeper/wire.h"

namespace fleet::keeper {

// `fd` of the keeper becomes `as` of the child.
struct FdMove {
  int fd;
  int as;
};

// Pointers stay the caller's.
struct ChildSpec {
  const char* executable = nullptr;
  char** argv = nullptr;
  char** envp = nullptr;
  // Entry of `envp` that becomes "LISTEN_PID=<pid of the child>", or nullptr.
  char** listen_pid = nullptr;
  const char* cwd = nullptr;  // nullptr: the keeper's.
  bool new_session = false;   // Else only a process group.
  bool set_ids = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  size_t n_groups = 0;
  // Every other descriptor of the keeper is close-on-exec. 0, 1 and 2 are
  // /dev/null unless given.
  FdMove fds[kMaxChildFds];
  size_t n_fds = 0;
  const rlimit* nofile = nullptr;  // nullptr: the keeper's.
  uint64_t mark = 0;               // kMarkBit and the id; 0: none.
  const ConfinementSpec* confinement = nullptr;  // nullptr: none.
  // A socket of the keeper's, to which goes the descriptor where the bind()
  // calls of the program are answered (bind_filter.h); -1: the kernel does.
  int bind_socket = -1;
};

struct ChildResult {
  pid_t pid = -1;
  int pidfd = -1;
  // When it failed (pid is -1 then): what, and errno.
  const char* step = nullptr;
  int error_number = 0;
};

// Returns once the child runs its program or has failed. Expects that no
// signal has a handler. Not reentrant.
ChildResult StartChild(const ChildSpec& spec);

// Once, before the first StartChild: reserves the numbers up to kLaunchPad for
// the descriptors of children, so that a start does not cost more the more
// descriptors the keeper holds. `dev_null` is /dev/null, open and above the
// pad. False: errno says.
inline constexpr int kLaunchPad = 32;
bool ReserveLaunchPad(int dev_null);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_CHILD_H_
