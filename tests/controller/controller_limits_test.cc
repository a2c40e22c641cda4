// How many of each there may be at once: one more is refused, and let in when
// another has gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller/page.h"
#include "controller/rollout_watchers.h"
#include "tests/controller/fleet_scene.h"

namespace fleet::controller {
namespace {

using testing::HasSubstr;

TEST(ControllerLimits, TwentyThousandSessions) {
  FleetScene scene;
  FakeAgent agent(scene, "host-1", "u-1");
  AgentSessions& sessions = scene.core().sessions;
  std::vector<AgentSession*> open;
  for (int i = 0; i < 20'000; ++i) open.push_back(sessions.Open(agent));
  EXPECT_FALSE(agent.closed.has_value());
  EXPECT_EQ(sessions.Open(agent), nullptr);
  ASSERT_TRUE(agent.closed.has_value());
  EXPECT_THAT(std::string(agent.closed->message()),
              HasSubstr("too many sessions"));
  sessions.Forget(open.back());
  open.back() = sessions.Open(agent);
  EXPECT_NE(open.back(), nullptr);
  for (AgentSession* session : open) sessions.Forget(session);
}

TEST(ControllerLimits, TwentyThousandHosts) {
  FleetScene scene;
  std::vector<HostRecord> known(20'000);
  for (size_t i = 0; i < known.size(); ++i) {
    known[i].name = absl::StrCat("host-", i);
    known[i].host_uid = "u-1";
  }
  scene.core().hosts.Load(std::move(known));
  FakeAgent more(scene, "one-more", "u-2");
  more.Connect();
  ASSERT_TRUE(more.closed.has_value());
  EXPECT_TRUE(absl::IsResourceExhausted(*more.closed)) << *more.closed;
  EXPECT_THAT(std::string(more.closed->message()),
              HasSubstr("at most 20000 hosts; one-more would be one more"));
  EXPECT_EQ(scene.core().hosts.Find("one-more"), nullptr);
  // Who is known comes in all the same.
  FakeAgent seventh(scene, "host-7", "u-1");
  seventh.Connect();
  EXPECT_FALSE(seventh.closed.has_value());
  ASSERT_TRUE(scene.core().hosts.Remove("host-8", {}).ok());
  more.closed.reset();
  more.Connect();
  EXPECT_FALSE(more.closed.has_value());
  EXPECT_TRUE(scene.core().hosts.IsConnected("one-more"));
}

class SilentReader : public LogReader {
 public:
  void OnLogsReady() override {}
};

TEST(ControllerLimits, TwoHundredReadersOfLogs) {
  FleetScene scene;
  auto agent = scene.Agent("host-1");
  scene.Apply(SpecOf("web"));
  SilentReader reader;
  v1::TailLogsRequest request;
  request.add_apps("web");
  request.set_follow(true);
  LogTails& tails = scene.core().tails;
  std::vector<int64_t> open;
  for (int i = 0; i < 200; ++i) {
    const auto tail = tails.Open(request, reader);
    ASSERT_TRUE(tail.ok()) << tail.status();
    open.push_back(*tail);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(tails.Open(request, reader).status()));
  tails.Close(open.back());
  const auto next = tails.Open(request, reader);
  EXPECT_TRUE(next.ok()) << next.status();
  open.back() = next.value_or(open[0]);
  for (const int64_t tail : open) tails.Close(tail);
}

class SilentWatcher : public RolloutWatcher {
 public:
  void OnRolloutChanged() override {}
};

TEST(ControllerLimits, AThousandWatchersOfRollouts) {
  RolloutWatchers watchers;
  std::vector<SilentWatcher> all(1001);
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(watchers.Add(i % 2 == 0 ? "r-1" : "r-2", all[i]).ok());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(watchers.Add("r-3", all[1000])));
  watchers.Remove("r-1", all[0]);
  EXPECT_TRUE(watchers.Add("r-3", all[1000]).ok());
}

TEST(ControllerLimits, APageHasTenThousandNames) {
  EXPECT_EQ(MakePage(0, "")->size, 10'000);
  EXPECT_EQ(MakePage(10'001, "")->size, 10'000);
  EXPECT_EQ(MakePage(7, "web")->size, 7);
  EXPECT_TRUE(absl::IsInvalidArgument(MakePage(-1, "").status()));
}

}  // namespace
}  // namespace fleet::controller
