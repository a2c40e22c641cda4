// Lets somebody else answer the bind() calls of a program that is about to
// start (seccomp_unotify(2)).
#ifndef FLEET_NODE_AGENT_KEEPER_BIND_FILTER_H_
#define FLEET_NODE_AGENT_KEEPER_BIND_FILTER_H_

namespace fleet::keeper {

// For the calling thread and all that it starts: every bind() waits until it
// is answered at the descriptor that is returned (close-on-exec); -1: errno
// says why not. No other call is touched, nor are those of a 32-bit program.
//
// A caller without CAP_SYS_ADMIN gives up, with all that it starts, what a
// set-uid program would gain (PR_SET_NO_NEW_PRIVS), since the kernel asks it.
// Only system calls: it may run in a child that borrows its parent's memory.
int InstallBindFilter();

// Over a Unix socket, with one byte of data. False: errno says.
bool SendDescriptor(int socket, int fd);

}  // namespace fleet::keeper

#endif  // FLEET_NODE_AGENT_KEEPER_BIND_FILTER_H_
