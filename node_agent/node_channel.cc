#include "node_agent/node_channel.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fleet::agent {
namespace {

// More than any line of Node's own, and what one turn looks at.
constexpr size_t kWindowBytes = 64 << 10;
constexpr int kReadsPerTurn = 8;
constexpr int kMaxTries = 3;
constexpr int64_t kMaxLoggedSkips = 10;
// A line whose end does not come is taken into memory then: its writer may
// wait for room in the socket.
constexpr absl::Duration kStall = absl::Milliseconds(200);
constexpr size_t kMaxFdsPerMessage = 253;  // The kernel's SCM_MAX_FD.

void CloseReceived(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr;
       c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      UniqueFd closed(fd);
    }
  }
}

}  // namespace

NodeChannel::NodeChannel(EventLoop& loop, UniqueFd fd, std::string name,
                         bool inside_line, Listener& listener)
    : loop_(loop),
      fd_(std::move(fd)),
      name_(std::move(name)),
      listener_(listener),
      long_line_(inside_line),
      discard_line_(inside_line) {
  loop_.AddFd(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
              [this](uint32_t events) { OnEvents(events); });
}

NodeChannel::~NodeChannel() {
  *alive_ = false;
  if (stall_timer_ != 0) loop_.CancelTimer(stall_timer_);
  if (fd_.valid()) loop_.RemoveFd(fd_.get());
}

void NodeChannel::OnEvents(uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) hung_up_ = true;
  Flush();
  if (fd_.valid()) Read();
}

void NodeChannel::Read() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (!fd_.valid() || !ReadOnce()) return;
  }
  // Others are to have their turn; no new edge will come for the rest.
  loop_.Post([this, alive = alive_] {
    if (*alive && fd_.valid()) Read();
  });
}

bool NodeChannel::ReadOnce() {
  // On the stack: a thousand idle channels need no buffers.
  std::array<char, kWindowBytes> window;
  ssize_t n =
      recv(fd_.get(), window.data(), window.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
  if (n <= 0) {
    Close();
    return false;
  }
  std::string_view seen(window.data(), static_cast<size_t>(n));
  return long_line_ ? ReadLongLine(seen) : HandleLines(seen);
}

bool NodeChannel::HandleLines(std::string_view seen) {
  size_t before = handled_;
  while (fd_.valid()) {
    size_t end = seen.find('\n', handled_);
    if (end == std::string_view::npos) break;
    std::string_view line = seen.substr(handled_, end - handled_);
    handled_ = end + 1;
    HandleLine(line);
  }
  if (!fd_.valid()) return false;
  bool progress = handled_ > before;
  size_t partial = seen.size() - handled_;
  bool full = seen.size() == kWindowBytes;
  if (queue_.empty() || must_consume_ || full || hung_up_) {
    Consume(std::exchange(handled_, 0));
    must_consume_ = false;
  }
  if (full && partial == seen.size()) {
    EnterLongLine();
    return true;
  }
  if (partial == 0) return progress;
  if (hung_up_ && !progress) {
    Close();
    return false;
  }
  if (stalled_ && handled_ == 0) {
    EnterLongLine();
    return true;
  }
  ArmStallTimer();
  return progress;
}

void NodeChannel::ArmStallTimer() {
  if (stall_timer_ != 0) return;
  stall_timer_ = loop_.AddTimerAfter(kStall, [this] {
    stall_timer_ = 0;
    stalled_ = true;
    Read();
    stalled_ = false;
  });
}

void NodeChannel::EnterLongLine() {
  long_line_ = true;
  discard_line_ = false;
  long_bytes_.clear();
  listener_.OnLongLine(true);
}

bool NodeChannel::ReadLongLine(std::string_view seen) {
  size_t end = seen.find('\n');
  std::string_view piece = seen.substr(0, end);
  if (!discard_line_ && long_bytes_.size() + piece.size() > kMaxLineBytes) {
    Skip(long_bytes_, "longer than 16 MiB");
    discard_line_ = true;
    long_bytes_ = std::string();
  }
  if (!discard_line_) long_bytes_.append(piece);
  Consume(end == std::string_view::npos ? seen.size() : end + 1);
  if (end == std::string_view::npos) return true;
  std::string line = std::exchange(long_bytes_, std::string());
  long_line_ = false;
  if (!discard_line_) HandleLine(line);
  listener_.OnLongLine(false);
  return true;
}

void NodeChannel::HandleLine(std::string_view line, bool inner) {
  std::optional<NodeMessage> message = ParseNodeMessage(line);
  if (!message.has_value()) return Skip(line, "not JSON");
  switch (message->kind) {
    case NodeMessage::Kind::kHandleAck:
    case NodeMessage::Kind::kHandleNack:
      OnHandleAnswered(message->kind == NodeMessage::Kind::kHandleAck);
      return;
    case NodeMessage::Kind::kHandle:
      // Each level would be read as often as it is deep.
      if (inner) return Skip(line, "a descriptor's within another's");
      // Else the child would never send anything again. Nothing behind the
      // descriptor can be peeked at before it is taken out.
      must_consume_ = true;
      SendAck();
      if (!message->inner.empty()) HandleLine(message->inner, /*inner=*/true);
      return;
    case NodeMessage::Kind::kReady:
    case NodeMessage::Kind::kOnline:
    case NodeMessage::Kind::kQueryServer:
    case NodeMessage::Kind::kListening:
    case NodeMessage::Kind::kClose:
    case NodeMessage::Kind::kExitedAfterDisconnect:
    case NodeMessage::Kind::kDraining:
    case NodeMessage::Kind::kLoop:
    case NodeMessage::Kind::kOtherInternal:
    case NodeMessage::Kind::kAction:
    case NodeMessage::Kind::kActionReply:
    case NodeMessage::Kind::kMetrics:
    case NodeMessage::Kind::kApp:
      listener_.OnNodeMessage(*message);
      return;
  }
}

void NodeChannel::Skip(std::string_view line, const char* why) {
  if (++skipped_lines_ > kMaxLoggedSkips) return;
  spdlog::warn("{}: skipped a message on its IPC channel that is {}: {:.80}",
               name_, why, line);
}

void NodeChannel::Consume(size_t bytes) {
  std::array<char, CMSG_SPACE(kMaxFdsPerMessage * sizeof(int))> control;
  std::array<char, 16 << 10> sink;
  while (bytes > 0) {
    iovec part{sink.data(), std::min(bytes, sink.size())};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    CloseReceived(message);
    bytes -= static_cast<size_t>(n);
  }
}

void NodeChannel::OnHandleAnswered(bool accepted) {
  if (!awaiting_.fd.valid()) return;  // It answers the agent before us.
  Outgoing out = std::exchange(awaiting_, Outgoing());
  if (!accepted && ++out.tries < kMaxTries) {
    queued_bytes_ += out.bytes.size();
    queue_.push_front(std::move(out));
  }
  Flush();
}

void NodeChannel::SendAck() {
  ++acks_due_;
  Flush();
}

bool NodeChannel::Send(const std::string& line, int fd) {
  if (!fd_.valid() || line.size() >= kMaxSendBytes ||
      queued_bytes_ + line.size() >= kMaxQueuedBytes) {
    spdlog::warn("{}: a message to it is dropped: {}", name_,
                 !fd_.valid() ? "the channel is closed"
                 : line.size() >= kMaxSendBytes
                     ? "longer than 64 KiB"
                     : "16 MiB wait already and it does not read");
    return false;
  }
  Outgoing out;
  out.bytes = line + "\n";
  if (fd >= 0) {
    out.fd.Reset(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!out.fd.valid()) return false;
  }
  queued_bytes_ += out.bytes.size();
  queue_.push_back(std::move(out));
  Flush();
  return true;
}

void NodeChannel::Flush() {
  while (acks_due_ > 0 && fd_.valid()) {
    Outgoing ack;
    ack.bytes = NodeHandleAck() + "\n";
    if (!WriteOne(ack)) return;
    --acks_due_;
  }
  while (!queue_.empty() && fd_.valid() && !awaiting_.fd.valid()) {
    if (!WriteOne(queue_.front())) return;
    Outgoing sent = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= sent.bytes.size();
    if (sent.fd.valid()) awaiting_ = std::move(sent);
  }
}

bool NodeChannel::WriteOne(const Outgoing& out) {
  iovec part{const_cast<char*>(out.bytes.data()), out.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (out.fd.valid()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int fd = out.fd.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t n = sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(out.bytes.size())) return true;
  if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
    return false;  // EPOLLOUT will come.
  }
  // Gone; what it wrote before is still to be read, so Read() closes.
  hung_up_ = true;
  queue_.clear();
  queued_bytes_ = 0;
  acks_due_ = 0;
  return false;
}

void NodeChannel::Close() {
  if (!fd_.valid()) return;
  loop_.RemoveFd(fd_.get());
  fd_.Reset();
  queue_.clear();
  loop_.Post([this, alive = alive_] {
    if (*alive) listener_.OnNodeChannelClosed();
  });
}

}  // namespace fleet::agent
