#include "node_agent/probe.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node_agent/listen_address.h"

namespace fleet::agent {
namespace {

constexpr int kMaxAttempts = 50;
constexpr absl::Duration kFirstAcceptWait = absl::Microseconds(500);
constexpr absl::Duration kMaxAcceptWait = absl::Milliseconds(20);

std::string Lower(const char* text) {
  std::string lower = text;
  if (!lower.empty()) {
    lower[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(lower[0])));
  }
  return lower;
}

}  // namespace

Probe::Probe(EventLoop& loop, ProbeTarget target, ProbeDone done)
    : loop_(loop),
      target_(std::move(target)),
      talk_(MakeProbeTalk(target_.request, Authority())),
      done_(std::move(done)) {
  deadline_ = loop_.AddTimerAfter(target_.request.timeout, [this] {
    deadline_ = 0;
    Finish(false,
           connected_
               ? absl::StrCat("no answer within ",
                              absl::FormatDuration(target_.request.timeout))
               : "no connection in time");
  });
  Connect();
}

Probe::~Probe() {
  *alive_ = false;
  Disconnect();
  if (deadline_ != 0) loop_.CancelTimer(deadline_);
}

void Probe::Disconnect() {
  if (accept_timer_ != 0) loop_.CancelTimer(std::exchange(accept_timer_, 0));
  if (fd_.valid()) loop_.RemoveFd(fd_.get());
  fd_.Reset();
  if (pinned_port_ != 0) target_.route->Unpin(std::exchange(pinned_port_, 0));
  connected_ = false;
  sent_ = false;
}

void Probe::Connect() {
  Disconnect();
  accept_wait_ = kFirstAcceptWait;
  if (++attempts_ > kMaxAttempts) {
    return Finish(false, "only the app's other workers answered");
  }
  auto name = MakeInetAddress(target_.host, target_.request.port, AF_INET);
  if (!name.ok()) return Finish(false, std::string(name.status().message()));
  fd_.Reset(
      socket(name->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_.valid()) return Finish(false, Lower(std::strerror(errno)));
  if (target_.route != nullptr) {
    // Chooses the source port, so that it can be pinned before it is used.
    auto any = MakeInetAddress("", 0, name->family());
    if (any.ok() && bind(fd_.get(), any->get(), any->size) == 0) {
      pinned_port_ = static_cast<uint16_t>(LocalPort(fd_.get()));
      target_.route->Pin(pinned_port_);
    }
  }
  if (connect(fd_.get(), name->get(), name->size) != 0 &&
      errno != EINPROGRESS) {
    return Finish(false, Lower(std::strerror(errno)));
  }
  loop_.AddFd(fd_.get(), EPOLLOUT,
              [this](uint32_t events) { OnEvents(events); });
}

void Probe::OnEvents(uint32_t events) {
  if (connected_) {
    if (sent_) return ReadAnswer();
    // Whoever accepted it has thrown it away already.
    return (events & (EPOLLHUP | EPOLLERR)) != 0 ? Connect() : AwaitAcceptor();
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Finish(false, Lower(std::strerror(error)));
  OnConnected();
}

void Probe::OnConnected() {
  connected_ = true;
  // Nothing is awaited from the socket before a request is sent.
  loop_.RemoveFd(fd_.get());
  loop_.AddFd(fd_.get(), 0, [this](uint32_t events) { OnEvents(events); });
  if (target_.route != nullptr && target_.wait_for_acceptor) {
    return AwaitAcceptor();
  }
  SaySomething();
}

void Probe::AwaitAcceptor() {
  if (accept_timer_ != 0) loop_.CancelTimer(std::exchange(accept_timer_, 0));
  switch (target_.route->WhoAccepted(fd_.get())) {
    case ProbeRoute::Acceptor::kWanted:
      return SaySomething();
    case ProbeRoute::Acceptor::kOther:
      return Connect();
    case ProbeRoute::Acceptor::kNobody:
      loop_.ModifyFd(fd_.get(), 0);
      accept_timer_ = loop_.AddTimerAfter(accept_wait_, [this] {
        accept_timer_ = 0;
        accept_wait_ = std::min(accept_wait_ * 2, kMaxAcceptWait);
        AwaitAcceptor();
      });
      return;
  }
}

void Probe::SaySomething() {
  if (talk_ == nullptr) return Finish(true, "connected");
  sent_ = true;
  loop_.ModifyFd(fd_.get(), EPOLLIN);
  Send(talk_->Opening());
}

// A new connection's buffer has room for so little.
void Probe::Send(const std::string& bytes) {
  if (bytes.empty()) return;
  ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(bytes.size())) return;
  Finish(false, n < 0 ? Lower(std::strerror(errno)) : "it reads nothing");
}

void Probe::ReadAnswer() {
  std::array<char, 4096> bytes;
  ssize_t n = recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return Finish(false, Lower(std::strerror(errno)));
  std::string reply;
  auto verdict = talk_->OnBytes({bytes.data(), static_cast<size_t>(n)}, &reply);
  if (verdict.has_value()) return Finish(verdict->success, verdict->answer);
  Send(reply);
}

std::string Probe::Authority() const {
  bool v6 = target_.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", target_.host, v6 ? "]:" : ":",
                      target_.request.port);
}

std::string Probe::Describe(const std::string& answer) const {
  return absl::StrCat(
      talk_ == nullptr ? "connect to " : absl::StrCat(talk_->Name(), " on "),
      Authority(), ": ", answer);
}

void Probe::Finish(bool success, const std::string& answer) {
  if (std::exchange(finished_, true)) return;
  Disconnect();
  if (deadline_ != 0) loop_.CancelTimer(std::exchange(deadline_, 0));
  loop_.Post(
      [this, alive = alive_, result = ProbeResult{success, Describe(answer)}] {
        if (!*alive) return;
        ProbeDone done = std::move(done_);
        done(result);
      });
}

}  // namespace fleet::agent
