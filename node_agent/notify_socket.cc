#include "node_agent/notify_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node_agent/listen_address.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxDatagramBytes = 4096;
constexpr int kDatagramsPerTurn = 64;
constexpr size_t kMaxFds = 253;  // The kernel's SCM_MAX_FD.
// Workers run as any user.
constexpr mode_t kAnybody = 0666;

// Takes the sender from the control messages, and the descriptors into `fds`.
pid_t ReadControl(msghdr& message, std::vector<UniqueFd>& fds) {
  pid_t sender = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr;
       c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
      sender = credentials.pid;
    } else if (c->cmsg_type == SCM_RIGHTS) {
      size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        fds.emplace_back(fd);
      }
    }
  }
  return sender;
}

}  // namespace

absl::StatusOr<UniqueFd> NotifySocket::Open(const std::string& path) {
  std::string what = absl::StrCat("cannot open the notify socket ", path);
  ASSIGN_OR_RETURN(SocketAddress name, MakeUnixAddress(path));
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int on = 1;
  // One agent at a time has this folder: the path is a dead one's.
  unlink(path.c_str());
  if (!fd.valid() ||
      setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      bind(fd.get(), name.get(), name.size) != 0 ||
      chmod(path.c_str(), kAnybody) != 0) {
    return ErrnoStatus(errno, what);
  }
  return fd;
}

NotifySocket::NotifySocket(EventLoop& loop, UniqueFd fd, Callback callback)
    : loop_(loop), fd_(std::move(fd)), callback_(std::move(callback)) {
  loop_.AddFd(fd_.get(), EPOLLIN, [this](uint32_t) { Read(); });
}

NotifySocket::~NotifySocket() { loop_.RemoveFd(fd_.get()); }

void NotifySocket::Read() {
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    if (!ReadOne()) return;
  }
}

bool NotifySocket::ReadOne() {
  std::array<char, kMaxDatagramBytes> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) +
                                        CMSG_SPACE(kMaxFds * sizeof(int))>
      control;
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return errno == EINTR;
  // They are closed at the end, which is what BARRIER=1 waits for.
  std::vector<UniqueFd> fds;
  pid_t sender = ReadControl(message, fds);
  if (sender == 0 || (message.msg_flags & MSG_TRUNC) != 0) {
    ++dropped_;
    return true;
  }
  Deliver(sender, std::string_view(bytes.data(), static_cast<size_t>(n)));
  return true;
}

void NotifySocket::Deliver(pid_t sender, std::string_view bytes) {
  std::optional<NotifyMessage> message = ParseNotifyMessage(bytes);
  if (!message.has_value()) {
    ++dropped_;
    return;
  }
  callback_(sender, *message);
}

}  // namespace fleet::agent
