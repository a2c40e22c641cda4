#include "node_agent/keeper/packet_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fleet::keeper {

int Packet::TakeFd(size_t index) {
  int fd = fds[index];
  fds[index] = -1;
  return fd;
}

void Packet::CloseFds() {
  for (size_t i = 0; i < n_fds; ++i) {
    if (fds[i] >= 0) close(fds[i]);
  }
  n_fds = 0;
}

ReceiveResult ReceivePacket(int socket, Packet& packet) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof packet.fds)];
  iovec part{packet.bytes, sizeof packet.bytes};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  packet.n_fds = 0;
  ssize_t n;
  do {
    n = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET comes once, before what a dead agent still said.
  } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
  if (n < 0 && errno == EAGAIN) return ReceiveResult::kNothing;
  if (n < 0) return ReceiveResult::kClosed;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr;
       c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(packet.fds + packet.n_fds, CMSG_DATA(c), count * sizeof(int));
    packet.n_fds += count;
  }
  packet.size = static_cast<size_t>(n);
  packet.fds_lost = (header.msg_flags & MSG_CTRUNC) != 0;
  if (n == 0) return ReceiveResult::kClosed;
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    packet.CloseFds();
    return ReceiveResult::kOversized;
  }
  return ReceiveResult::kPacket;
}

SendResult SendPacket(int socket, const void* fixed, size_t fixed_size,
                      const char* tail, size_t tail_size, int fd) {
  iovec parts[2] = {{const_cast<void*>(fixed), fixed_size},
                    {const_cast<char*>(tail), tail_size}};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = tail_size > 0 ? 2 : 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  ssize_t n;
  do {
    n = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return SendResult::kSent;
  // ETOOMANYREFS: too many descriptors on their way; the reader will help.
  bool full = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ||
              errno == ETOOMANYREFS;
  return full ? SendResult::kFull : SendResult::kClosed;
}

}  // namespace fleet::keeper
