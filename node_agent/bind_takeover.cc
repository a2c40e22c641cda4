#include "node_agent/bind_takeover.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/declared_address.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

// Calls answered in one turn of the loop.
constexpr int kCallsPerTurn = 16;

bool IsSocket(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

int OptionOf(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(socket, level, name, &value, &size);
  return value;
}

// The descriptor that the child has sent. It stays in the queue: until the
// keeper holds it by itself, this queue is where it lives.
UniqueFd PeekListener(int socket) {
  char byte = 0;
  iovec part{&byte, sizeof byte};
  int fd = -1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n =
      recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (n <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return UniqueFd();
  }
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

// What connections inherit of the socket that they are accepted from.
void CopyOptions(int from, int to) {
  struct Option {
    int level;
    int name;
  };
  for (Option o :
       {Option{IPPROTO_TCP, TCP_NODELAY}, Option{SOL_SOCKET, SO_KEEPALIVE},
        Option{IPPROTO_TCP, TCP_KEEPIDLE}, Option{IPPROTO_TCP, TCP_KEEPINTVL},
        Option{IPPROTO_TCP, TCP_KEEPCNT},
        Option{IPPROTO_TCP, TCP_USER_TIMEOUT}}) {
    int value = OptionOf(from, o.level, o.name);
    if (value == OptionOf(to, o.level, o.name)) continue;
    setsockopt(to, o.level, o.name, &value, sizeof value);
  }
  int flags = fcntl(to, F_GETFL) & ~O_NONBLOCK;
  fcntl(to, F_SETFL, flags | (fcntl(from, F_GETFL) & O_NONBLOCK));
}

}  // namespace

BindTakeover::BindTakeover(EventLoop& loop, KeeperClient& keeper, Host& host,
                           std::string held_name,
                           std::vector<std::string> declared,
                           UniqueFd socket_or_listener)
    : loop_(loop),
      keeper_(keeper),
      host_(host),
      held_name_(std::move(held_name)),
      declared_(std::move(declared)),
      fd_(std::move(socket_or_listener)),
      is_socket_(IsSocket(fd_.get())) {
  Watch();
}

BindTakeover::~BindTakeover() {
  if (watched_) loop_.RemoveFd(fd_.get());
}

void BindTakeover::Watch() {
  watched_ = true;
  loop_.AddFd(fd_.get(), EPOLLIN, [this](uint32_t events) {
    return is_socket_ ? OnSocket() : OnCalls(events);
  });
}

void BindTakeover::OnSocket() {
  UniqueFd listener = PeekListener(fd_.get());
  loop_.RemoveFd(fd_.get());
  watched_ = false;
  // Its other end is closed: the program never started.
  if (!listener.valid()) return;
  keeper_.Hold(held_name_, listener.get());
  fd_ = std::move(listener);
  is_socket_ = false;
  Watch();
}

void BindTakeover::OnCalls(uint32_t events) {
  for (int i = 0; i < kCallsPerTurn && (events & EPOLLIN) != 0; ++i) {
    auto notice = BindNotice::Receive(fd_.get());
    if (notice.has_value()) Decide(*notice);
    pollfd more{fd_.get(), POLLIN, 0};
    if (poll(&more, 1, 0) <= 0 || (more.revents & POLLIN) == 0) break;
  }
  if ((events & EPOLLIN) != 0 || (events & EPOLLHUP) == 0) return;
  // The last process of the worker's has ended.
  loop_.RemoveFd(fd_.get());
  watched_ = false;
}

void BindTakeover::Decide(const BindNotice& notice) {
  bool inet =
      notice.address().size > 0 && (notice.address().family() == AF_INET ||
                                    notice.address().family() == AF_INET6);
  // Most are of no interest, and the caller waits.
  if (!inet || !MatchDeclared(declared_, notice.address(), false).has_value()) {
    return notice.Pass();
  }
  UniqueFd own = notice.Socket();
  bool tcp = own.valid() &&
             OptionOf(own.get(), SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
  if (!notice.IsValid()) return;
  if (!tcp) return notice.Pass();
  bool ipv6_only = notice.address().family() == AF_INET6 &&
                   OptionOf(own.get(), IPPROTO_IPV6, IPV6_V6ONLY) != 0;
  auto address = MatchDeclared(declared_, notice.address(), ipv6_only);
  Take(notice, *address, own.get());
}

void BindTakeover::Take(const BindNotice& notice, const ListenAddress& address,
                        int own_socket) {
  int error_number = EADDRINUSE;
  auto socket = host_.OpenSocket(address, &error_number);
  if (!socket.ok()) {
    notice.Fail(error_number);
    return host_.OnSocketRefused(socket.status());
  }
  bool too_wide = OptionOf(own_socket, SOL_SOCKET, SO_DOMAIN) == AF_INET &&
                  OptionOf(socket->fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;
  if (too_wide) {
    notice.Fail(EADDRINUSE);
    return host_.OnSocketRefused(absl::FailedPreconditionError(absl::StrCat(
        "binds ", address.Display(), ", which the app has open for IPv6 too ",
        "since another of its workers asked for that; stop the app and start ",
        "it, so that it is opened anew")));
  }
  CopyOptions(own_socket, socket->fd);
  // Before: the worker may say that it is ready right after.
  host_.OnSocketTaken(socket->key);
  // Most likely it has gone; if not, it must not wait for ever.
  if (!notice.Replace(socket->fd, notice.CloseOnExec())) {
    notice.Fail(ENOBUFS);
  }
}

}  // namespace fleet::agent
