#include "node_agent/accepted_by.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "node_agent/listen_address.h"
#include "node_agent/port_owner.h"

namespace fleet::agent {
namespace {

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 query;
};

// Port and address of one end, in network byte order as the kernel wants them.
void FillEnd(const SocketAddress& name, __be16* port, __be32* address) {
  if (name.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(name.get());
    *port = v4->sin_port;
    std::memcpy(address, &v4->sin_addr, sizeof v4->sin_addr);
  } else {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(name.get());
    *port = v6->sin6_port;
    std::memcpy(address, &v6->sin6_addr, sizeof v6->sin6_addr);
  }
}

bool ReadNames(int fd, SocketAddress* ours, SocketAddress* peer) {
  ours->size = sizeof ours->storage;
  peer->size = sizeof peer->storage;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&ours->storage),
                     &ours->size) == 0 &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer->storage),
                     &peer->size) == 0;
}

}  // namespace

AcceptedBy::AcceptedBy()
    : netlink_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
}

uint64_t AcceptedBy::PeerInode(int fd) {
  SocketAddress ours;
  SocketAddress peer;
  if (!netlink_.valid() || !ReadNames(fd, &ours, &peer)) return 0;
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.query.sdiag_family = static_cast<__u8>(ours.family());
  request.query.sdiag_protocol = IPPROTO_TCP;
  request.query.idiag_states = ~0U;
  request.query.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.query.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  // Asked from the other end's side.
  FillEnd(peer, &request.query.id.idiag_sport, &request.query.id.idiag_src[0]);
  FillEnd(ours, &request.query.id.idiag_dport, &request.query.id.idiag_dst[0]);
  if (send(netlink_.get(), &request, sizeof request, 0) < 0) return 0;
  alignas(nlmsghdr) std::array<char, 4096> answer;
  ssize_t n = recv(netlink_.get(), answer.data(), answer.size(), 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (n < 0 || !NLMSG_OK(header, static_cast<size_t>(n)) ||
      header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return 0;
  }
  const auto* found = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
  // Without a connection the kernel answers with the socket that listens.
  if (found->idiag_state == TCP_LISTEN) return 0;
  return found->idiag_inode;
}

bool AcceptedBy::Has(const std::vector<pid_t>& pids, uint64_t inode) {
  return std::any_of(pids.begin(), pids.end(), [inode](pid_t pid) {
    return ProcessHasSocket(pid, inode);
  });
}

}  // namespace fleet::agent
