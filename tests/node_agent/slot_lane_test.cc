// Lanes: what is decided about them, and what the real kernel makes of it.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "node_agent/lane_drain.h"
#include "node_agent/lane_plan.h"
#include "node_agent/listen_address.h"
#include "node_agent/pending_handshakes.h"
#include "node_agent/socket_registry.h"
#include "proto/rpc/clock.h"
#include "proto/rpc/event_loop.h"
#include "tests/fakes/fake_keeper_client.h"

namespace fleet::agent {
namespace {

constexpr char kApp[] = "web-uid";

// ------------------------------------------------------------------- decided

LaneUse Serves(WorkerId id, SlotLane at) {
  return {id, at, false, false, true};
}
LaneUse Starts(WorkerId id, SlotLane at) {
  return {id, at, false, false, false};
}
LaneUse Drains(WorkerId id, SlotLane at) {
  return {id, at, true, false, false};
}
LaneUse Leaves(WorkerId id, SlotLane at) { return {id, at, true, true, false}; }

TEST(ChooseLaneTest, HomeIfItIsFreeElseTheLowestElseWithOneThatLeaves) {
  struct Case {
    int home;
    std::vector<LaneUse> uses;
    int lane;
  };
  for (const Case& c : std::vector<Case>{
           {0, {}, 0},
           {1, {}, 1},
           {0, {Serves(1, {0, 0})}, 1},
           {1, {Serves(1, {0, 1})}, 0},
           {1, {Leaves(1, {0, 0})}, 1},
           {1, {Leaves(1, {0, 0}), Serves(2, {0, 1})}, 2},
           // Another slot's.
           {0, {Serves(1, {1, 0})}, 0},
           {1,
            {Serves(1, {0, 1}), Leaves(2, {0, 0}), Leaves(3, {0, 2}),
             Leaves(4, {0, 3})},
            0},
       }) {
    EXPECT_EQ(ChooseLane(0, c.home, c.uses), c.lane);
  }
}

TEST(PlanLanesTest, TheOldestThatTakesConnectionsServesItsSlot) {
  struct Case {
    std::vector<LaneUse> uses;
    std::set<SlotLane> serving;
  };
  for (const Case& c : std::vector<Case>{
           {{}, {}},
           {{Starts(1, {0, 0})}, {}},
           {{Serves(1, {0, 0}), Serves(2, {1, 0})}, {{0, 0}, {1, 0}}},
           // A replacement that is ready, and not yet available.
           {{Serves(1, {0, 0}), Serves(5, {0, 1})}, {{0, 0}}},
           {{Serves(5, {0, 0}), Serves(1, {0, 1})}, {{0, 1}}},
           // The old one has been told to stop: at once.
           {{Drains(1, {0, 0}), Serves(5, {0, 1})}, {{0, 1}}},
           {{Drains(1, {0, 0}), Starts(5, {0, 1})}, {}},
           // It crashed, or is not ready any more.
           {{Starts(1, {0, 0}), Serves(5, {0, 1})}, {{0, 1}}},
       }) {
    EXPECT_EQ(PlanLanes(c.uses, {}).serving, c.serving);
  }
}

TEST(PlanLanesTest, HomeFollowsWhoServesAndTheAskedAttendNothing) {
  LanePlan plan = PlanLanes({Leaves(1, {0, 0}), Serves(2, {0, 1}),
                             Starts(3, {1, 2}), Drains(4, {2, 0})},
                            {{0, 0}, {1, 0}});
  EXPECT_EQ(plan.home, (std::map<int, int>{{0, 1}, {1, 0}}));
  EXPECT_EQ(plan.attended, (std::set<SlotLane>{{0, 1}, {1, 2}, {2, 0}}));
}

TEST(LaneDrainTest, EndsWhenQueueAndHandshakesHaveEnded) {
  using Set = PendingHandshakes::Set;
  const Set none;
  const Set ours = {{80, "a"}, {80, "b"}, {81, "c"}};
  const Set strangers = {{99, "x"}};
  struct Look {
    int queued;
    const Set* handshakes;
    bool done;
  };
  struct Case {
    const char* what;
    std::vector<Look> looks;  // 16 ms apart.
  };
  for (const Case& c : std::vector<Case>{
           {"empty", {{0, &none, false}, {0, nullptr, true}}},
           {"queue",
            {{2, &none, false},
             {1, nullptr, false},
             {0, nullptr, false},
             {0, nullptr, true}}},
           {"queue again",
            {{0, &none, false},
             {1, nullptr, false},
             {0, nullptr, false},
             {0, nullptr, true}}},
           {"another port", {{0, &strangers, false}, {0, nullptr, true}}},
           {"handshakes",
            {{0, &ours, false},
             {0, &ours, false},
             {0, &none, false},
             {0, nullptr, true}}},
           {"new ones are not ours",
            {{0, &strangers, false}, {0, nullptr, true}}},
       }) {
    absl::Time now = absl::FromUnixSeconds(1000);
    LaneDrain drain({80, 81}, now, absl::Seconds(1));
    EXPECT_FALSE(drain.WantsHandshakes(now)) << c.what;
    EXPECT_FALSE(drain.Done(now, 0, nullptr)) << c.what;
    for (const Look& look : c.looks) {
      now += absl::Milliseconds(16);
      EXPECT_EQ(drain.WantsHandshakes(now), look.handshakes != nullptr)
          << c.what;
      EXPECT_EQ(drain.Done(now, look.queued, look.handshakes), look.done)
          << c.what;
    }
  }
}

TEST(LaneDrainTest, DoesNotWaitForEver) {
  absl::Time now = absl::FromUnixSeconds(1000);
  LaneDrain drain({80}, now, absl::Seconds(1));
  EXPECT_FALSE(drain.Done(now + absl::Milliseconds(999), 7, nullptr));
  EXPECT_TRUE(drain.Done(now + absl::Seconds(1), 7, nullptr));
}

TEST(SlotLaneTest, Text) {
  EXPECT_EQ((SlotLane{12, 0}).ToText(), "12");
  EXPECT_EQ((SlotLane{12, 3}).ToText(), "12.3");
  EXPECT_EQ(SlotLane::FromText("12.3"), (SlotLane{12, 3}));
  for (const char* text : {"", "x", "1.", ".1", "1.x", "-1", "1.-1", "1.2.3"}) {
    EXPECT_FALSE(SlotLane::FromText(text).has_value()) << text;
  }
}

// --------------------------------------------------------------- on a kernel

UniqueFd Connect(int port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto to = MakeInetAddress("127.0.0.1", port, AF_INET);
  timeval limit{5, 0};  // A connection that nobody gets must not hang it.
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT_EQ(connect(fd.get(), to->get(), to->size), 0) << strerror(errno);
  return fd;
}

TEST(PendingHandshakesTest, ListsThemByPort) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto name = MakeInetAddress("127.0.0.1", 0, AF_INET);
  ASSERT_EQ(bind(listener.get(), name->get(), name->size), 0);
  // Its handshakes last until the first byte.
  int seconds = 10;
  setsockopt(listener.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
             sizeof seconds);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  int port = LocalPort(listener.get());
  SystemClock clock;
  PendingHandshakes handshakes(clock);
  auto count = [&] {
    int n = 0;
    for (const auto& one : handshakes.List(clock.Now())) n += one.first == port;
    return n;
  };
  EXPECT_EQ(count(), 0);
  UniqueFd one = Connect(port);
  UniqueFd two = Connect(port);
  EXPECT_EQ(count(), 2);
  ASSERT_EQ(send(one.get(), "x", 1, 0), 1);
  EXPECT_EQ(count(), 1);
  // A look that is new enough serves again.
  ASSERT_EQ(send(two.get(), "x", 1, 0), 1);
  EXPECT_EQ(handshakes.List(absl::InfinitePast()).count({port, ""}), 0U);
}

class LaneSocketTest : public testing::Test {
 protected:
  // `slots` slots of an app at a port that the kernel chose.
  void OpenWeb(int slots, SlotLane at = {0, 0}) {
    SocketRegistry::OpenRequest request;
    request.app_uid = kApp;
    request.app = "web";
    request.address.host = "127.0.0.1";
    request.slots = slots;
    request.at = at;
    int error = 0;
    auto opened = registry_->Open(request, &error);
    ASSERT_TRUE(opened.ok()) << opened.status();
    port_ = LocalPort(opened->fd);
  }

  AddressSockets& sockets() { return *registry_->FindPort(kApp, port_); }

  static LanePlan Plan(const std::set<SlotLane>& serving,
                       const std::map<int, int>& home = {}) {
    LanePlan plan;
    plan.serving = plan.attended = serving;
    plan.home = home;
    return plan;
  }
  void Serve(const std::set<SlotLane>& serving,
             const std::map<int, int>& home = {}) {
    registry_->SetPlan(kApp, Plan(serving, home));
  }

  // Where 40 connections come to.
  std::set<SlotLane> Deal() {
    std::set<SlotLane> lanes;
    for (int i = 0; i < 40; ++i) {
      UniqueFd client = Connect(port_);
      lanes.insert(Taker());
    }
    return lanes;
  }

  // Accepts the one connection that waits, and says where.
  SlotLane Taker() {
    for (int slot = 0; slot < 4; ++slot) {
      for (int lane = 0; lane < kMaxLanes; ++lane) {
        SlotLane at{slot, lane};
        int fd = sockets().FdOf(at);
        if (fd < 0) continue;
        UniqueFd taken(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
        if (taken.valid()) return at;
      }
    }
    return {-1, 0};
  }

  void Restart() {
    auto later = std::make_unique<SocketRegistry>(loop_, keeper_, "");
    Inventory inventory = keeper_.TakeInventory();
    keeper_.Freeze(true);
    registry_ = std::move(later);
    keeper_.Freeze(false);
    for (Inventory::Held& held : inventory.held) registry_->Adopt(held);
    registry_->FinishAdopt();
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  FakeKeeperClient keeper_{loop_};
  std::unique_ptr<SocketRegistry> registry_ =
      std::make_unique<SocketRegistry>(loop_, keeper_, "");
  int port_ = 0;
};

TEST_F(LaneSocketTest, AReplacementsLaneGetsNothingUntilItServes) {
  OpenWeb(2);
  Serve({{0, 0}, {1, 0}});
  OpenWeb(2, {0, 1});
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 0}, {1, 0}}));
  Serve({{0, 1}, {1, 0}});
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 1}, {1, 0}}));
}

TEST_F(LaneSocketTest, WhileNobodyServesTheHomesGetAll) {
  OpenWeb(2);
  Serve({{0, 0}, {1, 0}});
  registry_->OpenLane(kApp, {0, 1});
  Serve({}, {{0, 1}});
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 1}, {1, 0}}));
  Serve({});
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 0}, {1, 0}}));
}

TEST_F(LaneSocketTest, ALaterAgentKnowsLanesAndOrder) {
  OpenWeb(3);
  Serve({{0, 0}, {1, 0}, {2, 0}});
  registry_->OpenLane(kApp, {1, 1});
  registry_->CloseSlot(kApp, 0);
  Restart();
  EXPECT_EQ(keeper_.CountHeld("sock/"), 3);
  for (SlotLane at : std::vector<SlotLane>{{1, 0}, {1, 1}, {2, 0}}) {
    Serve({at});
    EXPECT_EQ(Deal(), std::set<SlotLane>{at});
  }
}

TEST_F(LaneSocketTest, ASlotIsClosedWithAllItsLanes) {
  OpenWeb(2);
  registry_->OpenLane(kApp, {1, 1});
  registry_->OpenLane(kApp, {1, 2});
  EXPECT_EQ(keeper_.CountHeld("sock/"), 4);
  registry_->CloseSlot(kApp, 1);
  EXPECT_EQ(keeper_.CountHeld("sock/"), 1);
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 0}}));
}

TEST_F(LaneSocketTest, AWorkersShutDownIsFollowedAtOnce) {
  OpenWeb(3);
  Serve({{0, 0}, {2, 0}});
  int fd = sockets().FdOf({0, 0});
  shutdown(fd, SHUT_RDWR);
  loop_.RunOnce(absl::Seconds(5));
  // The group's order is another now.
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{2, 0}}));
  // Nobody attends it any more: it is a place for the next worker again.
  registry_->Repair(kApp, {0, 0});
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 0}, {2, 0}}));
}

TEST_F(LaneSocketTest, AnOrderThatIsNotKnownMeansOneLaneASlot) {
  OpenWeb(3);
  registry_->OpenLane(kApp, {0, 1});
  // Two leave the group while no agent lives.
  Inventory inventory = keeper_.TakeInventory();
  shutdown(sockets().FdOf({1, 0}), SHUT_RDWR);
  shutdown(sockets().FdOf({2, 0}), SHUT_RDWR);
  Restart();
  registry_->Repair(kApp, {1, 0});
  registry_->Repair(kApp, {2, 0});
  Serve({{0, 1}, {1, 0}, {2, 0}}, {{0, 1}});
  EXPECT_TRUE(sockets().SameSocket({0, 0}, {0, 1}));
  EXPECT_EQ(Deal(), (std::set<SlotLane>{{0, 0}, {1, 0}, {2, 0}}));
  registry_->OpenLane(kApp, {1, 1});
  EXPECT_TRUE(sockets().SameSocket({1, 1}, {1, 0}));
  EXPECT_EQ(keeper_.CountHeld("sock/"), 3);
}

TEST_F(LaneSocketTest, AStragglerIsCarriedToALaneThatServes) {
  OpenWeb(1);
  Serve({{0, 0}});
  UniqueFd before = Connect(port_);  // Waits in lane 0.
  registry_->OpenLane(kApp, {0, 1});
  Serve({{0, 1}}, {{0, 1}});
  ASSERT_EQ(send(before.get(), "question", 8, 0), 8);
  UniqueFd server;
  absl::Time end = clock_.Now() + absl::Seconds(10);
  auto turn = [&] {
    loop_.RunOnce(absl::Milliseconds(5));
    return clock_.Now() < end;
  };
  while (!server.valid() && turn()) {
    server.Reset(accept4(sockets().FdOf({0, 1}), nullptr, nullptr,
                         SOCK_CLOEXEC | SOCK_NONBLOCK));
  }
  ASSERT_TRUE(server.valid());
  std::string heard(8, ' ');
  while (recv(server.get(), heard.data(), 8, 0) != 8 && turn()) {
  }
  EXPECT_EQ(heard, "question");
  ASSERT_EQ(send(server.get(), "answer", 6, 0), 6);
  server.Reset();
  heard.assign(8, ' ');
  while (recv(before.get(), heard.data(), 8, MSG_DONTWAIT) != 6 && turn()) {
  }
  EXPECT_EQ(heard.substr(0, 6), "answer");
  // And its end.
  while (recv(before.get(), heard.data(), 8, MSG_DONTWAIT) != 0 && turn()) {
  }
  EXPECT_LT(clock_.Now(), end);
}

}  // namespace
}  // namespace fleet::agent
