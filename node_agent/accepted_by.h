// Which process a connection of ours was accepted by.
#ifndef FLEET_NODE_AGENT_ACCEPTED_BY_H_
#define FLEET_NODE_AGENT_ACCEPTED_BY_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "node_agent/unique_fd.h"

namespace fleet::agent {

// Both ends of a connection are on this machine, so the kernel can be asked
// for the other end's socket by the connection's four numbers (sock_diag(7),
// an exact look-up), and /proc says who has that socket open. A socket that
// nobody has accepted yet has no inode.
//
// Loop thread only. A look-up is one short netlink exchange; Has reads the
// /proc/PID/fd of each.
class AcceptedBy {
 public:
  AcceptedBy();

  // Inode of the other end of the connected TCP socket `fd`; 0: nobody has
  // accepted it yet, or it is closed already.
  uint64_t PeerInode(int fd);
  // False also when /proc does not let us see.
  static bool Has(const std::vector<pid_t>& pids, uint64_t inode);

 private:
  UniqueFd netlink_;
};

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_ACCEPTED_BY_H_
