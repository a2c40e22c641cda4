// Listening sockets on the real kernel.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node_agent/accepted_by.h"
#include "node_agent/listen_socket.h"
#include "node_agent/port_owner.h"
#include "node_agent/socket_registry.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "tests/fakes/fake_keeper_client.h"

namespace fleet::agent {
namespace {

using testing::Test;

constexpr int kConnections = 60;

ListenAddress Loopback(int port, int index = 0) {
  ListenAddress address;
  address.host = "127.0.0.1";
  address.port = port;
  address.index = index;
  return address;
}

UniqueFd Connect(int port, uint16_t source_port = 0) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto from = MakeInetAddress("127.0.0.1", source_port, AF_INET);
  EXPECT_EQ(bind(fd.get(), from->get(), from->size), 0);
  auto to = MakeInetAddress("127.0.0.1", port, AF_INET);
  timeval limit{5, 0};  // A connection that nobody gets must not hang it.
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  EXPECT_EQ(connect(fd.get(), to->get(), to->size), 0) << strerror(errno);
  return fd;
}

class SlotSocketTest : public Test {
 protected:
  absl::StatusOr<SlotSocket> Open(const std::string& app,
                                  const ListenAddress& address, int slots,
                                  bool shared = false) {
    SocketRegistry::OpenRequest request;
    request.app_uid = app + "-uid";
    request.app = app;
    request.address = address;
    request.slots = slots;
    request.shared = shared;
    return registry_.Open(request, &error_);
  }

  // Workers in lane 0 of `slots` serve; all other lanes are unattended.
  static LanePlan Serving(const std::set<int>& slots) {
    LanePlan plan;
    for (int slot : slots) plan.serving.insert({slot, 0});
    plan.attended = plan.serving;
    return plan;
  }
  void Serve(const std::set<int>& slots) {
    registry_.SetPlan("web-uid", Serving(slots));
  }

  AddressSockets& Sockets(SocketRegistry& registry, const std::string& app) {
    return *registry.FindPort(app + "-uid", port_);
  }

  // Opens `slots` sockets of app "web" at a port the kernel chose.
  void OpenWeb(int slots) {
    auto opened = Open("web", Loopback(0), slots);
    ASSERT_TRUE(opened.ok()) << opened.status();
    port_ = LocalPort(opened->fd);
  }

  // Connects often and counts by slot in whose queue it came.
  std::map<int, int> Deal(SocketRegistry& registry, int slots) {
    std::map<int, int> counts;
    for (int i = 0; i < kConnections; ++i) {
      UniqueFd client = Connect(port_);
      ++counts[TakeFrom(registry, slots)];
    }
    return counts;
  }

  // Accepts the one connection that waits; its slot, or -1.
  int TakeFrom(SocketRegistry& registry, int slots) {
    for (int slot = 0; slot < slots; ++slot) {
      int fd = Sockets(registry, "web").FdOf({slot, 0});
      if (fd < 0) continue;
      UniqueFd taken(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (taken.valid()) return slot;
    }
    return -1;
  }

  static std::set<int> SlotsOf(const std::map<int, int>& counts) {
    std::set<int> slots;
    for (const auto& [slot, count] : counts) slots.insert(slot);
    return slots;
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  FakeKeeperClient keeper_{loop_};
  SocketRegistry registry_{loop_, keeper_, ""};
  int error_ = 0;
  int port_ = 0;
};

TEST_F(SlotSocketTest, NobodyLiveMeansThatAllSlotsGetConnections) {
  OpenWeb(3);
  EXPECT_EQ(SlotsOf(Deal(registry_, 3)), (std::set<int>{0, 1, 2}));
}

TEST_F(SlotSocketTest, OnlyLiveSlotsGetConnections) {
  OpenWeb(5);
  for (const std::set<int>& live :
       {std::set<int>{3}, {0, 4}, {1, 2, 4}, {0, 1, 2, 3, 4}}) {
    Serve(live);
    EXPECT_EQ(SlotsOf(Deal(registry_, 5)), live);
  }
}

TEST_F(SlotSocketTest, AClosedSlotsPlaceIsTakenByTheLast) {
  OpenWeb(5);
  Serve({0, 1, 2, 3, 4});
  registry_.CloseSlot("web-uid", 1);
  for (int slot : {0, 2, 3, 4}) {
    Serve({slot});
    EXPECT_EQ(SlotsOf(Deal(registry_, 5)), std::set<int>{slot});
  }
  registry_.CloseSlot("web-uid", 4);
  registry_.CloseSlot("web-uid", 0);
  for (int slot : {2, 3}) {
    Serve({slot});
    EXPECT_EQ(SlotsOf(Deal(registry_, 5)), std::set<int>{slot});
  }
}

TEST_F(SlotSocketTest, AClosedSlotLeavesThoughAWorkerHasItsSocket) {
  OpenWeb(2);
  UniqueFd workers(dup(Sockets(registry_, "web").FdOf({0, 0})));
  registry_.CloseSlot("web-uid", 0);
  EXPECT_FALSE(IsListening(workers.get()));
  EXPECT_EQ(SlotsOf(Deal(registry_, 2)), std::set<int>{1});
}

TEST_F(SlotSocketTest, ANewSlotGetsNothingBeforeItIsLive) {
  OpenWeb(2);
  Serve({0, 1});
  ASSERT_TRUE(Open("web", Loopback(0), 3).ok());
  EXPECT_EQ(SlotsOf(Deal(registry_, 3)), (std::set<int>{0, 1}));
  Serve({0, 1, 2});
  EXPECT_EQ(SlotsOf(Deal(registry_, 3)), (std::set<int>{0, 1, 2}));
}

TEST_F(SlotSocketTest, APinnedSourcePortReachesItsSlot) {
  OpenWeb(4);
  Serve({0, 1});
  for (int slot = 0; slot < 4; ++slot) {
    // A port that is free now.
    auto source = static_cast<uint16_t>(LocalPort(Connect(port_).get()));
    TakeFrom(registry_, 4);
    Sockets(registry_, "web").Pin(source, {slot, 0});
    UniqueFd client = Connect(port_, source);
    EXPECT_EQ(TakeFrom(registry_, 4), slot);
    Sockets(registry_, "web").Unpin(source);
  }
}

TEST_F(SlotSocketTest, PinsWorkForIpv4OnADualStackSocket) {
  ListenAddress any;
  auto opened = Open("web", any, 3);
  ASSERT_TRUE(opened.ok()) << opened.status();
  port_ = LocalPort(opened->fd);
  Serve({0});
  auto source = static_cast<uint16_t>(LocalPort(Connect(port_).get()));
  TakeFrom(registry_, 3);
  Sockets(registry_, "web").Pin(source, {2, 0});
  UniqueFd client = Connect(port_, source);
  EXPECT_EQ(TakeFrom(registry_, 3), 2);
}

TEST_F(SlotSocketTest, ALaterAgentKnowsTheOrder) {
  OpenWeb(4);
  registry_.CloseSlot("web-uid", 0);  // The order is 3, 1, 2 now.
  SocketRegistry later(loop_, keeper_, "");
  Inventory inventory = keeper_.TakeInventory();
  for (Inventory::Held& held : inventory.held) {
    EXPECT_TRUE(later.Adopt(held)) << held.name;
  }
  later.FinishAdopt();
  for (int slot : {1, 2, 3}) {
    later.SetPlan("web-uid", Serving({slot}));
    EXPECT_EQ(SlotsOf(Deal(later, 4)), std::set<int>{slot});
  }
}

TEST_F(SlotSocketTest, ASocketThatAWorkerShutDownListensAgain) {
  OpenWeb(3);
  for (int slot : {0, 2}) {
    shutdown(Sockets(registry_, "web").FdOf({slot, 0}), SHUT_RDWR);
    registry_.Repair("web-uid", {slot, 0});
  }
  for (int slot : {0, 1, 2}) {
    Serve({slot});
    EXPECT_EQ(SlotsOf(Deal(registry_, 3)), std::set<int>{slot});
  }
}

TEST_F(SlotSocketTest, QueueLengthCountsWhatWaits) {
  OpenWeb(2);
  Serve({1});
  EXPECT_EQ(registry_.QueueLength("web-uid", {1, 0}), 0);
  UniqueFd one = Connect(port_);
  UniqueFd two = Connect(port_);
  EXPECT_EQ(registry_.QueueLength("web-uid", {1, 0}), 2);
  EXPECT_EQ(registry_.QueueLength("web-uid", {0, 0}), 0);
}

TEST_F(SlotSocketTest, TwoAppsCannotShareAPort) {
  OpenWeb(2);
  auto second = Open("api", Loopback(port_), 2);
  EXPECT_EQ(error_, EADDRINUSE);
  EXPECT_TRUE(absl::StrContains(second.status().message(), "in use by app web"))
      << second.status();
  ListenAddress any;
  any.port = port_;
  EXPECT_FALSE(Open("api", any, 2).ok());
}

TEST_F(SlotSocketTest, AStrangersPortIsAnErrorThatNamesItThoughItSharesIt) {
  UniqueFd stranger(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  setsockopt(stranger.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  auto name = MakeInetAddress("127.0.0.1", 0, AF_INET);
  ASSERT_EQ(bind(stranger.get(), name->get(), name->size), 0);
  ASSERT_EQ(listen(stranger.get(), 1), 0);
  auto opened = Open("web", Loopback(LocalPort(stranger.get())), 2);
  EXPECT_EQ(error_, EADDRINUSE);
  EXPECT_TRUE(absl::StrContains(opened.status().message(),
                                absl::StrCat("pid ", getpid(), " (")))
      << opened.status();
}

TEST_F(SlotSocketTest, TheSamePortAtAnotherAddressIsNoConflict) {
  OpenWeb(2);
  ListenAddress other = Loopback(port_);
  other.host = "127.0.0.2";
  EXPECT_TRUE(Open("api", other, 2).ok());
}

TEST_F(SlotSocketTest, WildcardsAreOpenedAtTheBindAddress) {
  SocketRegistry registry(loop_, keeper_, "127.0.0.3");
  SocketRegistry::OpenRequest request;
  request.app_uid = "u";
  request.app = "web";
  auto opened = registry.Open(request, &error_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(LocalHost(opened->fd), "127.0.0.3");
}

TEST_F(SlotSocketTest, TwoAppsCannotShareAUnixPath) {
  std::string path = absl::StrCat("/tmp/fleet-test-", getpid(), ".sock");
  ListenAddress address;
  address.kind = ListenAddress::Kind::kUnix;
  address.path = path;
  auto first = Open("web", address, 4);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(Open("api", address, 1).ok());
  EXPECT_EQ(error_, EADDRINUSE);
  registry_.CloseApp("web-uid");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(ListenSocketTest, AStaleUnixPathIsReplaced) {
  ListenAddress address;
  address.kind = ListenAddress::Kind::kUnix;
  address.path = absl::StrCat("/tmp/fleet-stale-", getpid(), ".sock");
  int error = 0;
  // Closed without unlink, as a crash would.
  ASSERT_TRUE(OpenListenSocket(address, OpenOptions(), &error).ok());
  auto again = OpenListenSocket(address, OpenOptions(), &error);
  EXPECT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(OpenListenSocket(address, OpenOptions(), &error).ok());
  EXPECT_EQ(error, EADDRINUSE);
  unlink(address.path.c_str());
}

TEST_F(SlotSocketTest, UdpPeersStayWithTheirSlot) {
  ListenAddress address = Loopback(0);
  address.kind = ListenAddress::Kind::kUdp;
  auto opened = Open("dns", address, 3);
  ASSERT_TRUE(opened.ok()) << opened.status();
  registry_.SetPlan("dns-uid", Serving({2}));
  SocketRegistry::OpenRequest request;
  request.app_uid = "dns-uid";
  request.app = "dns";
  request.address = address;
  request.slots = 3;
  request.at = {2, 0};
  auto live = registry_.Open(request, &error_);
  auto to = MakeInetAddress("127.0.0.1", LocalPort(opened->fd), AF_INET);
  for (int i = 0; i < 20; ++i) {
    UniqueFd client(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(sendto(client.get(), "x", 1, 0, to->get(), to->size), 1);
    char byte = 0;
    EXPECT_EQ(recv(live->fd, &byte, 1, MSG_DONTWAIT), 1) << i;
  }
}

TEST_F(SlotSocketTest, SaysWhoAcceptedAConnection) {
  OpenWeb(1);
  AcceptedBy accepted_by;
  UniqueFd client = Connect(port_);
  EXPECT_EQ(accepted_by.PeerInode(client.get()), 0U);
  UniqueFd server(accept4(Sockets(registry_, "web").FdOf({0, 0}), nullptr,
                          nullptr, SOCK_CLOEXEC));
  uint64_t inode = accepted_by.PeerInode(client.get());
  EXPECT_NE(inode, 0U);
  EXPECT_TRUE(AcceptedBy::Has({getpid()}, inode));
  EXPECT_FALSE(AcceptedBy::Has({getppid()}, inode));
}

TEST(PortOwnerTest, FindsInodesByPortAndAddress) {
  std::string table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
      "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 "
      "00000000     0        0 111 1\n"
      "   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 "
      "00000000     0        0 222 1\n"
      "   2: 0200007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 "
      "00000000     0        0 333 1\n"
      "   3: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 "
      "00000000     0        0 444 1\n";
  using Inodes = std::vector<uint64_t>;
  EXPECT_EQ(SocketInodesOnPort(table, 3000, "0100007F", false),
            (Inodes{111, 222}));
  EXPECT_EQ(SocketInodesOnPort(table, 3000, "", false),
            (Inodes{111, 222, 333}));
  EXPECT_EQ(SocketInodesOnPort(table, 3001, "", false), Inodes());
  EXPECT_EQ(SocketInodesOnPort("garbage\n1: x y\n", 3000, "", true), Inodes());
}

TEST(ListenAddressTest, KeysAndErrors) {
  struct Case {
    const char* url;
    const char* key;
  };
  for (const Case& c : std::vector<Case>{
           {"tcp://0.0.0.0:3000", "tcp:*:3000"},
           {"tcp://:3000", "tcp:*:3000"},
           {"tcp://[::]:3000", "tcp:*:3000"},
           {"tcp://127.0.0.1:80", "tcp:127.0.0.1:80"},
           {"tcp://localhost:80", "tcp:127.0.0.1:80"},
           {"tcp://[::1]:80", "tcp:[::1]:80"},
           {"tcp://:0", "tcp:*:0#0"},
           {"unix:///run/a.sock", "unix:/run/a.sock"},
       }) {
    auto address = ParseListenAddress(c.url);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->Key(), c.key);
  }
  for (const char* url :
       {"", "3000", "tcp://", "tcp://1.2.3.4", "tcp://::1:80", "tcp://x:99999",
        "tcp://example.org:80", "unix://relative", "udp://1:2"}) {
    EXPECT_FALSE(ParseListenAddress(url).ok()) << url;
  }
}

TEST(SlotGroupTest, TheLastTakesAPlaceThatGetsFree) {
  SlotGroup group = SlotGroup::FromText("0,1.2,2,3.1,x,4.y,-1");
  EXPECT_TRUE(group.Leave({1, 2}));
  EXPECT_EQ(group.ToText(), "0,3.1,2");
  EXPECT_FALSE(group.Leave({1, 2}));
  group.Join({1, 0});
  EXPECT_EQ(group.IndexOf({1, 0}), 3);
  EXPECT_TRUE(group.Leave({1, 0}));
  EXPECT_EQ(group.ToText(), "0,3.1,2");
}

}  // namespace
}  // namespace fleet::agent
