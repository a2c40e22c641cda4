#include "tests/e2e/http_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fleet::e2e {
namespace {

constexpr int kAnswerSeconds = 20;

// With a time limit on them, calls of sockets end with EINTR when the whole
// process is stopped and goes on (signal(7)): no failure of who serves.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// connect(2), which goes on by itself when it was interrupted.
int ConnectTo(int fd, const sockaddr_in& address) {
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (connect(fd, name, sizeof address) == 0) return 0;
  if (errno != EINTR) return -1;
  pollfd waits{fd, POLLOUT, 0};
  Uninterrupted([&] { return poll(&waits, 1, kAnswerSeconds * 1000); });
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if ((waits.revents & POLLOUT) != 0) {
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  errno = error;
  return error == 0 ? 0 : -1;
}

int Connect(const HttpLoad::Target& target, std::string* failure) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{kAnswerSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<uint16_t>(target.port));
  inet_pton(AF_INET, target.address.c_str(), &a.sin_addr);
  if (ConnectTo(fd, a) == 0) return fd;
  *failure = std::string("connect: ") + std::strerror(errno);
  close(fd);
  return -1;
}

bool SendAll(int fd, const std::string& data, std::string* failure) {
  size_t sent = 0;
  while (sent < data.size()) {
    const ssize_t n = Uninterrupted([&] {
      return send(fd, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    });
    if (n <= 0) {
      *failure = std::string("send: ") + std::strerror(errno);
      return false;
    }
    sent += static_cast<size_t>(n);
  }
  return true;
}

// Value of a header of `head`, lower-case name with ": "; empty when absent.
std::string Header(const std::string& head, const char* name) {
  size_t length = std::strlen(name);
  for (size_t at = head.find("\r\n"); at != std::string::npos;
       at = head.find("\r\n", at + 2)) {
    const char* line = head.c_str() + at + 2;
    if (strncasecmp(line, name, length) == 0) {
      std::string value = line + length;
      return value.substr(0, value.find("\r\n"));
    }
  }
  return "";
}

// One answer being read from a connection.
class AnswerReader {
 public:
  // False with `failure` set when the connection ended before the answer did.
  bool Read(int fd, HttpAnswer* answer, bool* server_closes) {
    while (!Complete(answer, server_closes)) {
      char block[16384];
      const ssize_t n =
          Uninterrupted([&] { return recv(fd, block, sizeof block, 0); });
      if (n > 0) {
        data_.append(block, static_cast<size_t>(n));
        continue;
      }
      answer->failure = n == 0 ? "closed before the answer"
                               : std::string("recv: ") + std::strerror(errno);
      return false;
    }
    return true;
  }

 private:
  bool Complete(HttpAnswer* answer, bool* server_closes) {
    size_t end = data_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    std::string head = data_.substr(0, end + 2);
    *server_closes = Header(head, "connection: ") == "close";
    answer->status = std::atoi(head.c_str() + 9);
    std::string body = data_.substr(end + 4);
    std::string length = Header(head, "content-length: ");
    if (!length.empty()) {
      if (body.size() < std::strtoull(length.c_str(), nullptr, 10)) {
        return false;
      }
      answer->body = body;
      return true;
    }
    return ChunkedComplete(body, answer);
  }

  static bool ChunkedComplete(const std::string& body, HttpAnswer* answer) {
    std::string text;
    size_t at = 0;
    while (true) {
      size_t line = body.find("\r\n", at);
      if (line == std::string::npos) return false;
      size_t size = std::strtoull(body.c_str() + at, nullptr, 16);
      if (body.size() < line + 2 + size + 2) return false;
      if (size == 0) break;
      text.append(body, line + 2, size);
      at = line + 2 + size + 2;
    }
    answer->body = text;
    return true;
  }

  std::string data_;
};

std::string RequestText(const HttpLoad::Target& target, LoadMode mode) {
  std::string text = "GET " + target.path + " HTTP/1.1\r\nHost: fleet\r\n";
  if (mode == LoadMode::kClose) text += "Connection: close\r\n";
  return text + "\r\n";
}

}  // namespace

HttpLoad::HttpLoad(std::vector<Target> targets, LoadMode mode, int clients,
                   absl::Duration pause)
    : mode_(mode), pause_(pause) {
  for (const Target& target : targets) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, target] { RunClient(target); });
    }
  }
}

HttpLoad::~HttpLoad() { Stop(); }

void HttpLoad::RunClient(const Target& target) {
  const std::string request = RequestText(target, mode_);
  int fd = -1;
  while (!stop_) {
    HttpAnswer answer;
    bool server_closes = false;
    if (fd < 0) fd = Connect(target, &answer.failure);
    if (fd >= 0 && SendAll(fd, request, &answer.failure)) {
      AnswerReader().Read(fd, &answer, &server_closes);
    }
    bool ok = answer.failure.empty() && answer.status == 200;
    Record(ok, ok ? answer.body
               : answer.failure.empty()
                   ? "status " + std::to_string(answer.status)
                   : answer.failure);
    if (fd >= 0 && (!ok || server_closes || mode_ == LoadMode::kClose)) {
      close(fd);
      fd = -1;
    }
    Rest();
  }
  if (fd >= 0) close(fd);
}

void HttpLoad::Rest() {
  if (pause_ == absl::ZeroDuration()) return;
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_.wait_for(lock, absl::ToChronoMilliseconds(pause_),
                     [this] { return stop_.load(); });
}

void HttpLoad::Record(bool ok, const std::string& what) {
  std::lock_guard<std::mutex> lock(mutex_);
  ++(ok ? counts_.served : counts_.failed);
  auto& kinds = ok ? counts_.bodies : counts_.reasons;
  if (kinds.size() < 64 || kinds.contains(what)) ++kinds[what];
  served_.notify_all();
}

bool HttpLoad::AwaitServed(int64_t count, absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  const int64_t goal = counts_.served + count;
  return served_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                          [&] { return counts_.served >= goal; });
}

LoadCounts HttpLoad::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  for (std::thread& t : threads_) {
    if (t.joinable()) t.join();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

HttpAnswer HttpGet(const HttpLoad::Target& target) {
  HttpAnswer answer;
  int fd = Connect(target, &answer.failure);
  if (fd < 0) return answer;
  bool server_closes = false;
  if (SendAll(fd, RequestText(target, LoadMode::kClose), &answer.failure)) {
    AnswerReader().Read(fd, &answer, &server_closes);
  }
  close(fd);
  return answer;
}

}  // namespace fleet::e2e
