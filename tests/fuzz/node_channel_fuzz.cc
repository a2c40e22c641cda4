// What a Node worker writes to its IPC channel, in pieces, and what the
// cluster's primary answers to it.
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "node_agent/node_channel.h"
#include "node_agent/node_cluster.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/status.h"
#include "tests/fakes/fake_keeper_client.h"
#include "tests/fuzz/input.h"

namespace fleet::agent {
namespace {

class Primary : public NodeChannel::Listener, public NodeCluster::Host {
 public:
  Primary(EventLoop& loop, UniqueFd end, KeeperClient& keeper)
      : data_(HeldNote(keeper, "data")),
        cluster_(*this, data_),
        channel_(loop, std::move(end), "fuzz", false, *this) {}

  void OnNodeMessage(const NodeMessage& message) override {
    cluster_.OnMessage(message);
  }
  void OnNodeChannelClosed() override {}
  void OnLongLine(bool /*inside*/) override {}

  absl::StatusOr<SlotSocket> OpenSocket(const ListenAddress& address,
                                        int* error_number) override {
    *error_number = EADDRINUSE;
    if (address.port % 2 == 1) return absl::UnavailableError("taken");
    return SlotSocket{STDIN_FILENO, address.Key()};
  }
  absl::StatusOr<ListenAddress> DeclaredAddress(int fd) override {
    if (fd != 3) return absl::NotFoundError("it declares none there");
    return ParseListenAddress("tcp://:3000");
  }
  void SendToWorker(const std::string& line, int fd) override {
    channel_.Send(line, fd);
  }
  void OnSocketRefused(const absl::Status& /*why*/) override {}

  // What a later agent would be told.
  void HandOver() {
    NodeCluster later(*this, data_);
    later.FromText(cluster_.ToText());
    FLEET_CHECK(later.OpenAddresses() == cluster_.OpenAddresses());
  }

 private:
  NodeSharedData data_;
  NodeCluster cluster_;
  NodeChannel channel_;
};

// So that its answers do not fill the socket.
void Drain(int fd) {
  std::array<char, 4096> sink;
  while (recv(fd, sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace
}  // namespace fleet::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                 ends.data()) != 0) {
    return 0;
  }
  fleet::FakeClock clock;
  fleet::EventLoop loop(clock);
  fleet::agent::FakeKeeperClient keeper(loop);
  fleet::agent::UniqueFd worker(ends[1]);
  fleet::agent::Primary primary(loop, fleet::agent::UniqueFd(ends[0]), keeper);
  fleet::fuzz::Input input(data, size);
  const size_t step = input.Byte() * size_t{64} + 1;
  while (!input.empty()) {
    const std::string_view piece = input.Take(step);
    if (write(worker.get(), piece.data(), piece.size()) < 0) break;
    for (int i = 0; i < 4; ++i) loop.RunOnce(absl::ZeroDuration());
    fleet::agent::Drain(worker.get());
  }
  clock.Advance(absl::Seconds(1));  // A line whose end does not come.
  loop.RunOnce(absl::ZeroDuration());
  primary.HandOver();
  return 0;
}
