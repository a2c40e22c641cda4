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

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node_agent/listen_address.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

constexpr int kMaxAttempts = 50;
constexpr size_t kMaxAnswerBytes = 8 << 10;
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

int ParseHttpStatus(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr size_t kCodeAt = 9;
  int code = 0;
  if (!line.starts_with(kVersion) || line.size() < kCodeAt + 3 ||
      line[kCodeAt - 1] != ' ' || line[kCodeAt] < '1' || line[kCodeAt] > '5' ||
      !absl::SimpleAtoi(ToAbsl(line.substr(kCodeAt, 3)), &code)) {
    return 0;
  }
  return code;
}

Probe::Probe(EventLoop& loop, ProbeTarget target, Done done)
    : loop_(loop), target_(std::move(target)), done_(std::move(done)) {
  deadline_ = loop_.AddTimerAfter(target_.timeout, [this] {
    deadline_ = 0;
    Finish(false, connected_
                      ? absl::StrCat("no answer within ",
                                     absl::FormatDuration(target_.timeout))
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
  auto name = MakeInetAddress(target_.host, target_.port, AF_INET);
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
  if (!target_.http.has_value()) return Finish(true, "connected");
  SendRequest();
}

void Probe::AwaitAcceptor() {
  if (accept_timer_ != 0) loop_.CancelTimer(std::exchange(accept_timer_, 0));
  switch (target_.route->WhoAccepted(fd_.get())) {
    case ProbeRoute::Acceptor::kWanted:
      if (!target_.http.has_value()) return Finish(true, "connected");
      return SendRequest();
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

void Probe::SendRequest() {
  bool v6 = target_.host.find(':') != std::string::npos;
  std::string request = absl::StrCat(
      "GET ", target_.http->path, " HTTP/1.1\r\nHost: ", v6 ? "[" : "",
      target_.host, v6 ? "]:" : ":", target_.port,
      "\r\nUser-Agent: fleet-probe\r\nAccept: */*\r\nConnection: "
      "close\r\n\r\n");
  // A new connection's buffer has room for so little.
  ssize_t n = send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (n != static_cast<ssize_t>(request.size())) {
    return Finish(false, Lower(std::strerror(errno)));
  }
  sent_ = true;
  loop_.ModifyFd(fd_.get(), EPOLLIN);
}

void Probe::ReadAnswer() {
  std::array<char, 1024> bytes;
  ssize_t n = recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return Finish(false, Lower(std::strerror(errno)));
  answer_.append(bytes.data(), static_cast<size_t>(n));
  bool complete = answer_.find('\n') != std::string::npos;
  if (!complete && n > 0 && answer_.size() < kMaxAnswerBytes) return;
  int status = ParseHttpStatus(answer_);
  if (status == 0) {
    return Finish(false, answer_.empty()
                             ? "closed the connection without an answer"
                             : "the answer is not HTTP/1");
  }
  int wanted = target_.http->status;
  bool right = wanted == 0 ? status >= 200 && status < 400 : status == wanted;
  Finish(right, absl::StrCat(status));
}

std::string Probe::Describe(const std::string& answer) const {
  bool v6 = target_.host.find(':') != std::string::npos;
  return absl::StrCat(
      target_.http.has_value() ? absl::StrCat("GET ", target_.http->path)
                               : "connect",
      target_.http.has_value() ? " on " : " to ", v6 ? "[" : "", target_.host,
      v6 ? "]:" : ":", target_.port, ": ", answer);
}

void Probe::Finish(bool success, const std::string& answer) {
  if (std::exchange(finished_, true)) return;
  Disconnect();
  if (deadline_ != 0) loop_.CancelTimer(std::exchange(deadline_, 0));
  loop_.Post(
      [this, alive = alive_, result = ProbeResult{success, Describe(answer)}] {
        if (!*alive) return;
        Done done = std::move(done_);
        done(result);
      });
}

}  // namespace fleet::agent
