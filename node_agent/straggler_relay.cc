#include "node_agent/straggler_relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "node_agent/listen_address.h"
#include "node_agent/unique_fd.h"

namespace fleet::agent {
namespace {

constexpr size_t kBufferBytes = 16 << 10;

bool MayAccept(int listener, bool alone) {
  int flags = fcntl(listener, F_GETFL);
  if ((flags & O_NONBLOCK) != 0) return true;
  return alone && fcntl(listener, F_SETFL, flags | O_NONBLOCK) == 0;
}

// The client closed it before anybody had accepted, and sent nothing.
bool HasGone(int client) {
  char byte = 0;
  ssize_t n = recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN);
}

// To the address that the client wanted, which is one of this machine's.
UniqueFd ConnectLikewise(int client) {
  SocketAddress name;
  name.size = sizeof name.storage;
  if (getsockname(client, reinterpret_cast<sockaddr*>(&name.storage),
                  &name.size) != 0) {
    return UniqueFd();
  }
  UniqueFd fd(
      socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  bool begun = fd.valid() && (connect(fd.get(), name.get(), name.size) == 0 ||
                              errno == EINPROGRESS);
  return begun ? std::move(fd) : UniqueFd();
}

// One direction.
struct Way {
  int from = -1;
  int to = -1;
  std::array<char, kBufferBytes> bytes;
  size_t begin = 0;
  size_t end = 0;
  bool read_all = false;
  bool done = false;  // And the other end knows.

  bool pending() const { return begin < end; }
};

// Moves what can be moved; false: the connection is broken.
bool Move(Way& way, bool* moved) {
  while (!way.done) {
    if (!way.pending() && way.read_all) {
      way.done = true;
      return shutdown(way.to, SHUT_WR) == 0;
    }
    ssize_t n = way.pending()
                    ? send(way.to, way.bytes.data() + way.begin,
                           way.end - way.begin, MSG_NOSIGNAL)
                    : recv(way.from, way.bytes.data(), way.bytes.size(), 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    *moved = true;
    if (way.pending()) {
      way.begin += static_cast<size_t>(n);
    } else {
      way.read_all = n == 0;
      way.begin = 0;
      way.end = static_cast<size_t>(n);
    }
  }
  return true;
}

}  // namespace

// Edge-triggered: whatever happens, both ways go on as far as they can.
class StragglerRelay::Connection {
 public:
  Connection(StragglerRelay& relay, UniqueFd client, UniqueFd server)
      : relay_(relay), client_(std::move(client)), server_(std::move(server)) {
    up_.from = down_.to = client_.get();
    up_.to = down_.from = server_.get();
    constexpr uint32_t kAll = EPOLLIN | EPOLLOUT | EPOLLET;
    relay_.loop_.AddFd(client_.get(), kAll, [this](uint32_t) { GoOn(); });
    relay_.loop_.AddFd(server_.get(), kAll, [this](uint32_t) {
      connected_ = true;  // Or has failed, which shows in the first send.
      GoOn();
    });
    ArmIdle();
  }
  ~Connection() {
    relay_.loop_.CancelTimer(idle_);
    relay_.loop_.RemoveFd(client_.get());
    relay_.loop_.RemoveFd(server_.get());
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 private:
  void ArmIdle() {
    relay_.loop_.CancelTimer(idle_);
    idle_ = relay_.loop_.AddTimerAfter(kIdle, [this] { End(); });
  }

  void GoOn() {
    if (!connected_ || ended_) return;
    bool moved = false;
    if (!Move(up_, &moved) || !Move(down_, &moved) ||
        (up_.done && down_.done)) {
      return End();
    }
    if (moved) ArmIdle();
  }

  void End() {
    if (!std::exchange(ended_, true)) relay_.End(this);
  }

  StragglerRelay& relay_;
  UniqueFd client_;
  UniqueFd server_;
  bool connected_ = false;
  bool ended_ = false;
  Way up_;
  Way down_;
  EventLoop::TimerId idle_ = 0;
};

StragglerRelay::StragglerRelay(EventLoop& loop) : loop_(loop) {}

StragglerRelay::~StragglerRelay() { *alive_ = false; }

int StragglerRelay::TakeAll(int listener, bool alone) {
  int taken = 0;
  if (!MayAccept(listener, alone)) return taken;
  while (!full()) {
    UniqueFd client(
        accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.valid()) break;
    if (HasGone(client.get())) continue;
    UniqueFd server = ConnectLikewise(client.get());
    if (!server.valid()) continue;
    active_.push_back(std::make_unique<Connection>(*this, std::move(client),
                                                   std::move(server)));
    ++taken;
  }
  carried_ += taken;
  return taken;
}

// Later: its own callback may be running.
void StragglerRelay::End(Connection* connection) {
  loop_.Post([this, alive = alive_, connection] {
    if (!*alive) return;
    active_.remove_if(
        [connection](const auto& one) { return one.get() == connection; });
  });
}

}  // namespace fleet::agent
