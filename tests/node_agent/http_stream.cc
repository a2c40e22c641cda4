#include "tests/node_agent/http_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node_agent/listen_address.h"

namespace fleet::agent {

HttpStream::HttpStream(EventLoop& loop, const std::string& host, int port,
                       int clients, bool keep_alive)
    : loop_(loop), host_(host), port_(port), keep_alive_(keep_alive) {
  for (int i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    Begin(*clients_.back());
  }
}

HttpStream::~HttpStream() {
  *alive_ = false;
  for (auto& client : clients_) Close(*client);
}

bool HttpStream::idle() const {
  return std::none_of(clients_.begin(), clients_.end(),
                      [](const auto& client) { return client->fd.valid(); });
}

void HttpStream::Close(Client& client) {
  if (client.fd.valid()) loop_.RemoveFd(client.fd.get());
  client.fd.Reset();
  client.received.clear();
  client.on_connection = 0;
}

void HttpStream::Begin(Client& client) {
  if (finishing_) return;
  auto name = MakeInetAddress(host_, port_, AF_INET);
  client.fd.Reset(
      socket(name->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(client.fd.get(), name->get(), name->size) != 0 &&
      errno != EINPROGRESS) {
    std::string why = std::strerror(errno);
    client.fd.Reset();
    return Fail(client, absl::StrCat("connect: ", why));
  }
  loop_.AddFd(client.fd.get(), EPOLLOUT,
              [this, &client](uint32_t events) { OnEvents(client, events); });
}

void HttpStream::SendRequest(Client& client) {
  std::string request =
      absl::StrCat("GET / HTTP/1.1\r\nHost: test\r\n",
                   keep_alive_ ? "" : "Connection: close\r\n", "\r\n");
  client.received.clear();
  ssize_t n =
      send(client.fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (n < 0) return Fail(client, absl::StrCat("send: ", strerror(errno)));
  loop_.ModifyFd(client.fd.get(), EPOLLIN);
}

void HttpStream::OnEvents(Client& client, uint32_t events) {
  if ((events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
    return SendRequest(client);
  }
  std::array<char, 4096> bytes;
  ssize_t n = recv(client.fd.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    return Fail(client,
                absl::StrCat(n == 0 ? "closed" : std::strerror(errno),
                             " after ", client.on_connection, " answers and ",
                             client.received.size(), " bytes"));
  }
  client.received.append(bytes.data(), static_cast<size_t>(n));
  size_t head = client.received.find("\r\n\r\n");
  size_t length_at = client.received.find("Content-Length: ");
  int64_t length = 0;
  if (head == std::string::npos || length_at > head ||
      !absl::SimpleAtoi(
          client.received.substr(
              length_at + 16,
              client.received.find('\r', length_at) - length_at - 16),
          &length) ||
      client.received.size() < head + 4 + static_cast<size_t>(length)) {
    return;
  }
  bool close = client.received.find("Connection: close") < head;
  OnAnswer(client, client.received.substr(head + 4), close);
}

void HttpStream::OnAnswer(Client& client, const std::string& body, bool close) {
  ++answers_;
  ++bodies_[body];
  ++client.on_connection;
  if (finishing_ || close || !keep_alive_) {
    Close(client);
    return Begin(client);
  }
  SendRequest(client);
}

void HttpStream::Fail(Client& client, const std::string& why) {
  ++failures_;
  if (first_failure_.empty()) first_failure_ = why;
  Close(client);
  loop_.Post([this, alive = alive_, &client] {
    if (*alive) Begin(client);
  });
}

}  // namespace fleet::agent
