// Says who has an address that could not be opened.
#ifndef FLEET_NODE_AGENT_PORT_OWNER_H_
#define FLEET_NODE_AGENT_PORT_OWNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node_agent/listen_address.h"

namespace fleet::agent {

// "pid 812 (nginx: master process)", or what may be said when /proc does not
// let us see: "another process (which one is not visible to this user)". Empty
// when nobody has it (any more). Reads all of /proc/*/fd: for error messages
// alone. Any thread.
std::string DescribePortOwner(const ListenAddress& address);

// Inodes of the sockets that listen (TCP) or are bound (UDP) on `port` in the
// text of a /proc/net/{tcp,tcp6,udp,udp6} file, at `hex` (an address as such a
// file writes it; empty: any) or at every address. Pure.
std::vector<uint64_t> SocketInodesOnPort(std::string_view table, int port,
                                         const std::string& hex, bool udp);

// True: `pid` has a descriptor of the socket with this inode.
bool ProcessHasSocket(int pid, uint64_t inode);

}  // namespace fleet::agent

#endif  // FLEET_NODE_AGENT_PORT_OWNER_H_
