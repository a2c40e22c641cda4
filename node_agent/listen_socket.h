// Opens the sockets that workers serve from.
#ifndef FLEET_NODE_AGENT_LISTEN_SOCKET_H_
#define FLEET_NODE_AGENT_LISTEN_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "node_agent/listen_address.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {

struct OpenOptions {
  // Wildcard addresses are opened here alone; empty: everywhere.
  std::string bind_address;
  // Others will join it with JoinListenSocket.
  bool will_be_joined = false;
  // Owner of a Unix socket's path; -1: the agent's own.
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
};

// Both give a socket that is O_NONBLOCK, CLOEXEC and, unless UDP, listens with
// a queue of 4,096 (the kernel's somaxconn is its limit). On failure
// `*error_number` is the errno. Any thread.
//
// The first socket of an address is bound *without* SO_REUSEPORT, which is set
// only afterwards. So a conflict with a stranger shows as EADDRINUSE even when
// both set SO_REUSEPORT, and there is no moment between a check and the bind.
// A Unix path that nobody listens on any more is replaced.
absl::StatusOr<UniqueFd> OpenListenSocket(const ListenAddress& address,
                                          const OpenOptions& options,
                                          int* error_number);

// One more socket at the address, and in the reuseport group, of `first`.
absl::StatusOr<UniqueFd> JoinListenSocket(int first, int* error_number);

// Connections that wait to be accepted; 0 for what does not listen.
int AcceptQueueLength(int fd);
// A datagram waits to be received.
bool HasDatagram(int fd);
// False: somebody has called shutdown() on it.
bool IsListening(int fd);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_LISTEN_SOCKET_H_
